// Package provider says what paysluice needs of a payment provider: a header
// check, a signature check over raw bytes and a normaliser. Each provider is a
// package of its own below this one; package providers lists them.
//
// Everything here is a pure function of bytes, headers, a secret document and
// a clock; no AWS package is imported.
package provider

import (
	"context"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Provider takes in the webhooks of one payment provider.
type Provider interface {
	// Descriptor names the provider.
	Descriptor() contract.Provider

	// CheckHeaders is gate 1: could a request with these headers carry a valid
	// signature at the time now? The error is a Reason of class Rejected.
	CheckHeaders(h Header, now time.Time) error

	// Verifier reads the provider's secret document (docs/secrets.md) as it
	// stands in Secrets Manager. The error is SecretMalformed and names what
	// is wrong without repeating any of the document.
	Verifier(document []byte) (Verifier, error)

	// Event normalises a body that a Verifier vouched for (docs/events.md). It
	// leaves to the caller what is not the provider's to say: receivedAt,
	// requestId, payload and payloadSha256. The error is a Reason of class
	// Quarantined.
	Event(body []byte, o Origin) (event.Event, error)

	// SameEvent reports whether two bodies with the same event id and time are
	// deliveries of one event, apart from what the provider is known to change
	// between deliveries.
	SameEvent(a, b []byte) bool
}

// Verifier is gate 2: it checks signatures against all live entries of a
// secret.
type Verifier interface {
	// Verify checks headers, as CheckHeaders does, and then the signature over
	// the raw body. The error is a Reason: SignatureMismatch when no entry
	// matches, which a newer secret may cure.
	Verify(ctx context.Context, h Header, body []byte, now time.Time) (Origin, error)
}

// Origin is what a verified signature says about where a body came from.
type Origin struct {
	// Endpoint is the label of the secret's entry that verified the body.
	Endpoint string
	// Livemode is that entry's environment; nil where the body itself says it.
	Livemode *bool
}
