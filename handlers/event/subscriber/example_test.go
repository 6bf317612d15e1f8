package subscriber_test

import (
	"context"
	"fmt"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/event/ledger"
	"github.com/paysluice/paysluice/handlers/event/subscriber"
)

// memory is an inbox for one process. An effect is a function.
type memory map[string]bool

func (m memory) Apply(_ context.Context, key string, effect func()) (first bool, err error) {
	if m[key] {
		return false, nil
	}
	m[key] = true
	effect()
	return true, nil
}

func Example() {
	message := func(id string, second int64, c event.Category, amount string) string {
		e, _ := cloudevent.From("urn:paysluice:123456789012:us-east-1:prod", event.Event{
			Schema: event.Schema, ID: "stripe:" + id, Timestamp: second * 1000, Provider: "stripe", Category: c,
			PaymentID: "pi_1", Money: event.Money{Amount: amount, Currency: "EUR"},
		}, cloudevent.Stores{Table: "WebhookEvents-prod"})
		return e.Encode()
	}
	messages := []string{ // as they arrive: late and repeated
		message("evt_2", 2, event.RefundSucceeded, "5.00"),
		message("evt_1", 1, event.PaymentSucceeded, "20.00"),
		message("evt_2", 2, event.RefundSucceeded, "5.00"),
	}

	var sums ledger.Ledger
	s := subscriber.New(memory{}, func(_ context.Context, e cloudevent.Event) (func(), error) {
		return func() { sums.Add(e.Data.Event) }, nil
	})
	for _, m := range messages {
		e, first, err := s.Receive(context.Background(), m)
		fmt.Println(e.Data.ID, first, err)
	}
	payment, _ := sums.Payment("stripe", "pi_1")
	fmt.Println(payment.State, payment.Totals)
	// Output:
	// stripe:evt_2 true <nil>
	// stripe:evt_1 true <nil>
	// stripe:evt_2 false <nil>
	// payment.succeeded [{EUR 20.00 5.00 0.00 0.00}]
}
