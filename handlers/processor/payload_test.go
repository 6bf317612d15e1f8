package processor_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
)

// lambdaLimit is the most that reaches a function: 6 MB of request (Lambda
// Developer Guide, "Lambda quotas"), in which the body is base64.
const lambdaLimit = 6 << 20 / 4 * 3

// padded is an event of exactly that size.
func padded(size int) string {
	return strings.Replace(body, "{", "{"+strings.Repeat(" ", size-len(body)), 1)
}

func TestLargeBodyTravelsByReference(t *testing.T) {
	for _, row := range []struct {
		why         string
		size        int
		byReference bool
	}{
		{"a byte below the limit", processor.MaxInline - 1, false},
		{"the limit itself", processor.MaxInline, false},
		{"a byte above", processor.MaxInline + 1, true},
		{"the largest that Lambda can be given", lambdaLimit, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			sent := padded(row.size)
			require.Len(t, sent, row.size)

			answer := f.handle(t, signed(sent, oldSecret))

			assert.Equal(t, http.StatusOK, answer.StatusCode)
			assert.JSONEq(t, `{"received":true,"eventId":"stripe:evt_1"}`, answer.Body)
			e := onlyMessage(t, f.events)
			assert.Less(t, len(f.events.bodies[0]), 300<<10, "what a message may be")
			assert.Equal(t, "stripe:evt_1", e.ID)
			f.assertPayload(t, e, sent, row.byReference)
		})
	}
}

func TestLargeBodyThatIsNotAnEventTravelsByReference(t *testing.T) {
	for _, row := range []struct {
		why         string
		size        int
		byReference bool
	}{
		{"the limit itself", processor.MaxInline, false},
		{"a byte above", processor.MaxInline + 1, true},
		{"the largest that Lambda can be given", lambdaLimit, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			sent := strings.Repeat("\xff", row.size)

			answer := f.handle(t, signed(sent, oldSecret))

			assert.Equal(t, http.StatusOK, answer.StatusCode)
			assert.Equal(t, []string{string(provider.EnvelopeUnreadable)}, f.deadLetters.reasons)
			assert.Less(t, len(f.deadLetters.bodies[0]), 300<<10)
			e := onlyMessage(t, f.deadLetters)
			assert.Empty(t, e.ID)
			f.assertPayload(t, e, sent, row.byReference)
		})
	}
}

// TestBodyIsKeptBeforeItsMessage holds the order of writes: a message that
// refers to nothing would be a lost body.
func TestBodyIsKeptBeforeItsMessage(t *testing.T) {
	f := newFixture()
	f.payloads.err = errDown

	f.handle(t, signed(padded(processor.MaxInline+1), oldSecret))

	assert.Empty(t, f.events.bodies)

	f.payloads.err, f.events.err = nil, errDown

	answer := f.handle(t, signed(padded(processor.MaxInline+1), oldSecret))

	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Len(t, f.payloads.kept, 1, "kept for nothing, and found again when the provider sends again")
}

func TestUnverifiedLargeBodyIsNotKept(t *testing.T) {
	for _, row := range []struct {
		why       string
		secretErr error
		status    int
	}{
		{"it is forged", nil, http.StatusUnauthorized},
		{"there is no secret to verify it with", provider.SecretUnreachable, http.StatusServiceUnavailable},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			f.secrets.err = row.secretErr

			answer := f.handle(t, signed(padded(processor.MaxInline+1), "whsec_marked_forged"))

			assert.Equal(t, row.status, answer.StatusCode)
			assert.Empty(t, f.payloads.kept)
		})
	}
}

func onlyMessage(t *testing.T, q *queue) event.Event {
	t.Helper()
	require.Len(t, q.bodies, 1)
	e, err := event.DecodeReceipt(q.bodies[0])
	require.NoError(t, err)
	return e
}

// assertPayload holds that the body stands in one place, whole.
func (f *fixture) assertPayload(t *testing.T, e event.Event, sent string, byReference bool) {
	t.Helper()
	got := e.Payload
	if byReference {
		assert.Empty(t, e.Payload)
		got = f.payloads.kept[e.PayloadRef]
	} else {
		assert.Empty(t, e.PayloadRef)
		assert.Empty(t, f.payloads.kept)
	}
	assert.True(t, bytes.Equal([]byte(sent), got), "byte for byte")
	assert.Equal(t, event.HashPayload([]byte(sent)), e.PayloadSHA256)
}
