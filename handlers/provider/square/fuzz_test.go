package square_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

// FuzzCheckHeaders: any header is either accepted or rejected with a reason,
// and an accepted one is the one spelling of its bytes.
func FuzzCheckHeaders(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.Headers["x-square-hmacsha256-signature"])
	}
	f.Add(strings.Repeat("A", 42) + "B=")
	f.Add(strings.Repeat("A", 39) + "=\n\n\n\n")
	f.Add(strings.Repeat("=,", 4000))

	f.Fuzz(func(t *testing.T, value string) {
		err := square.New("").CheckHeaders(signed(value), epoch)
		if err != nil {
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
			return
		}
		assert.Regexp(t, `^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$`, value)
	})
}

// FuzzVerifier: any document either becomes a verifier that accepts what each
// of its keys signs, or is refused as empty or malformed.
func FuzzVerifier(f *testing.F) {
	f.Add([]byte(`{"subscriptions":[{"label":"main","signatureKey":"a","environment":"live"},{"label":"x","signatureKey":"b","environment":"sandbox","notificationUrl":"https://example.com","maxAgeHours":72}]}`))
	f.Add([]byte(`{"subscriptions":[{"label":"","signatureKey":7,"maxAgeHours":{}}],"subscriptions":[null]}`))
	f.Add([]byte(`{"subscriptions":{"label":"main"}}`))
	f.Add([]byte("\ufeff{}"))
	f.Add([]byte(" "))

	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := square.New(endpointURL).Verifier(text)
		if err != nil {
			assert.Equal(t, provider.Unavailable, provider.ReasonOf(err).Class(), "%v", err)
			assert.Nil(t, v)
			return
		}
		var content struct {
			Subscriptions []struct {
				SignatureKey    string
				NotificationURL *string
			}
		}
		_ = json.Unmarshal(text, &content) // values of wrong types are skipped, as Verifier does
		assert.NotEmpty(t, content.Subscriptions)
		for _, s := range content.Subscriptions {
			signedFor := endpointURL
			if s.NotificationURL != nil {
				signedFor = *s.NotificationURL
			}
			origin, err := v.Verify(t.Context(), signed(square.Sign([]byte(`{}`), s.SignatureKey, signedFor)), []byte(`{}`), epoch)
			assert.NoError(t, err)
			assert.NotEmpty(t, origin.Endpoint)
			assert.NotNil(t, origin.Livemode)
		}
	})
}

// FuzzVerify: a body passes under its own signature only, and within its bound.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"event_id":"1"}`), []byte(`{"event_id":"2"}`), int64(1775001600))
	f.Add([]byte(`{"created_at":"2026-04-01T00:00:00Z"}`), []byte{0}, int64(1775001600))
	f.Add([]byte(`{"created_at":"0000-01-01T00:00:00Z","created_at":7}`), []byte("\xff"), int64(-1<<62))
	f.Add([]byte{}, []byte{}, int64(1<<62))

	f.Fuzz(func(t *testing.T, body, other []byte, now int64) {
		v := newVerifier(t,
			entry{Label: "bound", Key: "bound", Environment: "live", URL: url, MaxAge: 24},
			entry{Label: "free", Key: "free", Environment: "sandbox", URL: url})

		header := signed(square.Sign(body, "free", url))
		origin, err := v.Verify(t.Context(), header, body, time.Unix(now, 0))
		if len(body) == 0 {
			assert.ErrorIs(t, err, provider.SignatureMismatch)
		} else {
			assert.NoError(t, err)
			assert.Equal(t, provider.Origin{Endpoint: "free", Livemode: new(false)}, origin)
		}
		if !bytes.Equal(body, other) {
			_, err = v.Verify(t.Context(), header, other, time.Unix(now, 0))
			assert.ErrorIs(t, err, provider.SignatureMismatch)
		}

		origin, err = v.Verify(t.Context(), signed(square.Sign(body, "bound", url)), body, time.Unix(now, 0))
		if err != nil {
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
			assert.Empty(t, origin)
		}
	})
}

// FuzzEvent: any body is an event that fits everywhere it goes, or is
// quarantined.
func FuzzEvent(f *testing.F) {
	addFixtures(f, func(body []byte) { f.Add(body) })
	f.Add([]byte(`{"event_id":"..","type":"a","created_at":-1}`))
	f.Add([]byte("{\"event_id\":\"a\",\"type\":\"\xff\",\"data\":{\"type\":\"payment\",\"object\":{\"payment\":{\"total_money\":{\"amount\":1e999}}}}}"))
	f.Add([]byte(strings.Repeat(`{"data":`, 20000)))

	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := square.New("").Event(body, provider.Origin{Endpoint: "main"})
		if err != nil {
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class(), "%v", err)
			assert.Empty(t, e)
			return
		}
		assert.Regexp(t, `^square:[A-Za-z0-9_.-]{1,255}$`, e.ID)
		assert.NotContains(t, e.ID, "..")
		assert.Regexp(t, `^[ -~]{1,255}$`, e.Type)
		assert.True(t, e.Category.Valid(), e.Category)
		assert.GreaterOrEqual(t, e.Timestamp, int64(0))
		assert.Equal(t, e.Amount == "", e.Currency == "")
		for _, text := range []string{e.ObjectType, e.ObjectID, e.ObjectStatus, e.PaymentID, e.Account} {
			assert.LessOrEqual(t, len(text), 255)
		}
		for name, id := range e.Related {
			assert.NotEmpty(t, id, name)
			assert.LessOrEqual(t, len(id), 255)
		}
		e.Payload, e.PayloadSHA256 = body, event.HashPayload(body) // as the processor completes it
		decoded, err := event.Decode(event.Encode(e))
		require.NoError(t, err)
		assert.Equal(t, body, append([]byte{}, decoded.Payload...), "the bytes survive")
		assert.True(t, square.New("").SameEvent(body, body))
	})
}

// FuzzSameEvent: the answer does not depend on the order of the two.
func FuzzSameEvent(f *testing.F) {
	addFixtures(f, func(body []byte) {
		f.Add(body, bytes.Replace(body, []byte(`"version": 1`), []byte(`"version": 2`), 1))
	})
	f.Add([]byte(`{"a":1}`), []byte(`{"a":1.0}`))
	f.Add([]byte(`null`), []byte(``))

	f.Fuzz(func(t *testing.T, a, b []byte) {
		s := square.New("")
		assert.Equal(t, s.SameEvent(a, b), s.SameEvent(b, a))
		assert.True(t, s.SameEvent(a, a))
		if !json.Valid(a) && !bytes.Equal(a, b) {
			assert.False(t, s.SameEvent(a, b))
		}
	})
}

func addFixtures(f *testing.F, add func([]byte)) {
	f.Helper()
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(f, err)
	for _, file := range files {
		add(readFile(f, file))
	}
}
