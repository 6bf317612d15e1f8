package verification_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/capture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/verification"
	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

const (
	url   = "https://hooks.example.com/square"
	body  = `{"id":"evt_1","object":"event","type":"charge.succeeded","created":1775001600,"livemode":true,"data":{"object":{}}}`
	event = `{"event_id":"1","type":"payment.updated","created_at":"2026-04-01T00:00:00Z","data":{}}`
)

var now = time.Unix(1775001600, 0)

func signed(s provider.Signer, body string) capture.Request {
	return capture.Request{Header: providertest.Header(providertest.Sign(s, []byte(body), now)), Body: []byte(body)}
}

// TestVerify: what the processor answers, and why.
func TestVerify(t *testing.T) {
	stripeRequest := signed(stripe.Signer{Secret: "whsec_hush"}, body)
	moved := signed(square.Signer{SignatureKey: "hush", NotificationURL: url + "/"}, event)
	moved.URL = url
	refused := capture.Request{Header: providertest.Header(map[string]string{
		"PAYPAL-TRANSMISSION-ID": "a", "PAYPAL-TRANSMISSION-TIME": now.UTC().Format(time.RFC3339), "PAYPAL-TRANSMISSION-SIG": "AAAA",
		"PAYPAL-AUTH-ALGO": "SHA256withRSA", "PAYPAL-CERT-URL": "https://api.sandbox.example.com/x",
	})}
	document := func(members string) string {
		return `{"endpoints":[{"label":"main","secret":"whsec_hush"` + members + `}]}`
	}
	for _, row := range []struct {
		why      string
		provider contract.Provider
		request  capture.Request
		secret   string
		other    string
		accepted bool
		reason   provider.Reason
		cause    provider.Cause
	}{
		{"a document", contract.Stripe(), stripeRequest, document(``), "", true, "", ""},
		{"a key", contract.Stripe(), stripeRequest, "whsec_hush\r\n", "", true, "", ""},
		{"another mode", contract.Stripe(), stripeRequest, document(`,"environment":"sandbox"`), "", true, provider.OtherMode, ""},
		{"another mode that is stored", contract.Stripe(), stripeRequest, document(`,"environment":"sandbox","otherMode":"store"`), "", true, "", ""},
		{"not an event", contract.Stripe(), signed(stripe.Signer{Secret: "whsec_hush"}, "hello"), "whsec_hush", "", true, provider.EnvelopeUnreadable, ""},
		{"the key of another secret", contract.Stripe(), stripeRequest, "whsec_x", document(``), false, provider.SignatureMismatch, provider.OtherKey},
		{"a key with white space", contract.Stripe(), stripeRequest, " whsec_hush", "", false, provider.SecretMalformed, provider.KeyForm},
		{"a wrong key with white space", contract.Stripe(), stripeRequest, " whsec_x", "", false, provider.SecretMalformed, provider.KeyForm},
		{"Square's URL of the capture", contract.Square(), moved, "hush", "", false, provider.SignatureMismatch, provider.OtherURL},
		{"PayPal's sandbox", contract.PayPal(), refused, "hushID", "", false, provider.CertURLRefused, provider.Certificate},
	} {
		c := verification.Case{Provider: row.provider, Request: row.request, Now: now, Secret: verification.Secret{Name: "s", Text: []byte(row.secret)}}
		if row.other != "" {
			c.Others = []verification.Secret{{Name: "the other", Text: []byte(row.other)}}
		}
		r, err := verification.Verify(t.Context(), c)
		require.NoError(t, err, row.why)
		assert.Equal(t, row.accepted, r.Accepted, row.why)
		assert.Equal(t, row.reason, r.Reason, row.why)
		if row.cause != "" {
			assert.Equal(t, row.cause, r.Diagnosis.Cause, row.why)
		} else {
			assert.Nil(t, r.Diagnosis)
		}
	}
	// A stack with a domain takes what Square signs for the API's own URL.
	own := verification.Case{Provider: contract.Square(), Request: moved, Now: now, Secret: verification.Secret{Text: []byte("hush")}, EndpointURL: url, APIURL: url + "/"}
	r, err := verification.Verify(t.Context(), own)
	require.NoError(t, err)
	assert.True(t, r.Accepted, r.Detail)

	// A local stack has a PayPal of its own.
	authority := paypaltest.NewAuthority(now)
	leaf := authority.Issue(paypaltest.LiveName, now)
	const certURL = "https://api.paypal.com/v1/notifications/certs/CERT-1"
	c := verification.Case{
		Provider: contract.PayPal(), Now: now,
		Request: signed(paypal.Signer{Key: leaf.Key, CertURL: certURL, WebhookID: "hushID"}, `{"id":"WH-1","event_type":"X","create_time":"2026-04-01T00:00:00Z"}`),
		PayPal:  &local.PayPal{CertURL: certURL, Certificate: leaf.PEM(), Intermediate: authority.Intermediate.PEM(), Root: authority.Root.PEM()},
	}
	for secret, accepted := range map[string]bool{"hushID": true, "hush": false} {
		c.Secret.Text = []byte(secret)
		r, err := verification.Verify(t.Context(), c)
		require.NoError(t, err)
		assert.Equal(t, accepted, r.Accepted, r.Detail)
	}
	c = verification.Case{Provider: contract.Stripe(), Request: stripeRequest, Now: now, Secret: verification.Secret{Name: "the file", Text: []byte(`{}`)}}
	_, err = verification.Verify(t.Context(), c)
	assert.ErrorIs(t, err, provider.SecretMalformed)
	assert.ErrorContains(t, err, "the file: ")
	c.Others, c.Secret.Text = []verification.Secret{{Name: "another", Text: nil}}, []byte("whsec_x")
	_, err = verification.Verify(t.Context(), c)
	assert.ErrorIs(t, err, provider.SecretEmpty)
	_, err = verification.Verify(t.Context(), verification.Case{Provider: contract.Provider{Name: "adyen"}})
	assert.ErrorIs(t, err, provider.ErrUnknown)
}
