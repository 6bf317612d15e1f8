package paypal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

const (
	liveCerts    = "https://api.paypal.com/v1/notifications/certs/"
	sandboxCerts = "https://api.sandbox.paypal.com/v1/notifications/certs/"
	certURL      = liveCerts + "CERT-360caa42-fca2a594-a5cafa77"
	webhookID    = "4JH86294D6297924G"
)

// All tests share a time, an authority that the system trusts, and the hosts
// that serve its certificates. TestMain sets the roots and the proxy, because a
// process reads them once.
var (
	epoch     = time.Now().Truncate(time.Minute)
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

// newProvider returns the provider of a single instance that shares no certificate.
func newProvider(fetch paypal.Fetch) paypal.Provider {
	return paypal.New(fetch, &paypaltest.Store{Forgetful: true})
}

// entry is an entry of a secret document.
type entry struct {
	Label       string `json:"label"`
	WebhookID   string `json:"webhookId"`
	Environment string `json:"environment"`
}

var shop = entry{"shop", webhookID, "live"}

func newVerifier(t testing.TB, p paypal.Provider, extraRoots []byte, entries ...entry) provider.Verifier {
	t.Helper()
	return verifierOf(t, p, map[string]any{"webhooks": entries, "extraRootsPem": string(extraRoots)})
}

// verifierOf returns a verifier for a secret document with these members.
func verifierOf(t testing.TB, p paypal.Provider, members map[string]any) provider.Verifier {
	t.Helper()
	document, err := json.Marshal(members)
	require.NoError(t, err)
	v, err := p.Verifier(document)
	require.NoError(t, err)
	return v
}

// memoryHost serves content by URL and counts requests.
type memoryHost struct {
	content map[string][]byte
	failure error // of every request, if set

	mu       sync.Mutex
	requests map[string]int
	total    int
}

func (h *memoryHost) fetch(_ context.Context, url string) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.requests == nil {
		h.requests = map[string]int{}
	}
	h.requests[url]++
	h.total++
	if data, ok := h.content[url]; ok || h.failure != nil {
		return data, h.failure
	}
	return nil, fmt.Errorf("%w: nothing at %s", provider.CertRefused, url)
}

func serving(content map[string][]byte) paypal.Fetch {
	return (&memoryHost{content: content}).fetch
}

// bundle returns a leaf with its intermediate, for tests that are not about
// chains.
func bundle(leaf paypaltest.Issued) []byte {
	return append(leaf.PEM(), authority.Intermediate.PEM()...)
}

// signer signs as the live PayPal with the key of leaf.
func signer(leaf paypaltest.Issued) paypal.Signer {
	return paypal.Signer{Key: leaf.Key, CertURL: certURL, WebhookID: webhookID, TransmissionID: "dfb3be50-fd74-11e4-8bf3-77339302725b"}
}

// at returns s with another certificate URL.
func at(url string, s paypal.Signer) paypal.Signer {
	s.CertURL = url
	return s
}

func signed(s paypal.Signer, body []byte, at time.Time) provider.Header {
	return providertest.Header(providertest.Sign(s, body, at))
}

// verify verifies an empty body that is signed and received at a time.
func verify(t testing.TB, v provider.Verifier, s paypal.Signer, now time.Time) error {
	t.Helper()
	_, err := v.Verify(t.Context(), signed(s, nil, now), nil, now)
	return err
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}
