package paypal

import (
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/envelope"
)

// Provider is PayPal. It remembers the certificates that it has seen, across
// all verifiers that it makes.
type Provider struct {
	certificates *certificates
	bodies       *envelope.Reader[body]
}

var _ provider.Provider = Provider{}

// New is PayPal, whose certificates fetch gets; see NewFetcher. CheckHeaders
// fetches nothing.
func New(fetch Fetch) Provider {
	return Provider{certificates: newCertificates(fetch), bodies: envelope.NewReader[body]()}
}

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider { return contract.PayPal() }

// CheckHeaders implements provider.Provider: each header stands once and is
// well formed, the algorithm is SHA256withRSA, the certificate's URL is one of
// PayPal's, and the time is within thirty days before and five minutes after
// now.
func (Provider) CheckHeaders(h provider.Header, now time.Time) error {
	_, err := checkHeaders(h, now)
	return err
}

// Verifier implements provider.Provider. The document is
// {"webhooks":[{"label":"…","webhookId":"…","environment":"live"}]}, with
// "sandbox" for the other environment; every entry is live. An optional
// "certUrls" lists URLs of certificates that are looked up however many unknown
// ones others name. An optional "extraRootsPem" holds certificates in PEM: those
// that are self-signed are trusted as authorities beside the system's, others
// complete chains.
func (p Provider) Verifier(document []byte) (provider.Verifier, error) {
	s, err := parseSecret(document)
	if err != nil {
		return nil, err
	}
	return verifier{secret: s, certificates: p.certificates}, nil
}
