package processor_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/emulator/gateway"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// BenchmarkProcessor measures an invocation from API Gateway's JSON to the response's,
// without the calls of AWS. The bodies are the providers' example events of 2 to 3 KB.
func BenchmarkProcessor(b *testing.B) {
	const endpointURL = "https://api.example.com/square"
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	b.Cleanup(hosts.Close)
	set := all.All(all.Settings{EndpointURL: endpointURL, FetchCertificate: fetchFrom(hosts, authority), Certificates: &paypaltest.Store{}})
	for _, row := range []struct {
		sender  senders.Sender
		example string
	}{
		{senders.Stripe(), "charge.succeeded-direct"},
		{senders.PayPal(authority, hosts), "PAYMENT.CAPTURE.COMPLETED"},
		{senders.Square(endpointURL), "payment.updated-completed"},
	} {
		name := row.sender.Provider.Name
		b.Run(name, func(b *testing.B) {
			body, err := os.ReadFile(filepath.Join("..", "provider", name, "testdata", "events", row.example+".json"))
			require.NoError(b, err)
			key, now := row.sender.NewSecret(), time.Now()
			if name == "square" { // its entries bound the age of an event
				body = regexp.MustCompile(`"created_at": ?"[^"]*"`).ReplaceAll(body, fmt.Appendf(nil, `"created_at": %q`, now.UTC().Format("2006-01-02T15:04:05.000Z")))
			}
			request, err := json.Marshal(gateway.Webhook{
				Account: "123456789012", API: "abc", Path: "/" + row.sender.Provider.Path, RequestID: "api-1", At: now,
				Header: row.sender.Header(body, key, now),
			}.ProxyEvent(body))
			require.NoError(b, err)
			secret := row.sender.Document(key).(map[string]any)
			if name == "paypal" { // its certificates are a test's, which the machine does not trust
				secret["extraRootsPem"] = string(append(authority.Root.PEM(), authority.Intermediate.PEM()...))
			}
			document, err := json.Marshal(secret)
			require.NoError(b, err)
			p, err := set.ByName(name)
			require.NoError(b, err)
			verifier, err := p.Verifier(document)
			require.NoError(b, err)
			clock := func() time.Time { return now }
			// Each handler is new, because one answers a repeated body from its memory.
			newFunction := func() function.Handler {
				h := &processor.Handler{
					Provider: p, Secrets: heldSecret{verifier}, Events: discard{}, DeadLetters: discard{}, Now: clock,
					Log: function.NewLogger(io.Discard, "INFO"), Metrics: function.NewMetrics(io.Discard, "bench", clock),
				}
				return function.NewHandler(function.ReadRequest, h.Handle)
			}
			response, err := newFunction().Invoke(b.Context(), request)
			require.NoError(b, err)
			require.True(b, bytes.Contains(response, []byte(`"statusCode":200`)), "%s", response)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = newFunction().Invoke(b.Context(), request)
			}
		})
	}
}

// fetchFrom fetches PayPal's certificate from the hosts that stand in for PayPal's.
func fetchFrom(hosts *paypaltest.Hosts, authority *paypaltest.Authority) func(context.Context, string) ([]byte, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Root.PEM())
	proxy, _ := url.Parse(hosts.URL) // as httptest made it
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots}}}
	return func(ctx context.Context, url string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		return io.ReadAll(response.Body)
	}
}

// heldSecret is a secret that was read before.
type heldSecret struct{ provider.Verifier }

func (s heldSecret) Get(context.Context) (provider.Verifier, error) { return s.Verifier, nil }

func (s heldSecret) Refresh(context.Context) (provider.Verifier, bool) { return nil, false }

// discard is a queue that accepts every message.
type discard struct{}

func (discard) Send(context.Context, string, string) error { return nil }

func (discard) SendInGroup(context.Context, string, string) error { return nil }
