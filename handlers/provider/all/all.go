// Package all is the registry: the one package that imports every
// provider.
package all

import (
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// Settings are what verifying takes beside a secret. The zero value is enough
// to check headers and to compare events.
type Settings struct {
	// FetchCertificate gets PayPal's certificates.
	FetchCertificate paypal.Fetch
	// EndpointURL is where the webhooks of the provider in question arrive.
	// Square signs it; a secret's entry may name another one.
	EndpointURL string
}

// All are the providers of the shipped stack, in contract.Providers' order.
func All(s Settings) provider.Set {
	return provider.Set{
		stripe.New(),
		paypal.New(s.FetchCertificate),
		square.New(s.EndpointURL),
	}
}

// Verifying are All as a processor needs them: certificates come from PayPal.
func Verifying(endpointURL string) provider.Set {
	return All(Settings{FetchCertificate: paypal.NewFetcher(), EndpointURL: endpointURL})
}
