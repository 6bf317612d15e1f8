package consumer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

// handleRecord handles one event of a sender, at a time after its receipt, under a
// retention.
func (f *fixture) handleRecord(t *testing.T, e event.Event, sender string, retentionDays int, later time.Duration) {
	t.Helper()
	if retentionDays > 0 {
		e.ExpiresAt = time.UnixMilli(e.ReceivedAt).AddDate(0, 0, retentionDays).Unix()
	}
	e.Schema, e.PayloadSHA256 = event.Schema, event.HashPayload(nil)
	h := consumer.Handler{
		Providers: all.All(all.Settings{}), Table: &f.table, DeadLetters: &f.deadLetters, Concurrency: 1,
		Senders: function.ParseSenders("stripe=AROASTRIPE,paypal=AROAPAYPAL,square=AROASQUARE,*=AROARECONCILER"),
		Now:     func() time.Time { return time.UnixMilli(e.ReceivedAt).Add(later) },
		Log:     function.NewLogger(&f.log, "INFO"), Metrics: function.NewMetrics(&f.log, "test", time.Now),
	}
	answer, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "m-1", Body: event.Encode(e), Attributes: map[string]string{function.SenderAttribute: sender},
	}}})
	require.NoError(t, err)
	assert.Empty(t, answer.BatchItemFailures)
}

// TestEventOlderThanTheTableKeepsIsNotStored: the table may have had it, and it
// would be a new event.
func TestEventOlderThanTheTableKeepsIsNotStored(t *testing.T) {
	for _, row := range []struct {
		why       string
		days      int
		age       time.Duration // at its receipt
		later     time.Duration // until it is consumed
		timestamp bool
		stored    bool
	}{
		{"a new event", 30, 0, 0, true, true},
		{"the last retry of a provider", 30, 3 * day, 0, true, true},
		{"PayPal's oldest, above the margin", 30, 30*day - hour - time.Millisecond, 0, true, true},
		{"within the margin for the clocks", 30, 30*day - hour, 0, true, false},
		{"a year later", 30, 365 * day, 0, true, false},
		{"events are kept for ever", 0, 365 * day, 365 * day, true, true},
		{"the longest retention", 99999, 365 * day, 0, true, true},
		{"the consumer was down for a week", 30, hour, 7 * day, true, true},
		{"a replay after the item has expired", 30, hour, 30 * day, true, false},
		{"it has no time, so its age is not known", 30, 0, 0, false, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			received := time.UnixMilli(1_780_000_000_000)
			e := event.Event{ID: "stripe:evt_1", Provider: "stripe", ReceivedAt: received.UnixMilli()}
			if row.timestamp {
				e.Timestamp = e.ReceivedAt - row.age.Milliseconds()
			}
			f.handleRecord(t, e, "AROASTRIPE:stripe-processor-prod", row.days, row.later)
			if row.stored {
				assert.Len(t, f.table.rows, 1)
				assert.Empty(t, f.deadLetters.bodies)
				return
			}
			assert.Empty(t, f.table.rows)
			assert.Equal(t, "expired", f.deadLetters.reason, "its bytes are kept")
			assert.Contains(t, f.log.String(), `"Quarantined":1`, "with a ticket")
		})
	}
}

// TestProcessorSpeaksForItsProviderOnly: the attacker has the role of PayPal's
// processor.
func TestProcessorSpeaksForItsProviderOnly(t *testing.T) {
	for _, row := range []struct {
		why, sender, id, provider, origin string
		stored                            bool
	}{
		{"its own", "AROAPAYPAL:paypal-processor-prod", "paypal:WH-1", "paypal", "", true},
		{"an event of Stripe", "AROAPAYPAL:paypal-processor-prod", "stripe:evt_1", "stripe", "", false},
		{"an operator replays", "AROAOPERATOR:me", "stripe:evt_1", "stripe", "", true},
		{"the reconciler refills", "AROARECONCILER:event-reconciler-prod", "stripe:evt_1", "stripe", event.OriginReconcile, true},
		{"the reconciler claims a webhook", "AROARECONCILER:event-reconciler-prod", "stripe:evt_1", "stripe", "", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			f.handleRecord(t, event.Event{ID: row.id, Provider: row.provider, Origin: row.origin, ReceivedAt: 1}, row.sender, 0, 0)
			if row.stored {
				assert.Len(t, f.table.rows, 1)
				replayed := strings.Contains(f.log.String(), `"senderId":"AROAOPERATOR:me"`)
				assert.Equal(t, row.sender == "AROAOPERATOR:me", replayed, "a replay can be recognised")
				return
			}
			assert.Empty(t, f.table.rows)
			assert.Equal(t, "sender-mismatch", f.deadLetters.reason)
		})
	}
}
