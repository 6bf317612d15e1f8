package provider

import (
	"cmp"

	"github.com/paysluice/paysluice/handlers/event"
)

// A Rule gives the category of some event types. O is what a provider reads of
// an event's object.
type Rule[O any] struct {
	Types []string
	// Category is implied by the type alone. Where the state decides too, it is
	// the weakest category that holds in every state.
	Category event.Category
	// ByState returns the category of an object in its state, or "" for
	// Category. It is nil where the type alone decides.
	ByState func(*O) event.Category
}

// Rules are a provider's rules by event type.
type Rules[O any] map[string]Rule[O]

// NewRules returns rules by the types that they are for.
func NewRules[O any](rules ...Rule[O]) Rules[O] {
	byType := make(Rules[O])
	for _, r := range rules {
		for _, typ := range r.Types {
			byType[typ] = r
		}
	}
	return byType
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

// WithoutObject returns the category of an event that does not contain its
// object.
func (r Rules[O]) WithoutObject(typ string) event.Category {
	return cmp.Or(r[typ].Category, event.Other)
}
