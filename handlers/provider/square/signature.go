package square

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// skew is how far Square's clock may be ahead of ours where an age is bounded.
const skew = 5 * time.Minute

// sum is a signature.
type sum [sha256.Size]byte

// checkHeader reads the signature header.
func checkHeader(h provider.Header) (sum, error) {
	name := contract.Square().SignatureHeaders[0]
	value, err := h.Value(name)
	if err != nil {
		return sum{}, err
	}
	s, ok := parseSum(value)
	if !ok {
		return sum{}, fmt.Errorf("%s: %w: not %d bytes in base64", name, provider.HeaderMalformed, len(s))
	}
	return s, nil
}

// parseSum accepts one spelling of each sum, the one that Square's libraries
// compare with.
func parseSum(text string) (s sum, ok bool) {
	encoding := base64.StdEncoding.Strict()
	if len(text) != encoding.EncodedLen(len(s)) {
		return s, false
	}
	decoded, err := encoding.DecodeString(text)
	if err != nil || len(decoded) != len(s) {
		return s, false
	}
	return sum(decoded), true
}

// verifier checks signatures against the entries of one secret document.
type verifier struct {
	keys          int              // entries of the document
	subscriptions []subscription   // the entries, then those that the API's own URL is for too
	endpointURL   string           // the stack's own, for diagnoses
	newHash       func() hash.Hash // of SHA-256; tests count what it hashes
}

// Verify implements provider.Verifier. It computes one HMAC for each entry and URL, and
// compares it in constant time. It parses the body only after an entry matches, and
// once, for the age bound. An empty body is rejected: Square signs none, and square-go-sdk
// accepts it whatever its signature.
func (v verifier) Verify(_ context.Context, h provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	signature, err := checkHeader(h)
	if err != nil {
		return provider.Origin{}, err
	}
	if len(body) == 0 {
		return provider.Origin{}, fmt.Errorf("%w: the body is empty", provider.SignatureMismatch)
	}
	err = fmt.Errorf("%w: it matches none of %d keys with their notification URLs",
		provider.SignatureMismatch, v.keys)
	created := sync.OnceValue(func() int64 { return createdAt(body) })
	for _, s := range v.subscriptions {
		if !hmac.Equal(macOf(v.newHash, s.SignatureKey, *s.NotificationURL, body), signature[:]) {
			continue
		}
		// Another entry may have the same key and URL with a wider bound.
		if err = checkAge(created(), s.maxAge(), now); err == nil {
			return provider.Origin{Endpoint: s.Label, Livemode: new(s.Environment == live)}, nil
		}
	}
	return provider.Origin{}, err
}

// checkAge bounds the age of a body by its created_at in epoch milliseconds, which is
// signed with it. A body without a readable created_at, 0, passes: a bad date fails no event, and the
// event_id is accepted once anyway.
func checkAge(created int64, most time.Duration, now time.Time) error {
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

// createdAt returns the body's created_at in epoch milliseconds, 0 if it cannot be
// read.
func createdAt(body []byte) int64 {
	var b struct {
		CreatedAt decode.Member `json:"created_at"`
	}
	_ = decode.Unmarshal(body, &b) // Event quarantines a body that is not JSON
	return b.CreatedAt.Time()
}

// mac returns Square's signature: HMAC-SHA256 over the notification URL and the
// raw body, keyed with the signature key as Square shows it
// (developer.squareup.com/docs/webhooks/step3validate).
func mac(key, notificationURL string, body []byte) []byte {
	return macOf(sha256.New, key, notificationURL, body)
}

func macOf(newHash func() hash.Hash, key, notificationURL string, body []byte) []byte {
	h := hmac.New(newHash, []byte(key))
	h.Write([]byte(notificationURL))
	h.Write(body)
	return h.Sum(nil)
}

// Signer implements provider.Signer for Square.
type Signer struct {
	SignatureKey string // of a webhook subscription
	// NotificationURL is the URL of the subscription, byte for byte.
	NotificationURL string
}

var _ provider.Signer = Signer{}

// Sign implements provider.Signer. Square signs no time. The error is nil.
func (s Signer) Sign(body []byte, _ time.Time) (map[string]string, error) {
	sum := mac(s.SignatureKey, s.NotificationURL, body)
	return map[string]string{contract.Square().SignatureHeaders[0]: base64.StdEncoding.EncodeToString(sum)}, nil
}
