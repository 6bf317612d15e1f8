package ledger_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// at returns an event of payment p, at a second, about an object. The money is
// "12.50 EUR" or "".
func at(second int64, c event.Category, object, money string) event.Event {
	amount, currency, _ := strings.Cut(money, " ")
	return event.Event{
		ID: fmt.Sprintf("p:%d %s %s", second, c, object), Timestamp: second * 1000, Provider: "p", PaymentID: "p",
		Category: c, ObjectID: object, Money: event.Money{Amount: amount, Currency: currency},
	}
}

// thin returns the thin twin of an event about a payment.
func thin(e event.Event) event.Event {
	e.ID, e.Thin, e.Category, e.Money = e.ID+" thin", true, event.PaymentUpdated, event.Money{}
	return e
}

func totals(paid, refunded, disputed, lost, currency string) []ledger.Totals {
	return []ledger.Totals{{Currency: currency, Paid: paid, Refunded: refunded, Disputed: disputed, Lost: lost}}
}

// TestRules has the rules of docs/events.md, which names their sources. Each row
// holds in every order of its events.
func TestRules(t *testing.T) {
	success := at(5, event.PaymentSucceeded, "p", "20.00 EUR")
	for _, row := range []struct {
		why      string
		events   []event.Event
		state    event.Category
		want     []ledger.Totals
		problems []ledger.Problem
	}{
		{"nothing paid yet", []event.Event{at(1, event.PaymentPending, "p", "")}, event.PaymentPending, nil, nil},
		{
			"another event of one success", []event.Event{success, at(9, event.PaymentSucceeded, "p", "20.00 EUR")},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"the newest amount counts: Stripe's amount_received is a running sum",
			[]event.Event{at(4, event.PaymentSucceeded, "p", "7.50 EUR"), success},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"the newest within a second, where times have fractions",
			[]event.Event{{ID: "a", Provider: "p", PaymentID: "p", Timestamp: 5900, Category: event.PaymentSucceeded, Money: event.Money{Amount: "7.50", Currency: "EUR"}}, success},
			event.PaymentSucceeded, totals("7.50", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"one of two at the same time, always the same",
			[]event.Event{{ID: "a", Provider: "p", PaymentID: "p", Timestamp: 5000, Category: event.PaymentSucceeded, Money: event.Money{Amount: "7.50", Currency: "EUR"}}, success},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"a thin event beside its snapshot twin", []event.Event{success, thin(success), thin(at(6, event.PaymentSucceeded, "p", "20.00 EUR"))},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"a thin event alone", []event.Event{thin(success)},
			"", nil, []ledger.Problem{ledger.ThinOnly},
		},
		{
			"an amount that is none", []event.Event{at(5, event.PaymentSucceeded, "p", "1e9 EUR")},
			event.PaymentSucceeded, nil, []ledger.Problem{ledger.AmountMissing},
		},
		{
			"stale events", []event.Event{success, at(1, event.PaymentPending, "p", ""), at(2, event.PaymentFailed, "p", "")},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"states of one second: Stripe's snapshots have no fractions",
			[]event.Event{success, {ID: "b", Provider: "p", PaymentID: "p", Timestamp: 5900, Category: event.PaymentPending}},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"a type that has any state gives none", []event.Event{success, at(9, event.PaymentUpdated, "p", "")},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"succeeded and canceled", []event.Event{success, at(1, event.PaymentCanceled, "p", "")}, event.PaymentSucceeded,
			totals("20.00", "0.00", "0.00", "0.00", "EUR"), []ledger.Problem{ledger.StateContradicted},
		},
		{
			"failed after success", []event.Event{success, at(9, event.PaymentFailed, "p", "")}, event.PaymentFailed,
			totals("20.00", "0.00", "0.00", "0.00", "EUR"), []ledger.Problem{ledger.StateContradicted},
		},

		{
			"each refund once, in each of its states", []event.Event{
				success, at(6, event.RefundCreated, "r1", "5.00 EUR"), at(7, event.RefundSucceeded, "r1", "5.00 EUR"),
				at(8, event.RefundSucceeded, "r1", "5.00 EUR"), at(8, event.RefundSucceeded, "r2", "2.50 EUR"), at(8, event.RefundCreated, "r3", "1.00 EUR"),
			},
			event.PaymentSucceeded, totals("20.00", "7.50", "0.00", "0.00", "EUR"), nil,
		},
		{
			"a refund that the bank returned", []event.Event{success, at(7, event.RefundSucceeded, "r", "5.00 EUR"), at(9, event.RefundFailed, "r", "5.00 EUR")},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"a refund above the payment", []event.Event{success, at(7, event.RefundSucceeded, "r", "20.001 EUR")}, event.PaymentSucceeded,
			totals("20.000", "20.001", "0.000", "0.000", "EUR"), []ledger.Problem{ledger.RefundsAbovePaid},
		},
		{
			"a refund of an unknown payment", []event.Event{at(7, event.RefundSucceeded, "r", "500 JPY")}, "",
			totals("0", "500", "0", "0", "JPY"), []ledger.Problem{ledger.SuccessMissing},
		},
		{
			"two refunds without an id", []event.Event{success, at(7, event.RefundSucceeded, "", "5.00 EUR"), at(8, event.RefundSucceeded, "", "5.00 EUR")},
			event.PaymentSucceeded, totals("20.00", "10.00", "0.00", "0.00", "EUR"), nil,
		},

		{
			"an open dispute once", []event.Event{success, at(6, event.DisputeOpened, "d", "20.00 EUR"), at(7, event.DisputeUpdated, "d", "20.00 EUR"), at(7, event.DisputeFundsWithdrawn, "d", "20.00 EUR")},
			event.PaymentSucceeded, totals("20.00", "0.00", "20.00", "0.00", "EUR"), nil,
		},
		{
			"a won dispute, and a late update", []event.Event{success, at(8, event.DisputeWon, "d", "20.00 EUR"), at(9, event.DisputeUpdated, "d", "20.00 EUR"), at(9, event.DisputeFundsReinstated, "d", "20.00 EUR")},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "0.00", "EUR"), nil,
		},
		{
			"a dispute that is lost after an appeal", []event.Event{success, at(7, event.DisputeWon, "d", "20.00 EUR"), at(8, event.DisputeLost, "d", "20.00 EUR")},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "20.00", "EUR"), nil,
		},
		{
			"a reversal is the money of the lost dispute", []event.Event{
				success, at(7, event.PaymentReversed, "v", "8.00 EUR"), at(8, event.PaymentReversed, "v", "8.00 EUR"), at(8, event.DisputeLost, "d", "20.00 EUR"),
			},
			event.PaymentSucceeded, totals("20.00", "0.00", "0.00", "8.00", "EUR"), nil,
		},
		{
			"a lost dispute about what was refunded", []event.Event{success, at(6, event.RefundSucceeded, "r", "5.00 EUR"), at(8, event.DisputeLost, "d", "20.00 EUR")},
			event.PaymentSucceeded, totals("20.00", "5.00", "0.00", "20.00", "EUR"), []ledger.Problem{ledger.LossesAbovePaid},
		},
		{
			"a dispute in another currency", []event.Event{success, at(6, event.DisputeLost, "d", "25.00 USD")}, event.PaymentSucceeded,
			append(totals("20.00", "0.00", "0.00", "0.00", "EUR"), totals("0.00", "0.00", "0.00", "25.00", "USD")...), nil,
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			for range 20 {
				var l ledger.Ledger
				for _, i := range random.Perm(len(row.events)) {
					l.Add(row.events[i])
				}
				p, ok := l.Payment("p", "p")
				require.True(t, ok)
				require.Equal(t, ledger.Payment{Provider: "p", ID: "p", State: row.state, Totals: row.want, Problems: row.problems}, p)
			}
		})
	}
}

