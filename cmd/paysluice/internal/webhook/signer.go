// Package webhook plays a provider towards a stack: it signs bodies as an entry of
// the stack's secret asks for, posts them, and finds what became of them.
package webhook

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

var (
	// ErrPayPal reports that nobody but PayPal can sign for a stack.
	ErrPayPal = errors.New("only PayPal can sign PayPal's webhooks, because only PayPal has the private key of its certificates: " +
		"send to the stack of make up with --local, or resend an event from PayPal's developer dashboard")
	// ErrEntry reports that the secret has no entry with a label.
	ErrEntry = errors.New("the secret has no such entry")
	// ErrProvider reports a provider that cannot be played.
	ErrProvider = errors.New("no signer for this provider")
)

// Options say who signs for which stack.
type Options struct {
	Provider contract.Provider
	// Secret is the secret document, or one signing secret, of which a document is
	// made.
	Secret []byte
	// Label chooses the entry of the document that signs; "" is the first.
	Label string
	// URL is the provider's URL of the stack, which Square signs.
	URL string
	// PayPal plays PayPal's hosts; it is nil on AWS.
	PayPal *local.PayPal
}

// A Sender makes the requests of one provider.
type Sender struct {
	Label string // of the entry that signs
	// Live reports whether the entry is for live events.
	Live     bool
	provider provider.Provider
	verifier provider.Verifier
	signer   provider.Signer
	forger   provider.Signer // has another secret
	// stale is the age at which a request is refused; with unsigned time, the age of
	// its body.
	stale    time.Duration
	bodyTime string // path of the time in the body that replaces a signed one
}

// New returns the sender for a secret. The error is provider.SecretEmpty or
// SecretMalformed, secrets.ErrMalformed, ErrEntry, ErrPayPal or ErrProvider.
func New(o Options) (*Sender, error) {
	p, err := all.All(all.Settings{EndpointURL: o.URL, FetchCertificate: o.fetch}).ByName(o.Provider.Name)
	if err != nil {
		return nil, err
	}
	text := o.document()
	verifier, err := p.Verifier(text)
	if err != nil {
		return nil, err
	}
	document, err := secrets.Parse(o.Provider, text, o.URL)
	if err != nil {
		return nil, err
	}
	e, err := choose(document, o.Label)
	if err != nil {
		return nil, err
	}
	s := &Sender{Label: e.Label, Live: e.Environment == "live", provider: p, verifier: verifier}
	return s, s.sign(o, e)
}

// document returns the secret document. A single secret becomes the only entry. The
// root of the local PayPal, which only the functions trust, is added to PayPal's.
func (o Options) document() []byte {
	text := []byte(strings.TrimSpace(string(o.Secret)))
	if len(text) > 0 && text[0] != '{' {
		environment := "live"
		if o.Provider.Name == contract.Stripe().Name { // its entries may have none
			environment = ""
		}
		text = secrets.FromKey(o.Provider, string(text), environment, "")
	}
	if o.PayPal == nil || o.Provider.Name != contract.PayPal().Name {
		return text
	}
	return secrets.WithRoots(text, o.PayPal.Intermediate, o.PayPal.Root)
}

// choose returns the entry with a label, or the first.
func choose(document secrets.Document, label string) (secrets.Entry, error) {
	var labels []string
	for _, e := range document.Entries() {
		if label == "" || e.Label == label {
			return e, nil
		}
		labels = append(labels, e.Label)
	}
	return secrets.Entry{}, fmt.Errorf("%w: %q; its labels are %s", ErrEntry, label, strings.Join(labels, ", "))
}

// maxAge is the age of a Square event that an entry without maxAgeHours refuses
// (docs/secrets.md).
const maxAge = 72

// sign sets the signers and what makes a request stale.
func (s *Sender) sign(o Options, e secrets.Entry) error {
	switch o.Provider.Name {
	case contract.Stripe().Name:
		s.signer = stripe.Signer{Secret: e.Key}
		s.forger = stripe.Signer{Secret: "whsec_" + rand.Text()}
		s.stale = 10 * time.Minute
	case contract.Square().Name:
		url := o.URL
		if e.NotificationURL != "" {
			url = e.NotificationURL
		}
		s.signer = square.Signer{SignatureKey: e.Key, NotificationURL: url}
		s.forger = square.Signer{SignatureKey: rand.Text(), NotificationURL: url}
		s.bodyTime = "created_at"
		s.stale = time.Duration(max(e.MaxAgeHours, maxAge)+1) * time.Hour
	case contract.PayPal().Name:
		if o.PayPal == nil {
			return ErrPayPal
		}
		key, err := x509.ParsePKCS8PrivateKey(o.PayPal.Key)
		if err != nil {
			return fmt.Errorf("the key of the local PayPal: %w", err)
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return fmt.Errorf("the key of the local PayPal is a %T, which cannot sign", key)
		}
		s.signer = paypal.Signer{Key: signer, CertURL: o.PayPal.CertURL, WebhookID: e.Key}
		s.forger = paypal.Signer{Key: signer, CertURL: o.PayPal.CertURL, WebhookID: rand.Text()}
		s.stale = 31 * 24 * time.Hour
	default:
		return fmt.Errorf("%w: %s", ErrProvider, o.Provider.Name)
	}
	return nil
}

// fetch answers for PayPal's hosts with the local certificate.
func (o Options) fetch(context.Context, string) ([]byte, error) {
	if o.PayPal == nil {
		return nil, ErrPayPal
	}
	return o.PayPal.Certificate, nil
}
