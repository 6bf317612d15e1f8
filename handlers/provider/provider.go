// Package provider defines what a payment provider implements: a header check, a
// signature check over raw bytes, and the translation of a body into an event.
// Each provider is a package of its own below this one; package all lists them.
//
// Everything here is a function of bytes, headers, a secret document and a clock.
// No AWS package is imported.
package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Provider receives the webhooks of one payment provider. docs/architecture.md
// says how to add one.
type Provider interface {
	// Descriptor returns the provider's names and headers.
	Descriptor() contract.Provider

	// CheckHeaders reports whether a request with these headers can have a valid
	// signature at the time now. It is all that the authorizer can check, because
	// an authorizer gets no body; a provider that signs inside the body returns
	// nil. The error is a Reason of class Rejected.
	CheckHeaders(h Header, now time.Time) error

	// Verifier reads the provider's secret document (docs/secrets.md). The error
	// is SecretEmpty or SecretMalformed; it names each problem and repeats nothing
	// of the document.
	Verifier(document []byte) (Verifier, error)

	// Event translates a verified body (docs/events.md). The caller adds
	// receivedAt, requestId, payload and payloadSha256. The error is a Reason of
	// class Quarantined: the body is not an event, has no readable type or an id
	// that cannot be a key.
	Event(body []byte, o Origin) (event.Event, error)

	// EventTypes returns the types whose events can have another category than Other,
	// sorted by name.
	EventTypes() []EventType

	// SameEvent reports whether two events with one id and time, whose bodies are
	// not equal bytes, are one event: their content is equal apart from members
	// that the provider is known to change (docs/events.md). It needs bounded memory
	// for any two bodies.
	SameEvent(stored, incoming event.Event) bool
}

// EventType is an event type in the provider's vocabulary.
type EventType struct {
	Name string
	// Category is the category of an event about an object in no known state.
	Category event.Category
	// Counts reports whether events of the type can change a sum of money: one that is
	// paid, refunded, disputed or paid out (docs/events.md).
	Counts bool
}

// Verifier checks signatures against all entries of a secret.
type Verifier interface {
	// Verify checks the headers, as CheckHeaders does, and then the signature over
	// the raw body. A provider that signs inside the body (Adyen's
	// additionalData.hmacSignature) reads it from the body here. The error is a
	// Reason: SignatureMismatch when no entry matches, which a newer secret may
	// cure.
	Verify(ctx context.Context, h Header, body []byte, now time.Time) (Origin, error)
}

// A Signer signs bodies as a provider does for one entry of its secret. Each
// provider's package has one. Tests and tools that play the provider use it; the
// functions sign nothing.
type Signer interface {
	// Sign returns the headers that the provider adds to a body that it sends at a
	// time, by name.
	Sign(body []byte, at time.Time) (map[string]string, error)
}

// Origin is the information about a body that follows from its verified signature.
type Origin struct {
	// Endpoint is the label of the entry that verified the body.
	Endpoint string
	// Livemode is the environment of that entry, or nil if it names none.
	Livemode *bool
	// StoreOtherMode reports whether an event whose body has another mode than
	// Livemode is stored all the same, marked. By default it is quarantined.
	StoreOtherMode bool
	// SignedSHA256 becomes the field of that name of event.Event.
	SignedSHA256 string
}

// Set finds a provider by its name or path.
type Set []Provider

// ErrUnknown is returned for a name that is not a registered provider.
var ErrUnknown = errors.New("unknown provider")

// ByName returns the provider with a name. The error is ErrUnknown.
func (s Set) ByName(name string) (Provider, error) {
	for _, p := range s {
		if p.Descriptor().Name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
}

// ByPath returns the provider of an API resource, such as "/stripe". The error is
// PathUnknown.
func (s Set) ByPath(resource string) (Provider, error) {
	for _, p := range s {
		if "/"+p.Descriptor().Path == resource {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", PathUnknown, resource)
}
