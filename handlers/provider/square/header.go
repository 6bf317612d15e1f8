package square

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

// sum is a signature.
type sum [sha256.Size]byte

// checkHeader is gate 1: all that can be known without a secret.
func checkHeader(h provider.Header) (sum, error) {
	name := contract.Square().IdentityHeaders[0]
	value, err := h.One(name)
	if err != nil {
		return sum{}, err
	}
	s, ok := parseSum(value)
	if !ok {
		return sum{}, fmt.Errorf("%s: %w: not %d bytes in base64", name, provider.HeaderMalformed, len(s))
	}
	return s, nil
}

// parseSum accepts one spelling of each sum, the one that Square's libraries
// compare with.
func parseSum(text string) (s sum, ok bool) {
	encoding := base64.StdEncoding.Strict()
	if len(text) != encoding.EncodedLen(len(s)) {
		return s, false
	}
	decoded, err := encoding.DecodeString(text)
	if err != nil || len(decoded) != len(s) {
		return s, false
	}
	return sum(decoded), true
}
