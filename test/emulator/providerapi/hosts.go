package providerapi

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// Play lets the servers answer for the sandbox hosts of their providers, and Stripe's for
// its only host. It returns the variables by which a program meets them: the proxy, and
// the file of trusted certificates, which begins with those of roots.
func Play(t *testing.T, roots []byte, servers ...*Server) map[string]string {
	t.Helper()
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	t.Cleanup(hosts.Close)
	names := map[string]string{
		"stripe": "api.stripe.com", "paypal": "api-m.sandbox.paypal.com", "square": "connect.squareupsandbox.com",
	}
	for _, s := range servers {
		hosts.HandleHost(names[s.Provider.Name], s.Config.Handler)
	}
	bundle := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(bundle, slices.Concat(roots, authority.Root.PEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"HTTPS_PROXY": hosts.URL, "SSL_CERT_FILE": bundle}
}

// Events returns all events.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}
