package workload

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

const (
	endpointURL = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/live/square"
	certURL     = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"
	webhookID   = "4JH86294D6297924G"
	signingKey  = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH"
)

// webhook is one signed body with the provider that takes it.
type webhook struct {
	name     string
	provider provider.Provider
	body     []byte
	header   map[string]string
	secret   string // the document, as it stands in Secrets Manager
	// floor is the cryptography of the signature.
	floor Run
}

// newWebhooks are one of each provider, of 2.1 to 2.8 KB: a payment that has
// succeeded, as each provider's reference shows it.
func newWebhooks(root string) ([]webhook, error) {
	var all []webhook
	for _, w := range []struct {
		of      contract.Provider
		fixture string
		sign    func(body []byte) (webhook, error)
	}{
		{contract.Stripe(), "charge.succeeded-direct", signedByStripe},
		{contract.PayPal(), "PAYMENT.CAPTURE.COMPLETED", signedByPayPal},
		{contract.Square(), "payment.updated-completed", signedBySquare},
	} {
		body, err := os.ReadFile(filepath.Join(root, "handlers", "provider", w.of.Name, "testdata", "events", w.fixture+".json"))
		if err != nil {
			return nil, err
		}
		signed, err := w.sign(body)
		if err != nil {
			return nil, err
		}
		signed.name, signed.body = w.of.Name, body
		all = append(all, signed)
	}
	return all, nil
}

func signedByStripe(body []byte) (webhook, error) {
	return webhook{
		provider: stripe.New(),
		header:   map[string]string{contract.Stripe().IdentityHeaders[0]: stripe.Sign(body, signingKey, now())},
		secret:   fmt.Sprintf(`{"endpoints":[{"label":"main","secret":%q}]}`, signingKey),
		floor:    hmacOf(signingKey, body),
	}, nil
}

// signedByPayPal is after an environment's first webhook, whose certificate has
// been fetched: the work of all the others.
func signedByPayPal(body []byte) (webhook, error) {
	authority := paypaltest.NewAuthority(now())
	leaf := authority.Issue(paypaltest.LiveName, now())
	header, err := paypal.Signer{Key: leaf.Key, CertURL: certURL, WebhookID: webhookID}.
		Sign(body, "69cd13f0-d67a-11e5-baa3-778b53f4ae55", now())
	if err != nil {
		return webhook{}, err
	}
	floor, err := rsaVerification(leaf.Key, body)
	if err != nil {
		return webhook{}, err
	}
	return webhook{
		provider: paypal.New(func(context.Context, string) ([]byte, error) { return leaf.PEM(), nil }),
		header:   header,
		secret: fmt.Sprintf(`{"webhooks":[{"label":"main","webhookId":%q,"environment":"live"}],"extraRootsPem":%q}`,
			webhookID, append(authority.Root.PEM(), authority.Intermediate.PEM()...)),
		floor: floor,
	}, nil
}

func signedBySquare(body []byte) (webhook, error) {
	return webhook{
		provider: square.New(endpointURL),
		header:   map[string]string{contract.Square().IdentityHeaders[0]: square.Sign(body, signingKey, endpointURL)},
		secret:   fmt.Sprintf(`{"subscriptions":[{"label":"main","signatureKey":%q,"environment":"live"}]}`, signingKey),
		floor:    hmacOf(signingKey, body),
	}, nil
}
