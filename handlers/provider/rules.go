package provider

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
)

// A Rule gives the category of some event types. O is the struct into which a provider
// decodes an event's object.
type Rule[O any] struct {
	Types []string
	// Category applies when the type alone decides, or the state is unknown. For
	// an unknown state it is the weakest category, mostly the kind's "updated".
	Category event.Category
	// ByState returns the category of an object in its state, or "" for Category. It is
	// nil where the type alone decides. If type and state disagree, it returns the weaker
	// category: a completed sale in state "pending" is PaymentPending.
	ByState func(*O) event.Category
	// Counts reports whether a state of the object changes a sum of money (docs/events.md).
	Counts bool
}

// Rules are a provider's rules by event type.
type Rules[O any] map[string]Rule[O]

// NewRules returns the rules by event type. A later rule replaces an earlier one of the
// same type.
func NewRules[O any](rules ...Rule[O]) Rules[O] {
	byType := make(Rules[O])
	for _, r := range rules {
		for _, typ := range r.Types {
			byType[typ] = r
		}
	}
	return byType
}

// EventTypes returns the types that have a rule, sorted by name.
func (r Rules[O]) EventTypes() []EventType {
	var types []EventType
	for _, name := range slices.Sorted(maps.Keys(r)) {
		types = append(types, EventType{Name: name, Category: r[name].Category, Counts: r[name].Counts})
	}
	return types
}

// Category returns the category of an event about an object. It is Other for a
// type without a rule.
func (r Rules[O]) Category(typ string, object *O) event.Category {
	rule := r[typ]
	if rule.ByState != nil {
		if c := rule.ByState(object); c != "" {
			return c
		}
	}
	return cmp.Or(rule.Category, event.Other)
}

// WithoutObject returns the category of an event that does not contain its object.
// It is never a category that counts money, because only the snapshot twin has an
// amount.
func (r Rules[O]) WithoutObject(typ string) event.Category {
	category := cmp.Or(r[typ].Category, event.Other)
	switch kind, _, _ := strings.Cut(string(category), "."); kind {
	case "payment", "refund", "dispute", "payout":
		return event.Category(kind + ".updated")
	}
	return category
}

// Unless returns a ByState for a type that names a state, such as "canceled". It returns
// weaker for an object in a state that named does not list. An object without a state
// keeps the rule's Category, as a thin event does.
func Unless[O any](weaker event.Category, state func(*O) string, named ...string) func(*O) event.Category {
	return func(object *O) event.Category {
		if s := state(object); s != "" && !slices.Contains(named, s) {
			return weaker
		}
		return ""
	}
}

// States are categories by an object's state. The state "" is for an object without one.
type States map[string]event.Category

// In returns the states that lead to a category, for use in Join.
func In(c event.Category, states ...string) States {
	s := make(States, len(states))
	for _, state := range states {
		s[state] = c
	}
	return s
}

// Join returns several tables of states as one. Of two entries of a state the last counts.
func Join(tables ...States) States {
	joined := make(States)
	for _, s := range tables {
		maps.Copy(joined, s)
	}
	return joined
}
