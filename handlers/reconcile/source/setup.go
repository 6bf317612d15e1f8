package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// ErrHidden reports what a provider's API does not show or cannot do.
var ErrHidden = errors.New("the provider's API does not show it")

// ErrOtherAccounts is an ErrNotFound: endpoints have the URL, and get only events of other
// accounts than the compared one.
var ErrOtherAccounts = fmt.Errorf("%w for this account", ErrNotFound)

// Endpoint is a webhook endpoint as the provider has it.
type Endpoint struct {
	ID, URL string
	// Types are the event types that it subscribes, with * as the provider's wildcard.
	Types []string
	// Disabled says why the provider sends it nothing. It is empty for an enabled one.
	Disabled string
	// APIVersion is the version of its bodies, "" for the account's or for none.
	APIVersion string
	// Created is when it was made, zero if unknown.
	Created time.Time
	// Thin reports whether it gets events without their object (Stripe).
	Thin bool
	// Accounts is OwnAccount or ConnectedAccounts for an endpoint of Stripe that gets only
	// events of the account itself, or of the accounts connected to it; else "".
	Accounts string
}

// Values of Endpoint.Accounts.
const (
	OwnAccount        = "own"
	ConnectedAccounts = "connected"
)

// A Setup is a Source that also shows how webhooks are configured. It returns the errors of
// a Source, and ErrHidden.
type Setup interface {
	Source
	// Endpoints returns all endpoints of the account or app, disabled ones too.
	Endpoints(ctx context.Context) ([]Endpoint, error)
	// ThinEndpoints returns the endpoints of thin events. It can repeat those that Endpoints
	// returns, with the reason why they are disabled. The error is ErrHidden if there is no such kind.
	ThinEndpoints(ctx context.Context) ([]Endpoint, error)
	// SigningKey returns what the secret's entry of an endpoint must have: Square's
	// signature key, PayPal's webhook id.
	SigningKey(ctx context.Context, e Endpoint) (string, error)
	// Undelivered lists the provider's ids of the events in [from, to] that an endpoint
	// with a URL has not received. Whether a delivery is repeated is not documented. An
	// error ends the sequence; ErrHidden comes at the end if no listed event says whether
	// it was delivered.
	Undelivered(ctx context.Context, url string, from, to time.Time) iter.Seq2[string, error]
	// EnableSearch makes the provider list the events from now on.
	EnableSearch(ctx context.Context) error
}

// NewSetup returns the setup of a provider.
func NewSetup(p contract.Provider, o Options) (Setup, error) {
	s, err := New(p, o)
	if err != nil {
		return nil, err
	}
	return s.(Setup), nil
}

// subscription returns what the provider sends to a URL. The error is ErrNotFound without
// an endpoint that has exactly this URL.
func subscription(all []Endpoint, url string) (Subscription, error) {
	found := Subscription{URL: url}
	for _, e := range all {
		if e.URL != url {
			continue
		}
		if len(found.IDs) == 0 || e.Created.Before(found.Created) {
			found.Created = e.Created
		}
		found.IDs = append(found.IDs, e.ID)
		found.Types = append(found.Types, e.Types...)
	}
	if len(found.IDs) == 0 {
		return found, fmt.Errorf("%w: no webhook endpoint with the URL %s in this account and mode", ErrNotFound, url)
	}
	return found, nil
}

// without returns the endpoints of more that are not in all.
func without(more, all []Endpoint) []Endpoint {
	return slices.DeleteFunc(slices.Clone(more), func(e Endpoint) bool {
		return slices.ContainsFunc(all, func(o Endpoint) bool { return o.ID == e.ID })
	})
}

// hidden is a sequence of one ErrHidden.
func hidden(yield func(string, error) bool) { yield("", ErrHidden) }
