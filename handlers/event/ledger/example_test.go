package ledger_test

import (
	"fmt"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

func Example() {
	eur := func(amount string) event.Money { return event.Money{Amount: amount, Currency: "EUR"} }
	stream := []event.Event{ // as it arrives: late, repeated, in any order
		{ID: "stripe:evt_3", Timestamp: 3000, Category: event.RefundSucceeded, ObjectID: "re_1", Money: eur("5.00")},
		{ID: "stripe:evt_1", Timestamp: 1000, Category: event.PaymentSucceeded, ObjectID: "pi_1", Money: eur("20.00")},
		{ID: "stripe:evt_2", Timestamp: 2000, Category: event.RefundCreated, ObjectID: "re_1", Money: eur("5.00")},
		{ID: "stripe:evt_1", Timestamp: 1000, Category: event.PaymentSucceeded, ObjectID: "pi_1", Money: eur("20.00")},
		{ID: "stripe:evt_4", Timestamp: 4000, Category: event.DisputeOpened, ObjectID: "du_1", Money: eur("15.00")},
	}
	var l ledger.Ledger
	for _, e := range stream {
		e.Provider, e.PaymentID = "stripe", "pi_1"
		l.Add(e)
	}
	for _, p := range l.Payments() {
		fmt.Println(p.ID, p.State, p.Totals, p.Problems)
	}
	// Output: pi_1 payment.succeeded [{EUR 20.00 5.00 15.00 0.00}] []
}
