// Package senders plays the payment providers: each makes webhooks of a payment
// that has succeeded, and signs them with secrets of its own.
package senders

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// Mark is in every secret and every payload, so that one that gets into a log
// can be found there.
const Mark = "marked"

// Sender is a provider that is played.
type Sender struct {
	Provider contract.Provider
	// Stale is an age at which a signature is refused; 0 for a provider that
	// signs no time.
	Stale time.Duration
	// SignatureHeader is the header of Header's that holds the signature.
	SignatureHeader string

	// NewID is the provider's id of a new event.
	NewID func() string
	// Body is an event about a payment of that many hundredths of a dollar,
	// made at that time: epoch milliseconds, of which whole seconds are sent.
	Body func(id string, cents int, created int64) []byte
	// Redelivered is the body as a later delivery of it may look.
	Redelivered func(body []byte) []byte
	// NewSecret is what one entry of the secret holds.
	NewSecret func() string
	// Document is a secret with an entry for each of secrets.
	Document func(secrets ...string) any
	// Header is how the provider sends the body at that time.
	Header func(body []byte, secret string, at time.Time) http.Header
}

// EventID is the event.Event's ID of the provider's event id.
func (s Sender) EventID(id string) string { return event.NewID(s.Provider.Name, id) }

// Created is when events are made unless their order matters, epoch
// milliseconds.
const Created = 1_780_000_000_000

// Stripe plays Stripe.
func Stripe() Sender {
	header := contract.Stripe().IdentityHeaders[0]
	return Sender{
		Provider:        contract.Stripe(),
		Stale:           10 * time.Minute,
		SignatureHeader: header,
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
		Header: func(body []byte, secret string, at time.Time) http.Header {
			return headers(map[string]string{header: stripe.Sign(body, secret, at)})
		},
	}
}

// PayPal plays PayPal with certificates of an authority, which hosts, if there
// are any, serve in the place of PayPal's own. Functions get there by hosts'
// proxy, and trust the authority's root.
func PayPal(authority *paypaltest.Authority, hosts *paypaltest.Hosts) Sender {
	certURL := "https://api.paypal.com/v1/notifications/certs/CERT-" + rand.Text()
	leaf := authority.Issue(paypaltest.LiveName, time.Now())
	if hosts != nil {
		hosts.Serve(certURL, leaf.PEM())
	}
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
			document["extraRootsPem"] = string(authority.Intermediate.PEM())
			return document
		},
		Header: func(body []byte, secret string, at time.Time) http.Header {
			signed, err := paypal.Signer{Key: leaf.Key, CertURL: certURL, WebhookID: secret}.Sign(body, rand.Text(), at)
			if err != nil {
				panic(err) // a key that was just made does not fail
			}
			return headers(signed)
		},
	}
}

// Square plays Square, which signs the URL that it sends to.
func Square(url string) Sender {
	header := contract.Square().IdentityHeaders[0]
	return Sender{
		Provider:        contract.Square(),
		SignatureHeader: header,
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
		Header: func(body []byte, secret string, _ time.Time) http.Header {
			return headers(map[string]string{header: square.Sign(body, secret, url)})
		},
	}
}

// entries is a secret document with a labelled entry for each secret.
func entries(list string, secrets []string, entry func(string) map[string]string) map[string]any {
	all := []map[string]string{}
	for _, secret := range secrets {
		e := entry(secret)
		e["label"] = "test"
		all = append(all, e)
	}
	return map[string]any{list: all}
}

func headers(signed map[string]string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	for name, value := range signed {
		h.Set(name, value)
	}
	return h
}
