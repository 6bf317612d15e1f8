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
	// Version orders the states of an object by age, as the ledger does: of two texts, the
	// greater one is newer. A reader that stores a state with its version and replaces it
	// only by a greater one needs no order of delivery.
	Version string
}

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
	return State{object, e.Category, fmt.Sprintf("%013d.%d.%03d.%s", at/1000, r, at%1000, e.ID)}, true
}
