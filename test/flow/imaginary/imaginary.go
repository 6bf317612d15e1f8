// Package imaginary implements a provider that does not exist. It signs the time
// and the body with an Ed25519 key.
//
// The flow test copies this package into a copy of the repository, to show what
// a further provider takes. It lives outside testdata so that it is compiled
// with everything else.
package imaginary

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

const name = "imaginary"

// Provider implements provider.Provider.
type Provider struct{}

// New returns the provider.
func New() Provider { return Provider{} }

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider {
	all := contract.Providers()
	i := slices.IndexFunc(all, func(p contract.Provider) bool { return p.Name == name })
	return all[i]
}

// CheckHeaders implements provider.Provider.
func (Provider) CheckHeaders(h provider.Header, now time.Time) error {
	_, _, err := headers(h, now)
	return err
}

func headers(h provider.Header, now time.Time) (stamp string, signature []byte, err error) {
	if stamp, err = h.Value("Imaginary-Time"); err != nil {
		return "", nil, err
	}
	text, err := h.Value("Imaginary-Signature")
	if err != nil {
		return "", nil, err
	}
	signature, err = base64.StdEncoding.DecodeString(text)
	seconds, timeErr := strconv.ParseInt(stamp, 10, 64)
	if err != nil || timeErr != nil {
		return "", nil, provider.HeaderMalformed
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > time.Minute {
		return "", nil, provider.TimestampStale
	}
	return stamp, signature, nil
}

// Verifier implements provider.Provider. The document is a public key in base64,
// as a JSON string.
func (Provider) Verifier(document []byte) (provider.Verifier, error) {
	var key []byte
	if json.Unmarshal(document, &key) != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: not a public key", provider.SecretMalformed)
	}
	return verifier(key), nil
}

type verifier ed25519.PublicKey

func (v verifier) Verify(_ context.Context, h provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	stamp, signature, err := headers(h, now)
	if err != nil {
		return provider.Origin{}, err
	}
	if !ed25519.Verify(ed25519.PublicKey(v), append([]byte(stamp+"\n"), body...), signature) {
		return provider.Origin{}, provider.SignatureMismatch
	}
	return provider.Origin{Endpoint: name}, nil
}

// Signer implements provider.Signer.
type Signer struct{ Key ed25519.PrivateKey }

// Sign implements provider.Signer.
func (s Signer) Sign(body []byte, at time.Time) (map[string]string, error) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signature := ed25519.Sign(s.Key, append([]byte(stamp+"\n"), body...))
	return map[string]string{
		"Imaginary-Time":      stamp,
		"Imaginary-Signature": base64.StdEncoding.EncodeToString(signature),
	}, nil
}

// Event implements provider.Provider.
func (Provider) Event(body []byte, o provider.Origin) (event.Event, error) {
	var notice struct {
		Notice, Payment string
		Seconds         int64
	}
	if json.Unmarshal(body, &notice) != nil || notice.Notice == "" {
		return event.Event{}, provider.EnvelopeUnreadable
	}
	return event.Event{
		Schema:    event.Schema,
		ID:        event.NewID(name, notice.Notice),
		Provider:  name,
		Endpoint:  o.Endpoint,
		Timestamp: notice.Seconds * 1000,
		Type:      "paid",
		Category:  event.PaymentSucceeded,
		PaymentID: notice.Payment,
	}, nil
}

// EventTypes implements provider.Provider.
func (Provider) EventTypes() []provider.EventType {
	return []provider.EventType{{Name: "paid", Category: event.PaymentSucceeded, Counts: true}}
}

// SameEvent implements provider.Provider. Deliveries have equal bytes.
func (Provider) SameEvent(event.Event, event.Event) bool { return false }
