package paypal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/header"
)

const (
	liveCerts    = "https://api.paypal.com/v1/notifications/certs/"
	sandboxCerts = "https://api.sandbox.paypal.com/v1/notifications/certs/"
	certURL      = liveCerts + "CERT-360caa42-fca2a594-a5cafa77"
	webhookID    = "4JH86294D6297924G"
)

// Of all tests: a time to sign and check at, an authority that the system
// trusts, and the hosts that its certificates come from. The system's roots and
// the proxy are read once in a process, so they are set before any test runs.
var (
	epoch     = time.Now().Truncate(time.Second)
	authority = paypaltest.NewAuthority(epoch)
	hosts     = paypaltest.NewHosts(authority)
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "paypal")
	if err != nil {
		log.Fatal(err)
	}
	roots := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(roots, authority.Root.PEM(), 0o600); err != nil {
		log.Fatal(err)
	}
	for name, value := range map[string]string{
		"SSL_CERT_FILE": roots, "SSL_CERT_DIR": dir, "HTTPS_PROXY": hosts.URL, "NO_PROXY": "", "no_proxy": "",
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	code := m.Run()
	hosts.Close()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

type entry struct {
	Label       string `json:"label"`
	WebhookID   string `json:"webhookId"`
	Environment string `json:"environment"`
}

func newVerifier(t testing.TB, p paypal.Provider, extraRoots []byte, entries ...entry) provider.Verifier {
	t.Helper()
	return verifierOf(t, p, map[string]any{"webhooks": entries, "extraRootsPem": string(extraRoots)})
}

// verifierOf is that of a secret document with these members.
func verifierOf(t testing.TB, p paypal.Provider, members map[string]any) provider.Verifier {
	t.Helper()
	document, err := json.Marshal(members)
	require.NoError(t, err)
	v, err := p.Verifier(document)
	require.NoError(t, err)
	return v
}

// serving is a Fetch of what stands in memory.
func serving(content map[string][]byte) paypal.Fetch {
	return func(_ context.Context, url string) ([]byte, error) {
		if data, ok := content[url]; ok {
			return data, nil
		}
		return nil, fmt.Errorf("%w: nothing at %s", provider.CertRefused, url)
	}
}

// bundle is a leaf with its intermediate, for tests that are not about chains.
func bundle(leaf paypaltest.Issued) []byte {
	return append(leaf.PEM(), authority.Intermediate.PEM()...)
}

// signer signs as the live PayPal does, whose certificate is a leaf.
func signer(leaf paypaltest.Issued) paypal.Signer {
	return paypal.Signer{Key: leaf.Key, CertURL: certURL, WebhookID: webhookID}
}

// signed are the headers of a body that s signed at that time.
func signed(t testing.TB, s paypal.Signer, body []byte, at time.Time) provider.Header {
	t.Helper()
	return header.Of(headers(t, s, body, at))
}

func headers(t testing.TB, s paypal.Signer, body []byte, at time.Time) map[string]string {
	t.Helper()
	headers, err := s.Sign(body, "dfb3be50-fd74-11e4-8bf3-77339302725b", at)
	require.NoError(t, err)
	return headers
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