func TestInvoicesOfAPayment(t *testing.T) {
	linked := at(1, event.InvoiceUpdated, "inpay_1", "") // Stripe's invoice_payment.paid
	linked.ObjectType, linked.Related = "invoice_payment", map[string]string{"invoice": "in_2"}
	old := at(1, event.InvoicePaid, "in_1", "") // before 2025-03-31.basil
	old.ObjectType = "invoice"
	var l ledger.Ledger
	l.Add(linked)
	l.Add(old)

	p, _ := l.Payment("p", "p")

	assert.Equal(t, ledger.Payment{Provider: "p", ID: "p", Invoices: []string{"in_1", "in_2"}}, p, "they link and count nothing")
}

func TestEventsWithoutAPaymentCountNothing(t *testing.T) {
	var l ledger.Ledger
	l.Add(event.Event{ID: "po", Category: event.PayoutPaid, Money: event.Money{Amount: "1", Currency: "EUR"}})

	_, ok := l.Payment("", "")

	assert.False(t, ok)
	assert.Empty(t, l.Payments())
	assert.Empty(t, l.Totals())
}

// lives are payments as their webhooks tell them, in the order of their times: real
// bodies from the testdata of the providers. Fixtures of a provider have one time,
// so each event gets its place in the list as its second.
func lives() map[string][]string {
	return map[string][]string{
		"stripe": {
			"payment_intent.created", "payment_intent.amount_capturable_updated", "charge.succeeded-of-payment-intent",
			"payment_intent.succeeded", "thin-v1.payment_intent.succeeded", "invoice_payment.paid",
			"refund.created-pending", "refund.created-succeeded", "charge.refund.updated", "charge.refunded",
			"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.closed-won", "charge.dispute.funds_reinstated", "thin-v1.charge.dispute.closed",
			"charge.succeeded-uncaptured", "charge.captured-direct", "payout.paid",
		},
		"paypal": {
			"CHECKOUT.ORDER.APPROVED", "PAYMENT.AUTHORIZATION.CREATED", "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.COMPLETED",
			"PAYMENT.CAPTURE.REFUNDED-pending", "PAYMENT.REFUND.PENDING", "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.FAILED",
			"CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.RESOLVED-lost",
			"PAYMENT.SALE.COMPLETED", "PAYMENT.SALE.REFUNDED", "PAYMENT.REFERENCED-PAYOUT-ITEM.COMPLETED", "INVOICING.INVOICE.PAID",
		},
		"square": {
			"payment.created-approved", "payment.updated-completed", "order.updated", "invoice.payment_made", "terminal.checkout.updated-completed",
			"refund.created-pending", "refund.updated-pending", "terminal.refund.updated", "refund.updated-completed", "payment.updated-completed-and-refunded",
			"dispute.created", "dispute.evidence.created", "dispute.state.updated-processing", "dispute.state.changed-won", "payout.sent",
		},
	}
}

