package ledger_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

func Example() {
	payment := func(id string, second int64, c event.Category, object, amount string) event.Event {
		return event.Event{
			ID: "stripe:" + id, Timestamp: second * 1000, Provider: "stripe", Category: c,
			ObjectID: object, PaymentID: "pi_1", Money: event.Money{Amount: amount, Currency: "EUR"},
		}
	}
	stream := []event.Event{ // as it arrives: late, repeated, in any order
		payment("evt_3", 3, event.RefundSucceeded, "re_1", "5.00"),
		payment("evt_1", 1, event.PaymentSucceeded, "pi_1", "20.00"),
		payment("evt_2", 2, event.RefundCreated, "re_1", "5.00"),
		payment("evt_1", 1, event.PaymentSucceeded, "pi_1", "20.00"),
		payment("evt_4", 4, event.DisputeOpened, "du_1", "15.00"),
	}

	var l ledger.Ledger
	for _, e := range stream { // of one mode, live or test
		l.Add(e)
	}
	for _, p := range l.Payments() {
		fmt.Println(p.ID, p.State, p.Totals, p.Problems)
	}
	// Output: pi_1 payment.succeeded [{EUR 20.00 5.00 15.00 0.00}] []
}

func TestPageShowsTheExample(t *testing.T) {
	page, err := os.ReadFile("../../../docs/events.md")
	require.NoError(t, err)
	shown := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, shown)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	for line := range strings.Lines(string(shown[1])) {
		assert.Contains(t, string(example), "\n\t"+line)
	}
}
