package stripe

import (
	"hash"

	"github.com/paysluice/paysluice/handlers/provider"
)

// WithHash returns v with another SHA-256.
func WithHash(v provider.Verifier, newHash func() hash.Hash) provider.Verifier {
	counted := v.(verifier)
	counted.newHash = newHash
	return counted
}