// want is what the lives add up to.
func want() []ledger.Payment {
	return []ledger.Payment{
		{
			Provider: "paypal", ID: "27M47624FP291604U", State: event.PaymentSucceeded,
			Totals:   totals("30.00", "0.00", "0.00", "30.00", "USD"), // the refund failed; the reversal is the lost dispute
			Invoices: []string{"INV-2026-17"},
		},
		{Provider: "paypal", ID: "80021663DE681814L", State: event.PaymentSucceeded, Totals: totals("20.00", "5.01", "0.00", "0.00", "EUR")},
		{Provider: "square", ID: "R2B3Z8WMVt3EAmzYWLZvz7Y69EbZY", State: event.PaymentSucceeded, Totals: totals("23.00", "5.00", "23.00", "0.00", "USD")},
		{Provider: "stripe", ID: "ch_3TDemo0000000002", State: event.PaymentSucceeded, Totals: totals("12.00", "0.00", "0.00", "0.00", "EUR")},
		{
			Provider: "stripe", ID: "pi_3TDemo0000000001", State: event.PaymentSucceeded, Totals: totals("15.00", "5.00", "0.00", "0.00", "USD"),
			Invoices: []string{"in_1TDemo0000000026"},
		},
	}
}

// versions are further events with ids of the stream. Each is later than the event of
// the stream or, at the same time, behind it by another field, so none counts.
func versions(events []event.Event) []event.Event {
	var later []event.Event
	for i, e := range events {
		e.Timestamp += int64(i % 2)
		if e.PaymentID != "" {
			e.PaymentID += "-other"
		}
		later = append(later, e)
		e = events[i]
		e.Timestamp++
		e.Amount += "1"
		later = append(later, e)
	}
	return later
}

// stream reads the lives through the providers' Event.
func stream(t *testing.T) []event.Event {
	t.Helper()
	var events []event.Event
	for name, files := range lives() {
		p, err := all.All(all.Settings{}).ByName(name)
		require.NoError(t, err)
		for i, file := range files {
			body, err := os.ReadFile(filepath.Join("../../provider", name, "testdata/events", file+".json"))
			require.NoError(t, err)
			e, err := p.Event(body, provider.Origin{})
			require.NoError(t, err)
			e.Timestamp = time.Unix(int64(i), 0).UnixMilli()
			events = append(events, e)
		}
	}
	return events
}

// TestEveryOrder adds the events 10,000 times, in random orders, with random
// repetitions, other events with the same ids, and some or none of the thin events:
// the sums do not change.
func TestEveryOrder(t *testing.T) {
	events := stream(t)
	others := slices.DeleteFunc(versions(events), func(e event.Event) bool { return e.Thin })
	random := rand.New(rand.NewPCG(2026, 5))
	for range 10_000 {
		deliveries := slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return e.Thin && random.IntN(2) == 0 })
		for range random.IntN(len(others)) {
			deliveries = append(deliveries, others[random.IntN(len(others))])
		}
		for range random.IntN(2 * len(events)) {
			deliveries = append(deliveries, events[random.IntN(len(events))])
		}
		random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
		var l ledger.Ledger
		for _, e := range deliveries {
			l.Add(e)
		}
		require.Equal(t, want(), l.Payments())
	}
}

