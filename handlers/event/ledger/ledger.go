// Package ledger sums stored events to what was paid, refunded, disputed and lost
// for each payment. It implements the counting rules of docs/events.md and imports
// only the standard library and package event.
//
// The result depends on the set of events alone: their order and repetitions do
// not matter.
package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
)

// A Ledger sums events by payment. The zero value is empty and ready to use. It keeps
// the events in memory, without their payloads, and is not safe for concurrent use.
// Events of test and live mode belong in two ledgers.
type Ledger struct {
	payments map[key]map[string]event.Event // events by id; those without a payment under ""
	keys     map[string]key                 // the payment of each event by id
}

// key identifies a payment.
type key struct{ provider, payment string }

// Add adds an event. An event that was added before changes nothing. If events with one
// id differ, the earliest by Timestamp counts. If their times are equal too, the last by
// ReceivedAt counts, because an operator corrected it. An event without a PaymentID
// counts in no payment.
func (l *Ledger) Add(e event.Event) {
	if l.payments == nil {
		l.payments = make(map[key]map[string]event.Event)
		l.keys = make(map[string]key)
	}
	if old, ok := l.keys[e.ID]; ok {
		if compareVersions(l.payments[old][e.ID], e) <= 0 {
			return
		}
		l.remove(old, e.ID)
	}
	k := key{e.Provider, e.PaymentID}
	if l.payments[k] == nil {
		l.payments[k] = make(map[string]event.Event)
	}
	e.Payload = nil // up to 192 KiB that no rule needs
	l.payments[k][e.ID] = e
	l.keys[e.ID] = k
}

// remove removes an event, and its payment if that has no other event.
func (l *Ledger) remove(k key, id string) {
	delete(l.payments[k], id)
	if len(l.payments[k]) == 0 {
		delete(l.payments, k)
	}
}

// compareVersions orders two events with one id, the one that counts first. All fields
// that a rule reads take part, so that the order of adding never decides.
func compareVersions(a, b event.Event) int {
	return cmp.Or(
		cmp.Compare(a.Timestamp, b.Timestamp),
		cmp.Compare(b.ReceivedAt, a.ReceivedAt),
		slices.Compare(fields(a), fields(b)),
	)
}

// fields returns the fields that a rule reads, beside the times. Those that the index
// byPayment does not have are last, so that the totals do not depend on them.
func fields(e event.Event) []string {
	return []string{
		e.Provider, e.PaymentID, string(e.Category), e.ObjectID, e.Amount, e.Currency,
		e.ObjectType, e.Related["invoice"], strconv.FormatBool(e.Thin),
	}
}

// Payment returns what the events say about a payment, and whether there are any.
func (l *Ledger) Payment(provider, id string) (Payment, bool) {
	events, ok := l.payments[key{provider, id}]
	if !ok || id == "" {
		return Payment{}, false
	}
	return newPayment(key{provider, id}, events), true
}

// Payments returns all payments, ordered by provider and id.
func (l *Ledger) Payments() []Payment {
	payments := make([]Payment, 0, len(l.payments))
	for k, events := range l.payments {
		if k.payment != "" {
			payments = append(payments, newPayment(k, events))
		}
	}
	slices.SortFunc(payments, func(a, b Payment) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.ID, b.ID))
	})
	return payments
}

// Totals returns the sums of all payments, one for each currency, ordered by it.
func (l *Ledger) Totals() []Totals {
	all := make(sums)
	for _, p := range l.Payments() {
		for _, t := range p.Totals {
			all.amounts(t.Currency).add(t)
		}
	}
	return all.totals()
}

// A Payment is the sum of a payment's events.
type Payment struct {
	Provider string `json:"provider"`
	ID       string `json:"paymentId"`
	// State is the category of the newest event that gives the payment's own state,
	// or empty if none does.
	State event.Category `json:"state,omitempty"`
	// Totals has one element for each currency, ordered by it. Most payments have
	// one currency; a dispute can be in another.
	Totals []Totals `json:"totals,omitempty"`
	// Invoices are the ids of the invoices that events name beside the payment. At
	// PayPal they are the merchant's own numbers.
	Invoices []string `json:"invoices,omitempty"`
	// Problems are contradictions and gaps. Only the provider can solve them.
	Problems []Problem `json:"problems,omitempty"`
}

// A Problem is a contradiction between events, or a gap that makes a total too low.
type Problem string

// All problems.
const (
	// RefundsAbovePaid: the refunds exceed what was paid.
	RefundsAbovePaid Problem = "refunds exceed the payment"
	// LossesAbovePaid: refunds and losses together exceed what was paid. The dispute
	// covers what was refunded already, or several payments.
	LossesAbovePaid Problem = "refunds and losses exceed the payment"
	// StateContradicted: the payment succeeded and was canceled, or has a newer event
	// with an earlier state.
	StateContradicted Problem = "the payment succeeded and has a state that excludes it"
	// SuccessMissing: money went back for a payment without a known success.
	SuccessMissing Problem = "no event says that the payment succeeded"
	// AmountMissing: no event of a payment, refund, reversal or dispute that counts has
	// a readable amount.
	AmountMissing Problem = "an event that counts has no amount"
	// ThinOnly: all events are thin, so they give neither state nor amount.
	ThinOnly Problem = "all events came without their object"
)

