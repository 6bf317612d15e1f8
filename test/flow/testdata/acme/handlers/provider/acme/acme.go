// Package acme is a made-up provider: it signs the time and the body with an
// Ed25519 key, and tells which event of which payment it is in three fields.
package acme

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Provider implements provider.Provider.
type Provider struct{}

// New returns it.
func New() Provider { return Provider{} }

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider { return contract.Acme() }

// CheckHeaders implements provider.Provider.
func (Provider) CheckHeaders(h provider.Header, now time.Time) error {
	_, _, err := headers(h, now)
	return err
}

func headers(h provider.Header, now time.Time) (stamp string, signature []byte, err error) {
	if stamp, err = h.One("Acme-Time"); err != nil {
		return "", nil, err
	}
	text, err := h.One("Acme-Signature")
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

// Verifier implements provider.Provider; the document is a public key, a JSON
// string in base64.
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
	return provider.Origin{Endpoint: "acme"}, nil
}

// Event implements provider.Provider.
func (Provider) Event(body []byte, o provider.Origin) (event.Event, error) {
	var said struct {
		Notice, Payment string
		Seconds         int64
	}
	if json.Unmarshal(body, &said) != nil || said.Notice == "" {
		return event.Event{}, provider.EnvelopeUnreadable
	}
	return event.Event{
		Schema:    event.Schema,
		ID:        event.NewID("acme", said.Notice),
		Provider:  "acme",
		Endpoint:  o.Endpoint,
		Timestamp: said.Seconds * 1000,
		Type:      "paid",
		Category:  event.PaymentSucceeded,
		PaymentID: said.Payment,
	}, nil
}

// SameEvent implements provider.Provider.
func (Provider) SameEvent(a, b []byte) bool { return string(a) == string(b) }
