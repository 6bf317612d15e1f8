package stripe_test

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
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// FuzzCheckHeaders: any header is either accepted or rejected with a reason,
// and an accepted one is within the window.
func FuzzCheckHeaders(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.Headers["Stripe-Signature"], v.Now)
	}
	f.Add("t=1775001600 ,\tv1="+strings.Repeat("Ab", 32), int64(1775001300))
	f.Add(strings.Repeat("t=1,", 4000), int64(0))
	f.Add("t=999999999999,v1=\xff", int64(-1<<62))

	f.Fuzz(func(t *testing.T, value string, now int64) {
		err := stripe.New().CheckHeaders(signed(value), time.Unix(now, 0))
		if err != nil {
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
			return
		}
		assert.True(t, strings.Contains(value, "v1="))
		assert.LessOrEqual(t, len(value), 16<<10)
		later := stripe.New().CheckHeaders(signed(value), time.Unix(now+601, 0))
		assert.ErrorIs(t, later, provider.TimestampStale)
	})
}

// FuzzVerifier: any document either becomes a verifier that accepts what each
// of its secrets signs, or is refused as empty or malformed.
func FuzzVerifier(f *testing.F) {
	f.Add([]byte(`{"endpoints":[{"label":"main","secret":"whsec_a"},{"label":"main","secret":"whsec_b"}]}`))
	f.Add([]byte(`{"endpoints":[{"label":"","secret":7}],"endpoints":[null]}`))
	f.Add([]byte(`{"endpoints":{"label":"main"}}`))
	f.Add([]byte("\ufeff{}"))
	f.Add([]byte(" "))

	f.Fuzz(func(t *testing.T, document []byte) {
		v, err := stripe.New().Verifier(document)
		if err != nil {
			assert.Equal(t, provider.Unavailable, provider.ReasonOf(err).Class(), "%v", err)
			assert.Nil(t, v)
			return
		}
		var content struct{ Endpoints []entry }
		_ = json.Unmarshal(document, &content) // values of wrong types are skipped, as Verifier does
		assert.NotEmpty(t, content.Endpoints)
		for _, e := range content.Endpoints {
			origin, err := v.Verify(t.Context(), signed(stripe.Sign(document, e.Secret, epoch)), document, epoch)
			assert.NoError(t, err)
			assert.NotEmpty(t, origin.Endpoint)
		}
	})
}

// FuzzVerify: a body passes under its own signature only.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"id":"evt_1"}`), []byte(`{"id":"evt_2"}`), ",v0=00")
	f.Add([]byte{}, []byte{0}, "")
	f.Add([]byte("\xff"), []byte("\xff"), ",t=1")

	f.Fuzz(func(t *testing.T, body, other []byte, tail string) {
		v := newVerifier(t, entry{"old", "whsec_old"}, entry{"new", "whsec_new"})
		header := stripe.Sign(body, "whsec_new", epoch)

		origin, err := v.Verify(t.Context(), signed(header), body, epoch)
		assert.NoError(t, err)
		assert.Equal(t, "new", origin.Endpoint)

		_, err = v.Verify(t.Context(), signed(header+tail), other, epoch)
		if !bytes.Equal(body, other) {
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
		}
		_, err = v.Verify(t.Context(), signed(tail), body, epoch)
		assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
	})
}

// FuzzEvent: any body is an event that fits everywhere it goes, or is
// quarantined.
func FuzzEvent(f *testing.F) {
	addFixtures(f, func(body []byte) { f.Add(body) })
	f.Add([]byte(`{"id":"..","type":"a","created":-1}`))
	f.Add([]byte("{\"id\":\"a\",\"type\":\"\xff\",\"data\":{\"object\":{\"amount\":1e999}}}"))
	f.Add([]byte(strings.Repeat(`{"data":`, 20000)))

	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := stripe.New().Event(body, provider.Origin{Endpoint: "main"})
		if err != nil {
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class(), "%v", err)
			assert.Empty(t, e)
			return
		}
		assert.Regexp(t, `^stripe:[A-Za-z0-9_.-]{1,255}$`, e.ID)
		assert.NotContains(t, e.ID, "..")
		assert.Regexp(t, `^[ -~]{1,255}$`, e.Type)
		assert.True(t, e.Category.Valid(), e.Category)
		assert.GreaterOrEqual(t, e.Timestamp, int64(0))
		assert.Equal(t, e.Amount == "", e.Currency == "")
		for _, text := range []string{e.ObjectType, e.ObjectID, e.ObjectStatus, e.PaymentID, e.Account, e.APIVersion} {
			assert.LessOrEqual(t, len(text), 255)
		}
		for name, id := range e.Related {
			assert.NotEmpty(t, id, name)
			assert.LessOrEqual(t, len(id), 255)
		}
		decoded, err := event.Decode(event.Encode(withPayload(e, body)))
		require.NoError(t, err)
		assert.Equal(t, body, append([]byte{}, decoded.Payload...), "the bytes survive")
		assert.True(t, stripe.New().SameEvent(body, body))
	})
}

// FuzzSameEvent: the answer does not depend on the order of the two.
func FuzzSameEvent(f *testing.F) {
	addFixtures(f, func(body []byte) {
		f.Add(body, bytes.Replace(body, []byte(`"pending_webhooks": 1`), []byte(`"pending_webhooks": 0`), 1))
	})
	f.Add([]byte(`{"api_version":"a"}`), []byte(`{"api_version":"b"}`))
	f.Add([]byte(`{"a":1}`), []byte(`{"a":1.0}`))
	f.Add([]byte(`null`), []byte(``))

	f.Fuzz(func(t *testing.T, a, b []byte) {
		s := stripe.New()
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

// withPayload is the event as the processor completes it.
func withPayload(e event.Event, body []byte) event.Event {
	e.Payload, e.PayloadSHA256 = body, event.HashPayload(body)
	return e
}
