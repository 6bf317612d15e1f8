package consumer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

const receivedAt = 1_780_000_000_000

// delivery returns the message of a PayPal event: its id, its time in seconds of
// the minute before receivedAt, 0 for none, its body, and the signature that it came
// with.
func delivery(id string, at int64, payload, signature string) string {
	if at > 0 {
		at = receivedAt - 60_000 + at*1000
	}
	return event.Encode(event.Event{
		Schema: event.Schema, ID: event.NewID("paypal", id), Timestamp: at, Provider: "paypal", ReceivedAt: receivedAt,
		PayloadSHA256: event.HashPayload([]byte(payload)), Payload: []byte(payload), SignedSHA256: signature,
	})
}

// TestOneBodyForEachSignature: PayPal signs a CRC-32 of the body, so whoever has a
// genuine transmission can make other bodies that its signature fits.
func TestOneBodyForEachSignature(t *testing.T) {
	genuine := delivery("WH-1", 1, `{"a":1}`, "s1")
	for _, row := range []struct {
		why, first, second string
		rows               int
		reason             string // "" for none
	}{
		{"a retry", genuine, genuine, 1, ""},
		{"forged: another event id", genuine, delivery("WH-2", 1, `{"a":2}`, "s1"), 1, "signature-reused"},
		{"forged: another create_time", genuine, delivery("WH-1", 2, `{"a":2}`, "s1"), 1, "signature-reused"},
		{"forged: other content", genuine, delivery("WH-1", 1, `{"a":2}`, "s1"), 1, "signature-reused"},
		{"the forgery came first: both are kept", delivery("WH-2", 1, `{"a":2}`, "s1"), genuine, 1, "signature-reused"},
		{"forged with a transmission that never arrived: another create_time", genuine, delivery("WH-1", 2, `{"a":2}`, "s2"), 1, "conflict"},
		{"forged with a transmission that never arrived: other content", genuine, delivery("WH-1", 1, `{"a":2}`, "s2"), 1, "conflict"},
		{"forged, its create_time unreadable", genuine, delivery("WH-1", 0, `{"a":2}`, "s2"), 1, "conflict"},
		{"a second webhook of the same event", genuine, delivery("WH-1", 1, `{"a":1}`, "s2"), 1, ""},
		{"another event", genuine, delivery("WH-2", 1, `{"a":2}`, "s2"), 2, ""},
		{"a message of an earlier release", delivery("WH-1", 1, `{"a":1}`, ""), genuine, 1, ""},
		{"another create_time in a message of an earlier release", genuine, delivery("WH-1", 2, `{"a":1}`, ""), 1, "conflict"},
		{"other providers sign the body", message("evt_1", "{}"), message("evt_2", "{}"), 2, ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()

			assert.Empty(t, f.handle(t, row.first))
			assert.Empty(t, f.handle(t, row.second))

			assert.Len(t, f.table.rows, row.rows)
			assert.Equal(t, row.reason, f.deadLetters.reason)
			if row.reason != "" {
				assert.Equal(t, []string{row.second}, f.deadLetters.bodies, "the message unchanged")
				assert.Contains(t, f.log.String(), `"Conflicts":1`)
			}
		})
	}
}

// TestForgedBodyClaimsNoEventID: else it would turn the event of that id, which has
// not arrived, into a conflict.
func TestForgedBodyClaimsNoEventID(t *testing.T) {
	f := newFixture()
	assert.Empty(t, f.handle(t, delivery("WH-1", 1, `{"a":1}`, "s1")))
	assert.Empty(t, f.handle(t, delivery("WH-2", 1, `{"a":2}`, "s1")))
	assert.Empty(t, f.handle(t, delivery("WH-2", 5, `{"a":3}`, "s3")))
	assert.Len(t, f.table.rows, 2)
	assert.Len(t, f.deadLetters.bodies, 1)
}

// TestForgeryAtTheSameTime sends two bodies of one signature in one batch.
func TestForgeryAtTheSameTime(t *testing.T) {
	f := newFixture()
	assert.Empty(t, f.handle(t, delivery("WH-1", 1, `{"a":1}`, "s1"), delivery("WH-2", 1, `{"a":2}`, "s1")))
	assert.Len(t, f.table.rows, 1)
	assert.Len(t, f.deadLetters.bodies, 1)
}

func TestGuardThatCannotBeSetFailsTheRecord(t *testing.T) {
	for _, name := range []string{"signature#paypal:s1", "event#paypal:WH-1"} {
		f := newFixture()
		f.guards.err, f.guards.failing = errDown, name
		assert.Equal(t, []string{"0"}, f.handle(t, delivery("WH-1", 1, `{"a":1}`, "s1")), name)
		assert.Empty(t, f.table.rows, name)

		f.guards.err = nil
		assert.Empty(t, f.handle(t, delivery("WH-1", 1, `{"a":1}`, "s1")), "the next receive finds its own claims")
		assert.Len(t, f.table.rows, 1, name)
	}
	f := newFixture()
	assert.Empty(t, f.handle(t, delivery("WH-1", 1, `{"a":1}`, "s1")))
	f.deadLetters.err = errDown
	assert.Equal(t, []string{"0"}, f.handle(t, delivery("WH-2", 1, `{"a":2}`, "s1")), "a forgery that cannot be kept")
}

func TestGuardsExpire(t *testing.T) {
	received := time.UnixMilli(receivedAt)
	expires := received.AddDate(0, 0, 90)
	for at, want := range map[int64]time.Time{0: {}, expires.Unix(): expires} {
		f := newFixture()
		e, err := event.Decode(delivery("WH-1", 1, `{"a":1}`, "s1"))
		require.NoError(t, err)
		e.ExpiresAt = at
		assert.Empty(t, f.handle(t, event.Encode(e)))
		assert.Equal(t, map[string]time.Time{
			"signature#paypal:s1": received.AddDate(0, 0, 31), // PayPal's headers are rejected by then
			"event#paypal:WH-1":   want,
		}, f.guards.expires)
	}
}

// A stack of an earlier template has no table of guards.
func TestWithoutGuards(t *testing.T) {
	f := newFixture()
	f.guards = nil
	assert.Empty(t, f.handle(t, delivery("WH-1", 1, `{"a":1}`, "s1")))
	assert.Len(t, f.table.rows, 1)
}
