// Package senders plays the payment providers. Each sender makes webhooks about
// a succeeded payment and signs them.
package senders

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// Mark is part of every secret and payload, so that a test can find them in a
// log.
const Mark = "marked"

// Sender plays one provider.
type Sender struct {
	Provider contract.Provider
	// Stale is the age at which a signature is rejected; 0 for a provider that
	// signs no time.
	Stale time.Duration
	// SignatureHeader is the name of the header that holds the signature.
	SignatureHeader string

	// NewID returns a new event id of the provider.
	NewID func() string
	// Body returns an event about a payment in hundredths of a dollar, created
	// at a time in epoch milliseconds. Providers send whole seconds.
	Body func(id string, cents int, created int64) []byte
	// Redelivered returns the body as the provider may send it the next time.
	Redelivered func(body []byte) []byte
	// NewSecret returns a new signing secret.
	NewSecret func() string
	// Document returns a secret document with an entry for each secret.
	Document func(secrets ...string) any
	// Signer returns the signer of a secret.
	Signer func(secret string) provider.Signer
}

// Header returns the headers that the provider sends with body at a time.
func (s Sender) Header(body []byte, secret string, at time.Time) http.Header {
	signed, err := s.Signer(secret).Sign(body, at)
	if err != nil {
		panic(err) // cannot fail with a valid key
	}
	h := http.Header{"Content-Type": {"application/json"}}
	for name, value := range signed {
		h.Set(name, value)
	}
	return h
}

// EventID returns the event.Event ID for the provider's event id.
func (s Sender) EventID(id string) string { return event.NewID(s.Provider.Name, id) }

// Created is the creation time of events whose order does not matter, in epoch
// milliseconds: a minute before the program started.
var Created = time.Now().Add(-time.Minute).Truncate(time.Second).UnixMilli()

// Stripe plays Stripe.
func Stripe() Sender {
	return Sender{
		Provider:        contract.Stripe(),
		Stale:           10 * time.Minute,
		SignatureHeader: contract.Stripe().SignatureHeaders[0],
		NewID:           func() string { return "evt_" + rand.Text() },
		NewSecret:       func() string { return "whsec_" + Mark + rand.Text() },
		Body: func(id string, cents int, created int64) []byte {
			return fmt.Appendf(nil, `{"id":%q,"object":"event","api_version":"2026-01-28","created":%d,"livemode":false,`+
				`"pending_webhooks":2,"type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent",`+
				`"amount":%[3]d,"amount_received":%[3]d,"currency":"usd","status":"succeeded","description":%[4]q}}}`,
				id, created/1000, cents, Mark)
		},
		Redelivered: func(body []byte) []byte {
			return []byte(strings.Replace(string(body), `"pending_webhooks":2`, `"pending_webhooks":1`, 1))
		},
		Document: func(secrets ...string) any {
			return entries("endpoints", secrets, func(secret string) map[string]string {
				return map[string]string{"secret": secret}
			})
		},
		Signer: func(secret string) provider.Signer { return stripe.Signer{Secret: secret} },
	}
}

// IssuePayPal issues a PayPal certificate. hosts, if not nil, serve it in place
// of PayPal's. Functions reach them through hosts' proxy and must trust
// authority's root.
func IssuePayPal(authority *paypaltest.Authority, hosts *paypaltest.Hosts) local.PayPal {
	leaf := authority.Issue(paypaltest.LiveName, time.Now())
	c := local.PayPal{
		CertURL:     "https://api.paypal.com/v1/notifications/certs/CERT-" + rand.Text(),
		Certificate: leaf.PEM(), Intermediate: authority.Intermediate.PEM(), Root: authority.Root.PEM(),
	}
	var err error
	if c.Key, err = x509.MarshalPKCS8PrivateKey(leaf.Key); err != nil {
		panic(err) // cannot fail for a new RSA key
	}
	if hosts != nil {
		hosts.Serve(c.CertURL, c.Certificate)
	}
	return c
}

// PayPal plays PayPal with a certificate of authority, which hosts serve.
func PayPal(authority *paypaltest.Authority, hosts *paypaltest.Hosts) Sender {
	return PayPalWith(IssuePayPal(authority, hosts))
}

// PayPalWith plays PayPal with the certificate c.
func PayPalWith(c local.PayPal) Sender {
	parsed, err := x509.ParsePKCS8PrivateKey(c.Key)
	if err != nil {
		panic(err) // IssuePayPal encoded it
	}
	key := parsed.(crypto.Signer)
	return Sender{
		Provider:        contract.PayPal(),
		Stale:           31 * 24 * time.Hour,
		SignatureHeader: "PAYPAL-TRANSMISSION-SIG",
		NewID:           func() string { return "WH-" + rand.Text() },
		NewSecret:       func() string { return Mark + rand.Text() },
		Body: func(id string, cents int, created int64) []byte {
			return fmt.Appendf(nil, `{"id":%q,"event_version":"1.0","create_time":%q,"resource_type":"capture","resource_version":"2.0",`+
				`"event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"pi_1","status":"COMPLETED","note":%q,`+
				`"amount":{"currency_code":"USD","value":"%d.%02d"}},"links":[]}`,
				id, time.UnixMilli(created).UTC().Format(time.RFC3339), Mark, cents/100, cents%100)
		},
		Redelivered: func(body []byte) []byte { return body },
		Document: func(secrets ...string) any {
			document := entries("webhooks", secrets, func(secret string) map[string]string {
				return map[string]string{"webhookId": secret, "environment": "live"}
			})
			// PayPal serves the leaf alone.
			document["extraRootsPem"] = string(c.Intermediate)
			return document
		},
		Signer: func(secret string) provider.Signer {
			return paypal.Signer{Key: key, CertURL: c.CertURL, WebhookID: secret}
		},
	}
}

// Square plays Square, which signs url with the body.
func Square(url string) Sender {
	return Sender{
		Provider:        contract.Square(),
		SignatureHeader: contract.Square().SignatureHeaders[0],
		NewID:           func() string { return rand.Text() },
		NewSecret:       func() string { return Mark + rand.Text() },
		Body: func(id string, cents int, created int64) []byte {
			return fmt.Appendf(nil, `{"merchant_id":"MER1","type":"payment.updated","event_id":%q,"created_at":%q,`+
				`"data":{"type":"payment","id":"pi_1","object":{"payment":{"id":"pi_1","status":"COMPLETED","note":%q,`+
				`"total_money":{"amount":%d,"currency":"USD"}}}}}`,
				id, time.UnixMilli(created).UTC().Format(time.RFC3339), Mark, cents)
		},
		Redelivered: func(body []byte) []byte { return body },
		Document: func(secrets ...string) any {
			return entries("subscriptions", secrets, func(secret string) map[string]string {
				return map[string]string{"signatureKey": secret, "environment": "sandbox"}
			})
		},
		Signer: func(secret string) provider.Signer {
			return square.Signer{SignatureKey: secret, NotificationURL: url}
		},
	}
}

// entries returns a secret document with a labelled entry for each secret.
func entries(list string, secrets []string, entry func(string) map[string]string) map[string]any {
	all := []map[string]string{}
	for _, secret := range secrets {
		e := entry(secret)
		e["label"] = "test"
		all = append(all, e)
	}
	return map[string]any{list: all}
}
