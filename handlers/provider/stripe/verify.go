package stripe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// verifier holds the live secrets of one secret document.
type verifier struct{ endpoints []endpoint }

// Verify implements provider.Verifier: one HMAC for each secret, compared in
// constant time with each v1 signature. The body is not parsed.
func (v verifier) Verify(_ context.Context, h provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	s, err := checkHeader(h, now)
	if err != nil {
		return provider.Origin{}, err
	}
	for _, e := range v.endpoints {
		expected := mac(e.Secret, s.stamp, body)
		for i := range s.v1 {
			if hmac.Equal(expected, s.v1[i][:]) {
				return provider.Origin{Endpoint: e.Label}, nil
			}
		}
	}
	return provider.Origin{}, fmt.Errorf("%w: none of %d v1 signatures is of one of %d secrets",
		provider.SignatureMismatch, len(s.v1), len(v.endpoints))
}

// mac is Stripe's v1 signature: HMAC-SHA256 over "{t}.{body}", keyed with the
// whole text of the secret, whsec_ included (docs.stripe.com/webhooks, "Verify
// webhook signatures manually").
func mac(secret, stamp string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(stamp))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}
