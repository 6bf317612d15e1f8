// Package source lists the events that a payment provider made, through the
// provider's API: the other side of a reconciliation.
//
// It does without the providers' SDKs, because they lose what is needed here.
// square-go-sdk decodes an event and encodes it again, which drops unknown members
// and changes large numbers; stripe-go does not repeat a request that was answered
// 429 or 503; PayPal has no SDK for Go.
package source

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// ErrNoRedelivery reports a provider whose public API cannot deliver an event again.
var ErrNoRedelivery = errors.New("the provider has no API that delivers an event again")

// Listed is an event as the provider's API lists it.
type Listed struct {
	// Body is the event's element of the response, byte for byte.
	Body []byte
	// Account is the connected account whose events were asked for.
	Account string
	// APIVersion is the version of a body that does not name it.
	APIVersion string
}

// A Source is a provider's API.
type Source interface {
	// List returns the events that were made between two times, both included. It
	// may return further ones, and one twice. An error ends the sequence.
	List(ctx context.Context, from, to time.Time) iter.Seq2[Listed, error]
	// Subscription returns what the provider sends to a URL. The error is ErrNotFound
	// without an endpoint that has exactly this URL.
	Subscription(ctx context.Context, url string) (Subscription, error)
	// Redeliver asks the provider to deliver an event of its own id again. The error is
	// ErrNoRedelivery if its public API has no such call.
	Redeliver(ctx context.Context, id string, s Subscription) error
	// Settled reports whether a listed body says that no delivery of its event to a URL is
	// pending. It is false if the body does not say.
	Settled(body []byte, url string) bool
	// Lists reports whether List has events of a type.
	Lists(eventType string) bool
	// Facts returns what is known about the list.
	Facts() Facts
}

// Facts describe a provider's list of events. docs/reconciling.md has the sources.
type Facts struct {
	// Retention is how far back events are listed.
	Retention time.Duration
	// Margin is the age from which the list is complete and a delivery is due.
	Margin time.Duration
	// Retries is how long the provider repeats a delivery that failed.
	Retries time.Duration
	// Live reports whether the key sees live events, false for a sandbox.
	Live bool
}

const day = 24 * time.Hour

// margin covers the clocks of provider and stack, the seconds until an event is
// listed, and the first delivery. Others end their windows 5 s to 5 min before now
// (singer-io/tap-stripe#45, estuary/connectors#2731).
const margin = 10 * time.Minute

// Subscription describes the events that a provider sends to a URL.
type Subscription struct {
	URL string
	// IDs are the endpoints with this URL.
	IDs []string
	// Types are the event types, with * as the provider's wildcard.
	Types []string
	// Explicit are the event types that the type * does not include.
	Explicit []string
	// Created is when the first of them was made, zero if unknown.
	Created time.Time
}

// Expects reports whether an event of a type was due at the time at.
func (s Subscription) Expects(eventType string, at time.Time) bool {
	return !at.Before(s.Created) && slices.ContainsFunc(s.Types, func(pattern string) bool {
		prefix, wild := strings.CutSuffix(pattern, "*")
		wild = wild && (prefix != "" || !slices.Contains(s.Explicit, eventType))
		return pattern == eventType || wild && strings.HasPrefix(eventType, prefix)
	})
}

// Options configure a Source.
type Options struct {
	Key Key
	// URL replaces the address of the provider's API.
	URL string
	// Account is a connected account (Stripe) or a merchant (Square).
	Account string
	// Thin also lists Stripe's thin events.
	Thin  bool
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// Transport sends the requests; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Notify receives a line for each repeated request. It never has a key.
	Notify func(text string)
}

// ErrAccount reports a provider whose events cannot be chosen by account.
var ErrAccount = errors.New("PayPal lists the events of one app: use the key of the account's own app")

// New returns the source of a provider.
func New(p contract.Provider, o Options) (Source, error) {
	switch p.Name {
	case contract.Stripe().Name:
		return newStripe(o)
	case contract.PayPal().Name:
		return newPayPal(o)
	}
	return newSquare(o)
}
