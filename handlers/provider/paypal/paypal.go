// Package paypal takes PayPal's webhooks: it checks the PAYPAL-* headers, fetches
// and verifies the certificate that a header names, verifies the RSA signature,
// and translates the body into an event.Event.
//
// Verification is offline; PayPal is asked only for certificates. PayPal signs
// the CRC-32 of the body, not the body. Whoever holds one genuine transmission
// can therefore construct another body with the same CRC that verifies. Verify
// returns a hash of the signed text, by which the consumer accepts one body for each
// signature (docs/security.md).
//
// Sources: developer.paypal.com/api/rest/webhooks/rest for the signature, the
// schemas of github.com/paypal/paypal-rest-api-specifications, named by file, for
// bodies, and testdata/event_types.txt for event types.
package paypal

import (
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Provider implements provider.Provider for PayPal. All its verifiers share one
// certificate cache.
type Provider struct {
	keys  *keyCache
	rules provider.Rules[resource]
}

var _ provider.Provider = Provider{}

// New returns PayPal's provider. Its verifiers fetch certificates with fetch, see
// NewFetcher, and share them with other instances through store. Without a store, each
// process fetches and counts for itself. To check headers and to compare events, fetch
// may be nil too.
func New(fetch Fetch, store Store) Provider {
	return Provider{keys: newKeyCache(fetch, store), rules: rules()}
}

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider { return contract.PayPal() }

// EventTypes implements provider.Provider.
func (p Provider) EventTypes() []provider.EventType { return p.rules.EventTypes() }

// CheckHeaders implements provider.Provider. Each header must be present once
// and well formed, the algorithm SHA256withRSA, the certificate's URL one of
// PayPal's and the transmission time within the accepted window. It fetches
// nothing.
func (Provider) CheckHeaders(h provider.Header, now time.Time) error {
	_, err := parseHeaders(h, now)
	return err
}

// Verifier implements provider.Provider. The document is
// {"webhooks":[{"label":"…","webhookId":"…","environment":"live"}]}, where the
// environment is "live" or "sandbox" and every entry is in use. The optional
// "certUrls" lists certificate URLs that are exempt from the limit on unknown
// ones. The optional "extraRootsPem" holds PEM certificates: self-signed ones
// become trusted roots, the others complete chains.
func (p Provider) Verifier(document []byte) (provider.Verifier, error) {
	s, err := parseSecret(document)
	if err != nil {
		return nil, err
	}
	return verifier{secret: s, keys: p.keys}, nil
}
