// Package providers is the registry: the one package that imports every
// provider.
package providers

import (
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// All are the providers of the shipped stack, in contract.Providers' order.
func All() provider.Set {
	return provider.Set{stripe.New()}
}
