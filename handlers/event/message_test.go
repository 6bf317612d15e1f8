package event_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

func sample(payload []byte) event.Event {
	return event.Event{
		Schema:       event.Schema,
		ID:           event.NewID("stripe", "evt_1"),
		Timestamp:    1_780_000_000_000,
		Provider:     "stripe",
		Type:         "payment_intent.succeeded",
		Category:     event.PaymentSucceeded,
		ObjectType:   "payment_intent",
		ObjectID:     "pi_1",
		ObjectStatus: "succeeded",
		PaymentID:    "pi_1",
		Related:      map[string]string{"customer": "cus_1"},
		Account:      "acct_1",
		Endpoint:     "main",
		Livemode:     new(false),
		Money:        event.Money{Amount: "12.50", Currency: "EUR"},
		APIVersion:   "2026-01-28",
		OtherMode:    true,
		Thin:         true,
		Omitted:      []string{"related.custom"},
		ReceivedAt:   1_780_000_000_123,
		RequestID:    "req-1",

		ExtendedRequestID: "TWegAcC4EowCHnA=", Origin: event.OriginReconcile,
		Traceparent: "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",

		PayloadSHA256: event.HashPayload(payload),
		Payload:       payload,
	}
}

func TestMessageKeepsEveryFieldAndByte(t *testing.T) {
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	for _, want := range []event.Event{sample(everyByte), byReference()} {
		message := event.Encode(want)
		got, err := event.Decode(message)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		marshalled, err := json.Marshal(want)
		require.NoError(t, err)
		assert.JSONEq(t, string(marshalled), message)
	}
}

func TestMessageIsASCII(t *testing.T) {
	e := sample([]byte("body"))
	e.ObjectStatus = "bezahlt – 支払い済み 😀 \u2028 <&>"
	e.Related["odd"] = "\x00\x1b\xff"

	message := event.Encode(e)

	for i, b := range []byte(message) {
		require.True(t, 0x20 <= b && b < 0x7f, "byte %d is %#x", i, b)
	}
	got, err := event.Decode(message)
	require.NoError(t, err)
	assert.Equal(t, e.ObjectStatus, got.ObjectStatus)
	assert.Equal(t, "\x00\x1b\ufffd", got.Related["odd"], "JSON has no invalid UTF-8")
}

func TestDecodeRefuses(t *testing.T) {
	good := event.Encode(sample([]byte("body")))
	for _, row := range []struct{ why, message string }{
		{"nothing", ""},
		{"not JSON", "poison"},
		{"JSON of another type", `["a"]`},
		{"a field of another type", strings.Replace(good, `"eventId":`, `"eventId":7,"was":`, 1)},
		{"another version", strings.Replace(good, event.Schema, "paysluice.event/2", 1)},
		{"without an event id", strings.Replace(good, `"eventId"`, `"was"`, 1)},
		{"without a provider", strings.Replace(good, `"provider":"stripe"`, `"provider":""`, 1)},
		{"an event id of another provider", strings.Replace(good, `"eventId":"stripe:`, `"eventId":"paypal:`, 1)},
		{"an event id of a provider with a longer name", strings.Replace(good, `"eventId":"stripe:`, `"eventId":"stripes:`, 1)},
		{"a changed payload", strings.Replace(good, `"payload":"Ym9keQ=="`, `"payload":"Ym9keg=="`, 1)},
		{"without its payload", strings.Replace(good, `"payload"`, `"was"`, 1)},
	} {
		t.Run(row.why, func(t *testing.T) {
			require.NotEqual(t, good, row.message)
			_, err := event.Decode(row.message)
			require.ErrorIs(t, err, event.ErrMessage)
		})
	}
}

// byReference returns an event with its payload in S3.
func byReference() event.Event {
	e := sample([]byte("body"))
	e.Payload, e.PayloadRef = nil, "oversize/stripe/"+e.PayloadSHA256
	return e
}

func TestDecodeRefusesAnInvalidReference(t *testing.T) {
	_, err := event.Decode(event.Encode(byReference()))
	require.NoError(t, err)
	for why, change := range map[string]func(*event.Event){
		"two payloads":             func(e *event.Event) { e.Payload = []byte("body") },
		"no hash":                  func(e *event.Event) { e.PayloadSHA256 = "" },
		"a hash of another length": func(e *event.Event) { e.PayloadSHA256 = e.PayloadSHA256[:40] },
		"a hash in upper case":     func(e *event.Event) { e.PayloadSHA256 = strings.ToUpper(e.PayloadSHA256) },
		"a prefix of others":       func(e *event.Event) { e.PayloadRef = "oversize/30d/stripe/" },
		"another body":             func(e *event.Event) { e.PayloadRef = "oversize/30d/stripe/2026-03-02/" + event.HashPayload(nil) },
		"another provider's body":  func(e *event.Event) { e.PayloadRef = "oversize/30d/paypal/2026-03-02/" + e.PayloadSHA256 },
		"a shared certificate":     func(e *event.Event) { e.PayloadRef = "certificates/" + e.PayloadSHA256 },
	} {
		e := byReference()
		change(&e)
		_, err := event.Decode(event.Encode(e))
		require.ErrorIs(t, err, event.ErrMessage, why)
	}
}

func TestReceiptOfAQuarantinedWebhookHasNoID(t *testing.T) {
	quarantined := sample([]byte("\x00hello\xff"))
	quarantined.ID = ""

	got, err := event.DecodeReceipt(event.Encode(quarantined))

	require.NoError(t, err)
	assert.Equal(t, quarantined, got)
	_, err = event.Decode(event.Encode(quarantined))
	require.ErrorIs(t, err, event.ErrMessage, "without an id it has no key")
}

func TestDecodeErrorsDoNotQuoteTheMessage(t *testing.T) {
	for _, message := range []string{`{"eventId":"tok_secret`, `{"timestamp":"tok_secret"}`, `{"schema":"tok_secret"}`} {
		_, err := event.Decode(message)
		require.ErrorIs(t, err, event.ErrMessage)
		assert.NotContains(t, err.Error(), "tok_secret")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(event.Encode(sample([]byte("body"))))
	f.Add(event.Encode(byReference()))
	f.Fuzz(func(t *testing.T, message string) {
		e, err := event.Decode(message)
		if err != nil {
			require.ErrorIs(t, err, event.ErrMessage)
			return
		}
		again, err := event.Decode(event.Encode(e))
		require.NoError(t, err)
		assert.Equal(t, event.Encode(e), event.Encode(again), "an empty map and nil are equal")
	})
}

func TestExpiry(t *testing.T) {
	received := time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC)
	assert.Equal(t, time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC).Unix(), event.Expiry(received, 30))
	assert.Zero(t, event.Expiry(received, 0), "kept for ever")
}
