package square_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/test/header"
)

const (
	// endpointURL is the stack's own URL, url one that an entry names itself.
	endpointURL = "https://abc123.execute-api.us-east-1.amazonaws.com/live/square"
	url         = "https://hooks.example.com/square"
)

// epoch is the created_at of the fixtures, to the second.
var epoch = time.Unix(1775001600, 0)

// signed are the headers of a request with that signature.
func signed(value string) provider.Header {
	return header.Multi(map[string][]string{"x-square-hmacsha256-signature": {value}})
}

type entry struct {
	Label       string `json:"label"`
	Key         string `json:"signatureKey"`
	URL         string `json:"notificationUrl,omitempty"`
	Environment string `json:"environment"`
	MaxAge      int    `json:"maxAgeHours,omitempty"`
}

// document is a secret document of these entries.
func document(t testing.TB, entries ...entry) []byte {
	t.Helper()
	text, err := json.Marshal(map[string][]entry{"subscriptions": entries})
	require.NoError(t, err)
	return text
}

func newVerifier(t testing.TB, entries ...entry) provider.Verifier {
	t.Helper()
	v, err := square.New(endpointURL).Verifier(document(t, entries...))
	require.NoError(t, err)
	return v
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
