package square

import (
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Provider is Square.
type Provider struct{ endpointURL string }

var _ provider.Provider = Provider{}

// New is Square. endpointURL is the URL at which this stack takes Square's
// POSTs, for the secret's entries that name no notificationUrl; with "" each of
// them has to.
func New(endpointURL string) Provider {
	return Provider{endpointURL: endpointURL}
}

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider { return contract.Square() }

// CheckHeaders implements provider.Provider: x-square-hmacsha256-signature
// stands once and is the base64 of a SHA-256 sum. The older
// x-square-signature, a SHA-1 sum that Square still sends, is not looked at.
func (Provider) CheckHeaders(h provider.Header, _ time.Time) error {
	_, err := checkHeader(h)
	return err
}

// Verifier implements provider.Provider. The document is
//
//	{"subscriptions":[{
//	  "label":           "…",
//	  "signatureKey":    "…",
//	  "environment":     "live" or "sandbox",
//	  "notificationUrl": "https://…",
//	  "maxAgeHours":     72
//	}]}
//
// and every entry is live; two may share a label. notificationUrl is the URL
// as Square has it, byte for byte, and may be left out where it is the
// stack's own. maxAgeHours may be left out: then an event of any age passes.
func (p Provider) Verifier(document []byte) (provider.Verifier, error) {
	subscriptions, err := parseSecret(document, p.endpointURL)
	if err != nil {
		return nil, err
	}
	return verifier{subscriptions: subscriptions}, nil
}
