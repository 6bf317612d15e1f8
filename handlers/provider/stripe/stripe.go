// Package stripe verifies and reads Stripe's webhooks: the Stripe-Signature
// header, the HMAC over the raw body, and Event objects, snapshot or thin.
//
// The signature check is not stripe-go's, because stripe-go takes one secret a
// call, accepts timestamps in the future and rejects bodies of another API
// version. The tests compare the two.
//
// Sources: docs.stripe.com/webhooks (signature), docs.stripe.com/api/events
// (snapshot events), docs.stripe.com/api/v2/core/events (thin events),
// docs.stripe.com/currencies (minor units).
package stripe

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// Provider implements provider.Provider for Stripe. Make it with New.
type Provider struct{ rules provider.Rules[object] }

var _ provider.Provider = Provider{}

// New returns Stripe's provider. It has no settings.
func New() Provider { return Provider{rules: rules()} }

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider { return contract.Stripe() }

// EventTypes implements provider.Provider. A thin twin has the name of its snapshot
// event without its prefix.
func (p Provider) EventTypes() []provider.EventType { return p.rules.EventTypes() }

// CheckHeaders implements provider.Provider. The Stripe-Signature header must
// occur once and be well formed, with a time within five minutes of now.
func (Provider) CheckHeaders(h provider.Header, now time.Time) error {
	_, err := checkHeader(h, now)
	return err
}

// Verifier implements provider.Provider. The document is
//
//	{"endpoints":[{
//	  "label":       "…",
//	  "secret":      "whsec_…",
//	  "environment": "live" or "sandbox",  // optional: the mode of its events
//	  "otherMode":   "archive" or "store"  // optional: for events of another mode
//	}]}
//
// Every entry is in force. Two entries may have one label: the old and the new
// secret of an endpoint.
func (Provider) Verifier(document []byte) (provider.Verifier, error) {
	endpoints, err := readSecret(document)
	if err != nil {
		return nil, err
	}
	return verifier{endpoints: endpoints, newHash: sha256.New}, nil
}

// secretExample is shown for a secret that was never filled.
const secretExample = `{"endpoints":[{"label":"…","secret":"whsec_…"}]}`

// endpoint is an entry of the secret document: the signing secret of a webhook
// endpoint and the operator's name for it.
type endpoint struct {
	Label  string `json:"label"`
	Secret string `json:"secret"`

	// A value of another type is a problem and not an absent member, which would
	// turn the check off.
	Environment jsontext.Value `json:"environment"`
	OtherMode   jsontext.Value `json:"otherMode"`
}

// Values of optional members, as they are in the document.
const (
	live    = `"live"`
	archive = `"archive"` // the default
	store   = `"store"`
)

func readSecret(document []byte) ([]endpoint, error) {
	var content struct {
		Endpoints []endpoint `json:"endpoints"`
	}
	if err := decode.Secret(document, secretExample, &content); err != nil {
		return nil, err
	}
	return content.Endpoints, decode.CheckEntries("endpoints", content.Endpoints, endpoint.problems)
}

// problems does not ask for the prefix whsec_, because the secrets in the tests
// of Stripe's libraries have none.
func (e endpoint) problems() []string {
	problems := []string{decode.CheckLabel(e.Label), decode.CheckText("secret", e.Secret)}
	if e.Environment != nil {
		problems = append(problems, decode.CheckEnvironment(strings.Trim(string(e.Environment), `"`)))
	}
	switch other := string(e.OtherMode); {
	case other == "":
	case other != archive && other != store:
		problems = append(problems, `"otherMode" is neither "archive" nor "store"`)
	case e.Environment == nil:
		problems = append(problems, `"otherMode" needs an "environment"`)
	}
	return problems
}

// origin returns the origin of a body that the entry verified.
func (e endpoint) origin() provider.Origin {
	o := provider.Origin{Endpoint: e.Label, StoreOtherMode: string(e.OtherMode) == store}
	if e.Environment != nil {
		o.Livemode = new(string(e.Environment) == live)
	}
	return o
}
