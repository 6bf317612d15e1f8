package square

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// skew is how far ahead of ours Square's clock may be where a bound is set.
const skew = 5 * time.Minute

// verifier holds the live entries of one secret document.
type verifier struct{ subscriptions []subscription }

// Verify implements provider.Verifier: one HMAC for each entry, compared in
// constant time. The body is parsed only afterwards, and only for the bound of
// the entry that matches. Square signs no empty body; square-go-sdk takes one
// for valid whatever its signature.
func (v verifier) Verify(_ context.Context, h provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	signature, err := checkHeader(h)
	if err != nil {
		return provider.Origin{}, err
	}
	if len(body) == 0 {
		return provider.Origin{}, fmt.Errorf("%w: the body is empty", provider.SignatureMismatch)
	}
	err = fmt.Errorf("%w: it is not of one of %d keys, each with its notification URL",
		provider.SignatureMismatch, len(v.subscriptions))
	for _, s := range v.subscriptions {
		if !hmac.Equal(mac(s.SignatureKey, *s.NotificationURL, body), signature[:]) {
			continue
		}
		// Another entry may hold the same key and URL with a wider bound.
		if err = checkAge(body, s.maxAge(), now); err == nil {
			return provider.Origin{Endpoint: s.Label, Livemode: new(s.Environment == live)}, nil
		}
	}
	return provider.Origin{}, err
}

// checkAge bounds the age of a body by its own created_at, which is signed with
// it. A body without a readable created_at passes: a bad date fails no event,
// and its event_id is still taken once.
func checkAge(body []byte, most time.Duration, now time.Time) error {
	if most == 0 {
		return nil
	}
	var b struct {
		CreatedAt decode.Member `json:"created_at"`
	}
	_ = decode.Unmarshal(body, &b) // what is not JSON is quarantined by Event
	created := b.CreatedAt.RFC3339()
	if created == 0 {
		return nil
	}
	switch age := now.Sub(time.UnixMilli(created)); {
	case age > most:
		return fmt.Errorf("%w: created more than %v ago", provider.TimestampStale, most)
	case age < -skew:
		return fmt.Errorf("%w: created more than %v ahead", provider.TimestampFuture, skew)
	}
	return nil
}

// mac is Square's signature: HMAC-SHA256 over the notification URL and the raw
// body behind it, keyed with the signature key as it is shown
// (developer.squareup.com/docs/webhooks/step3validate).
func mac(key, notificationURL string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(notificationURL))
	h.Write(body)
	return h.Sum(nil)
}