// rank orders the states of an object within one second, the precision of Stripe's
// times. It is 0 for a category that says nothing about the state.
func rank(c event.Category) int {
	switch c {
	case event.PaymentPending, event.RefundCreated, event.DisputeClosed:
		return 1
	case event.PaymentAuthorized, event.RefundSucceeded, event.DisputeWon:
		return 2
	case event.PaymentFailed, // a further attempt may succeed
		event.RefundFailed, // the bank can return a refund that had succeeded
		event.DisputeLost:
		return 3
	case event.PaymentCanceled:
		return 4
	case event.PaymentSucceeded:
		return 5
	}
	return 0
}

// object is a payment, refund, reversal or dispute: its newest event with a state, and
// its newest event with an amount.
type object struct{ state, priced event.Event }

func (o *object) add(e event.Event) {
	if rank(e.Category) > 0 && compare(e, o.state) > 0 {
		o.state = e
	}
	if readable(e.Money) && compare(e, o.priced) > 0 {
		o.priced = e
	}
}

// compare orders two events of an object by age: by second, then by state. An event
// without a readable time is the oldest. The id makes the order total.
func compare(a, b event.Event) int {
	return cmp.Or(
		cmp.Compare(a.Timestamp/1000, b.Timestamp/1000),
		cmp.Compare(rank(a.Category), rank(b.Category)),
		cmp.Compare(a.Timestamp, b.Timestamp),
		strings.Compare(a.ID, b.ID),
	)
}

// objects are the objects of a kind by id.
type objects map[string]*object

func (o objects) add(e event.Event) {
	id := cmp.Or(e.ObjectID, e.ID)
	if o[id] == nil {
		o[id] = new(object)
	}
	o[id].add(e)
}

// A tally groups a payment's events by object.
type tally struct {
	payment                      object
	succeeded, canceled, full    bool // full: an event came with its object
	refunds, reversals, disputes objects
	invoices                     map[string]bool
	sums                         sums
	problems                     map[Problem]bool
}

func newPayment(k key, events map[string]event.Event) Payment {
	t := tally{
		refunds: make(objects), reversals: make(objects), disputes: make(objects),
		invoices: make(map[string]bool), sums: make(sums), problems: make(map[Problem]bool),
	}
	for _, e := range events {
		t.add(e)
	}
	t.sum()
	t.check()
	return Payment{
		Provider: k.provider,
		ID:       k.payment,
		State:    t.payment.state.Category,
		Totals:   t.sums.totals(),
		Invoices: slices.Sorted(maps.Keys(t.invoices)),
		Problems: slices.Sorted(maps.Keys(t.problems)),
	}
}

// add adds an event to the object that it is about.
func (t *tally) add(e event.Event) {
	t.succeeded = t.succeeded || e.Category == event.PaymentSucceeded
	t.canceled = t.canceled || e.Category == event.PaymentCanceled
	t.full = t.full || !e.Thin
	switch kind, _, _ := strings.Cut(string(e.Category), "."); {
	case e.Category == event.PaymentReversed:
		t.reversals.add(e)
	case kind == "payment":
		t.payment.add(e)
	case kind == "refund":
		t.refunds.add(e)
	case kind == "dispute":
		t.disputes.add(e)
	}
	for _, id := range []string{e.Related["invoice"], invoiceID(e)} {
		if id != "" {
			t.invoices[id] = true
		}
	}
}

// invoiceID returns the id of the invoice that an event is about. Stripe's invoices
// name their payment before 2025-03-31.basil.
func invoiceID(e event.Event) string {
	if e.ObjectType == "invoice" {
		return e.ObjectID
	}
	return ""
}

// sum adds the amounts of the objects that count.
func (t *tally) sum() {
	if t.succeeded {
		t.count(&t.payment, paid)
	}
	for _, o := range t.refunds {
		if o.state.Category == event.RefundSucceeded {
			t.count(o, refunded)
		}
	}
	for _, o := range t.reversals {
		t.count(o, lost)
	}
	for _, o := range t.disputes {
		switch {
		case o.state.Category == "": // no event has closed it
			t.count(o, disputed)
		case o.state.Category == event.DisputeLost && len(t.reversals) == 0:
			t.count(o, lost) // with reversals, these are its money
		}
	}
}

// count adds the amount of an object to a sum.
func (t *tally) count(o *object, to sum) {
	if o.priced.Amount == "" {
		t.problems[AmountMissing] = true
		return
	}
	t.sums.amounts(o.priced.Currency)[to].add(o.priced.Amount)
}

// check finds problems. Sums of different currencies cannot be compared.
func (t *tally) check() {
	var wentBack bool
	for _, a := range t.sums {
		wentBack = wentBack || a[refunded].positive() || a[lost].positive()
		switch {
		case !a[paid].positive():
		case a[refunded].above(&a[paid]):
			t.problems[RefundsAbovePaid] = true
		case a[refunded].plus(&a[lost]).above(&a[paid]):
			t.problems[LossesAbovePaid] = true
		}
	}
	if !t.full {
		t.problems[ThinOnly] = true
	}
	if wentBack && !t.succeeded {
		t.problems[SuccessMissing] = true
	}
	if t.succeeded && (t.canceled || t.payment.state.Category != event.PaymentSucceeded) {
		t.problems[StateContradicted] = true
	}
}
