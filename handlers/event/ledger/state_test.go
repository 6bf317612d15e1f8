package ledger

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/event"
)

func TestVersionsOrderAsTheLedgerDoes(t *testing.T) {
	var all []event.Event
	for _, at := range []int64{0, 999, 1000, 1001, 1999, 1_780_000_000_000, 9_999_999_999_999, 10_000_000_000_000} {
		for _, c := range event.Categories() {
			for _, id := range []string{"p:a", "p:b"} {
				if rank(c) > 0 {
					all = append(all, event.Event{ID: id, Timestamp: at, Category: c})
				}
			}
		}
	}
	for _, a := range all {
		for _, b := range all {
			x, _ := StateOf(a)
			y, _ := StateOf(b)
			if compare(a, b) != 0 {
				assert.Equal(t, compare(a, b), cmp.Compare(x.Version, y.Version), "%v %v", a, b)
			}
		}
	}
}

// Each of two events is kept first and then meets the other.
func TestStatesReplaceAsTheLedgerDoes(t *testing.T) {
	var all []event.Event
	for _, id := range []string{"p:a", "p:b"} {
		for _, at := range []int64{1000, 1999, 2000} {
			for _, received := range []int64{999, 10_000} {
				for _, c := range []event.Category{event.PaymentFailed, event.PaymentSucceeded} {
					all = append(all, event.Event{ID: id, Provider: "p", PaymentID: "pi", Timestamp: at, ReceivedAt: received, Category: c})
				}
			}
		}
	}
	for _, a := range all {
		for _, b := range all {
			if a.ID == b.ID && a.Timestamp == b.Timestamp && a.ReceivedAt == b.ReceivedAt {
				continue // only the ledger needs an order of these
			}
			kept, _ := StateOf(a)
			if s, _ := StateOf(b); s.Replaces(kept) {
				kept = s
			}
			var l Ledger
			l.Add(a)
			l.Add(b)
			p, _ := l.Payment("p", "pi")
			assert.Equal(t, p.State, kept.Category, "%v %v", a, b)
		}
	}
}

func TestStateOf(t *testing.T) {
	for _, row := range []struct {
		why  string
		e    event.Event
		want string
	}{
		{"a payment has one state, whatever its object", event.Event{Provider: "p", PaymentID: "pi", ObjectID: "ch", Category: event.PaymentSucceeded}, "p:pi"},
		{"a refund has its own", event.Event{Provider: "p", PaymentID: "pi", ObjectID: "re", Category: event.RefundSucceeded}, "p:re"},
		{"an object without an id is the event's", event.Event{Provider: "p", ID: "evt", Category: event.DisputeLost}, "p:evt"},
	} {
		s, ok := StateOf(row.e)
		assert.True(t, ok, row.why)
		assert.Equal(t, row.want, s.Object, row.why)
		assert.Equal(t, row.e.Category, s.Category)
	}
	_, ok := StateOf(event.Event{Category: event.PaymentUpdated})
	assert.False(t, ok, "an update says nothing about the state")
	_, ok = StateOf(event.Event{Category: event.PaymentReversed})
	assert.False(t, ok, "a reversal is money of a payment that succeeded")
}
