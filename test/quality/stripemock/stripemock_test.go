// Package stripemock runs the client of handlers/reconcile/source against stripe-mock, which
// checks requests against Stripe's OpenAPI document. Of API v2 stripe-mock knows nothing:
// there stripe-go, which is generated from Stripe's document, makes the same requests.
package stripemock

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

const (
	root = "../../.."
	key  = "rk_test_123"
	hook = "https://hooks.example.com/stripe"
)

// mock is stripe-mock behind a proxy that records what was asked.
type mock struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // "GET /v1/events?… 200"
}

// start builds stripe-mock and runs it on a port of its own. Its HTTPS listener is on
// loopback too: by default it listens on all addresses.
func start(t *testing.T) *mock {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "tool", "-modfile=.ci/tools/go.mod", "-n", "stripe-mock")
	build.Dir = root
	path, err := build.Output()
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	cmd := exec.CommandContext(t.Context(), strings.TrimSpace(string(path)), "-http-addr", address, "-https-addr", "127.0.0.1:0")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })

	m := &mock{}
	target := &url.URL{Scheme: "http", Host: address}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(r *http.Response) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		asked := r.Request.URL
		m.calls = append(m.calls, r.Request.Method+" "+asked.Path+"?"+asked.RawQuery+" "+r.Status[:3])
		if asked.Query().Has("starting_after") {
			return nil
		}
		// stripe-mock has one page of everything. The client must ask for another.
		body, err := io.ReadAll(r.Body)
		body = bytes.Replace(body, []byte(`"has_more":false`), []byte(`"has_more":true `), 1)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return err
	}
	m.Server = httptest.NewServer(proxy)
	t.Cleanup(m.Close)
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, 30*time.Second, 100*time.Millisecond)
	return m
}

// connect returns the client of Stripe's API at a URL. It repeats nothing.
func connect(t *testing.T, at string, o source.Options) source.Setup {
	t.Helper()
	o.Key, o.URL, o.Now = source.Key{Token: key, Sandbox: true}, at, time.Now
	o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	o.Notify = func(text string) { t.Error(text) }
	s, err := source.NewSetup(contract.Stripe(), o)
	require.NoError(t, err)
	return s
}

var from, to = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// TestStripeMockAccepts: each call of API v1, with each page, is one that Stripe documents.
func TestStripeMockAccepts(t *testing.T) {
	m := start(t)
	for _, account := range []string{"", "acct_1PgcT2"} {
		s := connect(t, m.URL, source.Options{Account: account})
		for l, err := range s.List(t.Context(), from, to) {
			require.NoError(t, err)
			assert.Contains(t, string(l.Body), `"object":"event"`, "the element's bytes")
		}
		for _, err := range s.Undelivered(t.Context(), hook, from, to) {
			require.NoError(t, err)
		}
		all, err := s.Endpoints(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, all)
		assert.NotEmpty(t, all[0].ID)
		assert.NotEmpty(t, all[0].Types)
		assert.False(t, all[0].Created.IsZero())
		_, err = s.Subscription(t.Context(), all[0].URL)
		if account == "" { // Stripe's example is not a Connect endpoint
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, source.ErrOtherAccounts)
		}
	}
	paged := map[string]bool{}
	for _, call := range m.calls {
		assert.True(t, strings.HasSuffix(call, " 200"), call)
		paged[strings.SplitN(call, "?", 2)[0]] = paged[strings.SplitN(call, "?", 2)[0]] || strings.Contains(call, "starting_after=")
	}
	assert.Equal(t, map[string]bool{"GET /v1/events": true, "GET /v1/webhook_endpoints": true}, paged)
}

// TestStripeMockRejects shows that stripe-mock checks what it accepts above.
func TestStripeMockRejects(t *testing.T) {
	m := start(t)
	for path, status := range map[string]int{
		"/v1/events?limit=100":              http.StatusOK,
		"/v1/events?limits=100":             http.StatusBadRequest,
		"/v1/events?delivery_success=maybe": http.StatusBadRequest,
		"/v1/events?limit=many":             http.StatusBadRequest,
		"/v1/webhook_endpoint":              http.StatusNotFound,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL+path, nil)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+key)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, status, response.StatusCode, path)
	}
}

// recorder answers every request with an empty list and keeps path and query.
func recorder(t *testing.T) (at string, asked func() map[string]url.Values) {
	t.Helper()
	calls := map[string]url.Values{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v2/") {
			assert.NotEmpty(t, r.Header.Get("Stripe-Version"), r.URL.Path)
			calls[r.URL.Path] = r.URL.Query()
		}
		_, _ = io.WriteString(w, `{"data":[]}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() map[string]url.Values { return calls }
}

// TestStripeGoAsksTheSame: the calls of API v2 have the paths and members of stripe-go's.
func TestStripeGoAsksTheSame(t *testing.T) {
	ours, asked := recorder(t)
	s := connect(t, ours, source.Options{Thin: true})
	_, err := s.ThinEndpoints(t.Context())
	require.NoError(t, err)
	for range s.List(t.Context(), from, to) {
		t.Error("an empty list has an event")
	}
	got := asked()

	theirs, wanted := recorder(t)
	backend := stripe.NewBackendsWithConfig(&stripe.BackendConfig{URL: &theirs})
	client := stripe.NewClient(key, stripe.WithBackends(backend))
	destinations := &stripe.V2CoreEventDestinationListParams{Include: []*string{stripe.String("webhook_endpoint.url")}}
	for _, err := range client.V2CoreEventDestinations.List(t.Context(), destinations).All(t.Context()) {
		require.NoError(t, err)
	}
	events := &stripe.V2CoreEventListParams{Limit: stripe.Int64(100), Created: &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThanOrEqual: to.Unix()}}
	for _, err := range client.V2CoreEvents.List(t.Context(), events).All(t.Context()) {
		require.NoError(t, err)
	}
	want := wanted()
	require.Len(t, want, 2)
	for path, query := range want {
		assert.Equal(t, slices.Sorted(maps.Keys(query)), slices.Sorted(maps.Keys(got[path])), path)
		for member := range query {
			if strings.HasPrefix(member, "created[") {
				continue // stripe-go writes seconds, which v2 documents as RFC 3339
			}
			assert.Equal(t, query.Get(member), got[path].Get(member), "%s %s", path, member)
		}
	}
	assert.Len(t, got, len(want))
}
