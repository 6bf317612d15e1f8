package ledger

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
)

// State is the state that an event gives to a payment, a refund or a dispute.
type State struct {
	// Object is "{provider}:{id}" of the payment, refund or dispute.
	Object   string
	Category event.Category
	EventID  string
	// Version orders the states of an object that different events give, as the ledger does:
	// of two texts, the greater one is newer.
	Version string
	// Revision orders the states that versions of one event give, as the ledger does: of two
	// texts, the greater one counts. An operator's correction can have a lower Version.
	Revision string
}

// Replaces reports whether a reader that keeps one state of an object replaces kept by s.
// Without corrections, no order of delivery changes the result. After one, a state that the
// reader has ignored may be the newest, and a correction without a state or about another
// object takes nothing back: then only the ledger has the right state.
func (s State) Replaces(kept State) bool {
	if s.EventID == kept.EventID {
		return s.Revision > kept.Revision
	}
	return s.Version > kept.Version
}

// lastTime is the latest time of a Revision, in epoch milliseconds.
const lastTime = 1e16 - 1

// StateOf returns the state that an event gives to its object. It reports false for an event
// that gives none, such as one of an updated category.
func StateOf(e event.Event) (State, bool) {
	r := rank(e.Category)
	if r == 0 {
		return State{}, false
	}
	object := event.NewID(e.Provider, cmp.Or(e.ObjectID, e.ID))
	if strings.HasPrefix(string(e.Category), "payment.") {
		object = cmp.Or(e.PaymentKey(), object)
	}
	at := max(e.Timestamp, 0)
	return State{
		Object: object, Category: e.Category, EventID: e.ID,
		Version:  fmt.Sprintf("%013d.%d.%03d.%s", at/1000, r, at%1000, e.ID),
		Revision: fmt.Sprintf("%016d.%016d", lastTime-at, e.ReceivedAt),
	}, true
}
