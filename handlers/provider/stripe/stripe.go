package stripe

import (
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Provider is Stripe.
type Provider struct{}

var _ provider.Provider = Provider{}

// New is Stripe; it has no settings.
func New() Provider { return Provider{} }

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider { return contract.Stripe() }

// CheckHeaders implements provider.Provider: the Stripe-Signature header stands
// once, is well formed, and its time is within five minutes of now.
func (Provider) CheckHeaders(h provider.Header, now time.Time) error {
	_, err := checkHeader(h, now)
	return err
}

// Verifier implements provider.Provider. The document is
// {"endpoints":[{"label":"…","secret":"whsec_…"}]}; every entry is live. Two
// entries may share a label: the old and the new secret of one endpoint.
func (Provider) Verifier(document []byte) (provider.Verifier, error) {
	endpoints, err := parseSecret(document)
	if err != nil {
		return nil, err
	}
	return verifier{endpoints: endpoints}, nil
}
