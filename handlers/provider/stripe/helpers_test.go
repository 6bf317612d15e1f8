package stripe_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/header"
)

// epoch is a time to sign and check at where the very moment does not matter.
var epoch = time.Unix(1775001600, 0)

// signed are the headers of a request with that Stripe-Signature.
func signed(value string) provider.Header {
	return header.Multi(map[string][]string{"Stripe-Signature": {value}})
}

type entry struct {
	Label  string `json:"label"`
	Secret string `json:"secret"`
}

// document is a secret document of these entries.
func document(t testing.TB, entries ...entry) []byte {
	t.Helper()
	text, err := json.Marshal(map[string][]entry{"endpoints": entries})
	require.NoError(t, err)
	return text
}

func newVerifier(t testing.TB, entries ...entry) provider.Verifier {
	t.Helper()
	v, err := stripe.New().Verifier(document(t, entries...))
	require.NoError(t, err)
	return v
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
