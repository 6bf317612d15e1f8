// Package all is the registry of providers, and the only package that imports
// them.
package all

import (
	"fmt"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// Settings are what verifiers need beside a secret. The zero value suffices to
// check headers and to compare events.
type Settings struct {
	// FetchCertificate fetches PayPal's certificates.
	FetchCertificate paypal.Fetch
	// Certificates keeps them for all instances of the stack.
	Certificates paypal.Store
	// EndpointURL is the URL that receives Square's webhooks. Square signs it; an
	// entry of the secret may name another one.
	EndpointURL string
	// APIURL is that URL at the API's own host name, or empty. Square may sign it too.
	APIURL string
}

// All returns the providers of the shipped stack, in the order of
// contract.Providers.
func All(s Settings) provider.Set {
	return provider.Set{
		stripe.New(),
		paypal.New(s.FetchCertificate, s.Certificates),
		square.New(s.EndpointURL, s.APIURL),
	}
}

// Verifying returns the providers with verifiers that fetch certificates from
// PayPal and share them in a store, as a processor needs them.
func Verifying(endpointURL, apiURL string, certificates paypal.Store) provider.Set {
	return All(Settings{FetchCertificate: paypal.NewFetcher(), Certificates: certificates, EndpointURL: endpointURL, APIURL: apiURL})
}

// Signer returns what signs as a provider with the key of a secret's entry. url is
// the URL that Square signs. The error is provider.ErrUnknown for PayPal, whose
// entries have no key.
func Signer(name, key, url string) (provider.Signer, error) {
	switch name {
	case contract.Stripe().Name:
		return stripe.Signer{Secret: key}, nil
	case contract.Square().Name:
		return square.Signer{SignatureKey: key, NotificationURL: url}, nil
	}
	return nil, fmt.Errorf("%w to sign for: %q", provider.ErrUnknown, name)
}
