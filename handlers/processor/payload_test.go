package processor_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// lambdaLimit is the maximum of a body: requests have 6 MB (Lambda Developer
// Guide, "Lambda quotas"), with the body in base64.
const lambdaLimit = 6 << 20 / 4 * 3

// padded returns the body of an event of that size.
func padded(size int) string {
	return strings.Replace(body, "{", "{"+strings.Repeat(" ", size-len(body)), 1)
}

func TestLargeBodyIsStoredInS3(t *testing.T) {
	for _, row := range []struct {
		why  string
		size int
		inS3 bool
	}{
		{"a byte below the limit", processor.MaxInline - 1, false},
		{"the limit", processor.MaxInline, false},
		{"a byte above", processor.MaxInline + 1, true},
		{"the maximum of Lambda", lambdaLimit, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			answer := f.handle(t, signed(padded(row.size), oldSecret))
			assert.Equal(t, http.StatusOK, answer.StatusCode)
			assert.JSONEq(t, `{"received":true,"eventId":"stripe:evt_1"}`, answer.Body)
			f.assertMessage(t, f.events, "stripe:evt_1", padded(row.size), row.inS3)

			notAnEvent := strings.Repeat("\xff", row.size)
			f = newFixture()
			assert.Equal(t, http.StatusOK, f.handle(t, signed(notAnEvent, oldSecret)).StatusCode)
			assert.Equal(t, []string{string(provider.EnvelopeUnreadable)}, f.deadLetters.reasons)
			f.assertMessage(t, f.deadLetters, "", notAnEvent, row.inS3)
		})
	}
}

// The retention in force at receipt decides for the row and for the body.
func TestEventAndLargeBodyHaveOneRetention(t *testing.T) {
	for days, expiresAt := range map[int]int64{0: 0, 7: now.Unix() + 7*24*3600, 365: now.Unix() + 365*24*3600} {
		for _, sent := range []string{padded(processor.MaxInline), padded(processor.MaxInline + 1), strings.Repeat("\xff", processor.MaxInline+1)} {
			f := newFixture()
			f.retentionDays = days
			assert.Equal(t, http.StatusOK, f.handle(t, signed(sent, oldSecret)).StatusCode)
			e, err := event.DecodeReceipt(append(f.events.bodies, f.deadLetters.bodies...)[0])
			require.NoError(t, err)
			assert.Equal(t, expiresAt, e.ExpiresAt, "%d days", days)
			if e.PayloadRef != "" {
				assert.True(t, strings.HasPrefix(e.PayloadRef, contract.RetentionPrefix(days)), e.PayloadRef)
			}
		}
	}
}

// A message that refers to a missing object would be a lost body.
func TestLargeBodyIsStoredBeforeItsMessageIsSent(t *testing.T) {
	f := newFixture()
	f.payloads.err = errDown

	f.handle(t, signed(padded(processor.MaxInline+1), oldSecret))

	assert.Empty(t, f.events.bodies)

	f.payloads.err, f.events.err = nil, errDown

	answer := f.handle(t, signed(padded(processor.MaxInline+1), oldSecret))

	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Len(t, f.payloads.kept, 1, "used when the provider repeats the webhook")
}

func TestUnverifiedLargeBodyIsNotStored(t *testing.T) {
	for _, row := range []struct {
		why       string
		secretErr error
		status    int
	}{
		{"it is forged", nil, http.StatusUnauthorized},
		{"the secret is unreachable", provider.SecretUnreachable, http.StatusServiceUnavailable},
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

// assertMessage requires one message in q whose body is in the message or in S3.
func (f *fixture) assertMessage(t *testing.T, q *queue, id, sent string, inS3 bool) {
	t.Helper()
	require.Len(t, q.bodies, 1)
	assert.Less(t, len(q.bodies[0]), 300<<10, "a batch of ten is below 6 MB")
	e, err := event.DecodeReceipt(q.bodies[0])
	require.NoError(t, err)
	assert.Equal(t, id, e.ID)
	got := e.Payload
	if inS3 {
		assert.Empty(t, e.Payload)
		got = f.payloads.kept[e.PayloadRef]
	} else {
		assert.Empty(t, e.PayloadRef)
		assert.Empty(t, f.payloads.kept)
	}
	assert.True(t, bytes.Equal([]byte(sent), got), "byte for byte")
	assert.Equal(t, event.HashPayload([]byte(sent)), e.PayloadSHA256)
}

// TestLargestMessageFits: the longest texts, of 12 bytes a character in a message,
// beside the largest payload stay below the 1 MiB of an SQS message (SQS Developer
// Guide, "Message quotas").
func TestLargestMessageFits(t *testing.T) {
	long := strings.Repeat("😀", decode.MaxText)
	full := `{"id":"evt_1","object":"event","type":"charge.succeeded","created":1780000000,"api_version":"LONG","account":"LONG",` +
		`"data":{"object":{"id":"LONG","object":"LONG","status":"LONG","payment_intent":"LONG","charge":"LONG","invoice":"LONG",` +
		`"customer":"LONG","subscription":"LONG","order":"LONG","description":"` + strings.Repeat("x", processor.MaxInline) + `"}}}`
	full = strings.ReplaceAll(full, "LONG", long)
	full = strings.Replace(full, strings.Repeat("x", len(full)-processor.MaxInline), "", 1)
	f := newFixture()

	require.Equal(t, http.StatusOK, f.handle(t, signed(full, oldSecret)).StatusCode)

	e, err := event.Decode(f.events.bodies[0])
	require.NoError(t, err)
	assert.Len(t, e.Payload, processor.MaxInline)
	assert.Empty(t, e.Omitted)
	assert.Less(t, len(f.events.bodies[0]), 1<<20)
}
