package providertest

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// FuzzCheckHeaders changes one header of a genuine request. CheckHeaders rejects the
// request with a reason, or accepts it, and then accepted checks the header.
func (s Suite) FuzzCheckHeaders(f *testing.F, accepted func(t *testing.T, name, value string)) {
	genuine := Sign(s.Senders[0].Signer, []byte(`{}`), s.Now)
	names := s.Descriptor.SignatureHeaders
	for i, name := range names {
		f.Add(uint8(i), genuine[name], int64(0))
		f.Add(uint8(i), strings.Repeat("\xff,=", 4000), int64(-1<<62))
	}
	for _, row := range s.HeaderValues {
		f.Add(uint8(0), row.Value, int64(300))
	}
	f.Fuzz(func(t *testing.T, i uint8, value string, later int64) {
		name := names[int(i)%len(names)]
		h := maps.Clone(genuine)
		h[name] = value
		if err := s.Provider.CheckHeaders(Header(h), time.Unix(s.Now.Unix()+later, 0)); err != nil {
			assert.Equal(t, provider.Rejected, provider.ReasonOf(err).Class(), "%v", err)
			return
		}
		accepted(t, name, value)
	})
}

// FuzzVerifier reads any secret document. Verifier refuses it as empty or malformed, or
// returns a verifier, which check then tries.
func (s Suite) FuzzVerifier(f *testing.F, check func(t *testing.T, document []byte, v provider.Verifier)) {
	f.Add([]byte(s.document(s.Senders...)))
	for _, row := range s.Documents {
		f.Add([]byte(row.Document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		v, err := s.Provider.Verifier(document)
		if err != nil {
			assert.Equal(t, provider.Unavailable, provider.ReasonOf(err).Class(), "%v", err)
			assert.Nil(t, v)
			return
		}
		check(t, document, v)
	})
}

// FuzzVerify verifies bodies with their own and with another body's signature.
func (s Suite) FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"id":"evt_1"}`), []byte(`{"id":"evt_2"}`))
	f.Add([]byte{}, []byte{0})
	f.Add([]byte("\xff"), []byte("\xff"))
	same := s.SameSignature
	if same == nil {
		same = bytes.Equal
	}
	v := s.verifier(f, s.Senders...)
	sender := s.Senders[1]

	f.Fuzz(func(t *testing.T, body, other []byte) {
		h := Header(Sign(sender.Signer, body, s.Now))
		origin, err := v.Verify(t.Context(), h, body, s.Now)
		if len(body) == 0 && s.RejectsEmptyBody {
			assert.ErrorIs(t, err, provider.SignatureMismatch)
		} else {
			assert.NoError(t, err)
			origin.SignedSHA256 = "" // depends on the body
			assert.Equal(t, sender.Origin, origin)
		}
		if !same(body, other) {
			_, err = v.Verify(t.Context(), h, other, s.Now)
			assert.ErrorIs(t, err, provider.SignatureMismatch)
		}
	})
}

// FuzzEvent reads any body. Event quarantines it, or returns an event that fits into the
// table, the bucket and a message.
func (s Suite) FuzzEvent(f *testing.F) {
	for _, body := range fixtures(f) {
		f.Add(body)
	}
	f.Add([]byte(strings.Replace(s.body("\xff", s.Object("a", `"amount":1e999`)), "evt_1", "..", 1)))
	f.Add([]byte(strings.Repeat(`{"data":`, 20000)))

	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := s.Provider.Event(body, provider.Origin{Endpoint: "shop"})
		if err != nil {
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class(), "%v", err)
			assert.Empty(t, e)
			return
		}
		assert.Regexp(t, "^"+s.Descriptor.Name+":[A-Za-z0-9_.-]{1,255}$", e.ID)
		assert.NotContains(t, e.ID, "..")
		assert.Regexp(t, `^[ -~]{1,255}$`, e.Type)
		assert.True(t, e.Category.Valid(), e.Category)
		assert.GreaterOrEqual(t, e.Timestamp, int64(0))
		assert.Equal(t, e.Amount == "", e.Currency == "")
		assert.NotContains(t, e.Amount, "-")
		for _, text := range []string{e.ObjectType, e.ObjectID, e.ObjectStatus, e.PaymentID, e.Account, e.APIVersion} {
			assert.LessOrEqual(t, len(text), 255)
		}
		for name, id := range e.Related {
			assert.NotEmpty(t, id, name)
			assert.LessOrEqual(t, len(id), 255)
		}
		e.Payload, e.PayloadSHA256 = body, event.HashPayload(body) // as the processor completes it
		decoded, err := event.Decode(event.Encode(e))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(body, decoded.Payload), "the bytes survive")
	})
}

// FuzzSameEvent compares the events of any two bodies in both orders, with and
// without the hashes that were made at their receipt.
func (s Suite) FuzzSameEvent(f *testing.F) {
	for _, body := range fixtures(f) {
		f.Add(body, bytes.Replace(body, []byte(`1`), []byte(`2`), 1))
	}
	for _, row := range s.Same {
		f.Add([]byte(s.body("A.B", row.A)), []byte(s.body("A.B", row.B)))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		a, errA := s.Provider.Event(first, provider.Origin{})
		b, errB := s.Provider.Event(second, provider.Origin{})
		if errA != nil || errB != nil {
			t.Skip("only events are compared")
		}
		a.Payload, b.Payload = first, second
		same := s.Provider.SameEvent(a, b)
		assert.Equal(t, same, s.Provider.SameEvent(b, a))
		a.ContentSHA256 = ""
		assert.Equal(t, same, s.Provider.SameEvent(a, b))
		if same {
			assert.Equal(t, []string{a.Type, a.ObjectID}, []string{b.Type, b.ObjectID})
		}
	})
}