// TestCorrectedEvent adds an event and what an operator stored in its place.
func TestCorrectedEvent(t *testing.T) {
	first, corrected := at(5, event.PaymentSucceeded, "p", "20.00 EUR"), at(5, event.PaymentSucceeded, "p", "25.00 EUR")
	first.ReceivedAt, corrected.ReceivedAt = 1, 2
	for _, events := range [][]event.Event{{first, corrected}, {corrected, first}} {
		var l ledger.Ledger
		l.Add(events[0])
		l.Add(events[1])
		assert.Equal(t, "25.00", l.Totals()[0].Paid)
	}
	corrected.PaymentID = ""
	for _, events := range [][]event.Event{{first, corrected}, {corrected, first}} {
		var l ledger.Ledger
		l.Add(events[0])
		l.Add(events[1])
		assert.Empty(t, l.Payments(), "the correction is about no payment")
	}
}

// TestOneEventByID adds two events with one id that differ in one field. Either order
// gives the same payments, and those of one event.
func TestOneEventByID(t *testing.T) {
	success := at(5, event.PaymentSucceeded, "p", "20.00 EUR")
	lost := at(5, event.DisputeLost, "d", "20.00 EUR")
	add := func(events ...event.Event) []ledger.Payment {
		var l ledger.Ledger
		l.Add(at(9, event.DisputeWon, "d", "20.00 EUR"))
		for _, e := range events {
			l.Add(e)
		}
		return l.Payments()
	}
	for _, row := range []struct {
		why    string
		event  event.Event
		change func(*event.Event)
	}{
		{"another time", success, func(e *event.Event) { e.Timestamp++; e.Amount = "7.50" }},
		{"another provider", success, func(e *event.Event) { e.Provider = "q" }},
		{"another payment", success, func(e *event.Event) { e.PaymentID = "q" }},
		{"another category", success, func(e *event.Event) { e.Category = event.PaymentFailed }},
		{"another object", lost, func(e *event.Event) { e.ObjectID = "q" }},
		{"another amount", success, func(e *event.Event) { e.Amount = "7.50" }},
		{"another currency", success, func(e *event.Event) { e.Currency = "USD" }},
		{"about an invoice", success, func(e *event.Event) { e.ObjectType = "invoice" }},
		{"beside an invoice", success, func(e *event.Event) { e.Related = map[string]string{"invoice": "in_1"} }},
	} {
		other := row.event
		row.change(&other)
		forth, back := add(row.event, other), add(other, row.event)
		assert.Equal(t, forth, back, row.why)
		assert.NotEqual(t, add(row.event), add(other), row.why)
		assert.Contains(t, [][]ledger.Payment{add(row.event), add(other)}, forth, row.why)
	}

	var forth, back ledger.Ledger
	reference := success
	reference.Thin = true
	for i, e := range []event.Event{success, reference} {
		forth.Add(e)
		back.Add([]event.Event{reference, success}[i])
	}
	assert.Equal(t, forth.Payments(), back.Payments(), "with its object and thin")
}

func TestTotalsOfAllPayments(t *testing.T) {
	var l ledger.Ledger
	for _, e := range stream(t) {
		l.Add(e)
	}
	assert.Equal(t, append(totals("32.00", "5.01", "0.00", "0.00", "EUR"), totals("68.00", "10.00", "23.00", "30.00", "USD")...), l.Totals())
}

// TestIndexesSufficeForTotals reads the events as the table's indexes have them.
func TestIndexesSufficeForTotals(t *testing.T) {
	var whole, projected ledger.Ledger
	for _, e := range stream(t) {
		whole.Add(e)
		text, err := json.Marshal(e)
		require.NoError(t, err)
		var item map[string]any
		require.NoError(t, json.Unmarshal(text, &item))
		maps.DeleteFunc(item, func(name string, _ any) bool {
			return !slices.Contains(append(contract.PaymentColumns(), "eventId", "timestamp"), name)
		})
		text, err = json.Marshal(item)
		require.NoError(t, err)
		var listed event.Event
		require.NoError(t, json.Unmarshal(text, &listed))
		projected.Add(listed)
	}
	require.NotEmpty(t, whole.Totals())
	assert.Equal(t, whole.Totals(), projected.Totals())
}
