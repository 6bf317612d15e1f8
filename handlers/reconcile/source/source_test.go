package source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

var start = time.Now().Add(-2 * time.Hour).UTC().Truncate(time.Hour)

const hook = "https://hooks.example.com/live/provider"

// run is a source of a provider's API that waits for nothing.
type run struct {
	source.Source
	api   *providerapi.Server
	slept []time.Duration
	notes []string
}

func connect(t *testing.T, p contract.Provider, change func(*source.Options)) *run {
	t.Helper()
	r := &run{api: providerapi.New(p)}
	t.Cleanup(r.api.Close)
	clock := time.Now()
	o := source.Options{
		Key: providerapi.Key(), URL: r.api.URL,
		Now: func() time.Time { return clock },
		Sleep: func(ctx context.Context, d time.Duration) error {
			r.slept = append(r.slept, d)
			clock = clock.Add(d)
			return ctx.Err()
		},
		Notify: func(text string) { r.notes = append(r.notes, text) },
	}
	if change != nil {
		change(&o)
	}
	var err error
	r.Source, err = source.New(p, o)
	require.NoError(t, err)
	return r
}

// event is an event of any provider.
func event(n int, at time.Time) providerapi.Event {
	id := fmt.Sprintf("evt_%d", n)
	return providerapi.Event{ID: id, Created: at, Body: fmt.Appendf(nil, `{"id":%q,"event_id":%[1]q,"n":9007199254740993}`, id)}
}

// list returns the listed ids, sorted, and the first error.
func (r *run) list(from, to time.Time) (ids []string, err error) {
	for l, err := range r.List(context.Background(), from, to) {
		if err != nil {
			return ids, err
		}
		var e struct{ ID string }
		if err := json.Unmarshal(l.Body, &e); err != nil {
			return nil, err
		}
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids, nil
}

func TestListComesToItsEnd(t *testing.T) {
	for _, p := range contract.Providers() {
		r := connect(t, p, nil)
		var want []string
		for n := range 350 {
			at := start.Add(time.Duration(n/3) * time.Second) // several a second
			r.api.Add(event(n, at))
			want = append(want, fmt.Sprintf("evt_%d", n))
		}
		hidden := event(999, start)
		hidden.Hidden = true
		r.api.Add(hidden, event(1000, start.Add(-time.Second)), event(1001, start.Add(117*time.Second)))
		r.api.Fault = providerapi.Throttle(3, "7")
		slices.Sort(want)

		got, err := r.list(start, start.Add(116*time.Second))
		require.NoError(t, err, p.Name)
		assert.Equal(t, want, got, "%s: both bounds are included", p.Name)
		assert.Contains(t, r.slept, 7*time.Second, "Retry-After is honoured")
		assert.Contains(t, strings.Join(r.notes, " "), "status 429")
		assert.NotContains(t, strings.Join(r.notes, " "), "marked")

		for l, err := range r.List(t.Context(), start, start.Add(time.Hour)) {
			require.NoError(t, err)
			assert.Contains(t, string(l.Body), "9007199254740993", "bytes are kept")
			if p.Name == "square" {
				assert.Equal(t, "2026-05-20", l.APIVersion)
			}
			break
		}
		assert.Equal(t, p.Name != "square", r.Facts().Retention == 30*24*time.Hour)
		assert.False(t, r.Facts().Live)
		assert.Equal(t, p.Name != "stripe", r.Lists("v2.core.account.created"))
		assert.True(t, r.Lists("charge.refunded"))
	}
}

func TestAccountsAndThinEvents(t *testing.T) {
	r := connect(t, contract.Stripe(), func(o *source.Options) { o.Account, o.Thin = "acct_1", true })
	for n, e := range []providerapi.Event{{}, {Account: "acct_1"}, {Account: "acct_2"}, {Account: "acct_1", Thin: true}} {
		own := event(n, start)
		own.Account, own.Thin = e.Account, e.Thin
		r.api.Add(own)
	}
	for n := range 150 {
		thin := event(100+n, start)
		thin.Account, thin.Thin = "acct_1", true
		r.api.Add(thin)
	}
	got, err := r.list(start, start)
	require.NoError(t, err)
	assert.Len(t, got, 152)
	assert.NotContains(t, got, "evt_0", "a platform's own event")
	assert.NotContains(t, got, "evt_2")
	assert.True(t, r.Lists("v1.charge.succeeded"))

	q := connect(t, contract.Square(), func(o *source.Options) { o.Account = "M1" })
	other := event(1, start)
	other.Account = "M1"
	q.api.Add(other, event(2, start))
	got, err = q.list(start, start)
	require.NoError(t, err)
	assert.Equal(t, []string{"evt_1"}, got)

	_, err = source.New(contract.PayPal(), source.Options{Account: "x"})
	assert.ErrorIs(t, err, source.ErrAccount)
}

func TestSubscription(t *testing.T) {
	for _, p := range contract.Providers() {
		r := connect(t, p, func(o *source.Options) { o.Thin = true })
		_, err := r.Subscription(t.Context(), hook)
		require.ErrorIs(t, err, source.ErrNotFound, p.Name)
		r.api.Subscribe(
			providerapi.Endpoint{ID: "we_0", URL: hook + "/", Types: []string{"*"}, Created: start.Add(-time.Hour)},
			providerapi.Endpoint{ID: "we_1", URL: hook, Types: []string{"charge.*"}, Created: start},
			providerapi.Endpoint{ID: "we_2", URL: hook, Types: []string{"payout.paid"}, Created: start.Add(time.Hour)},
			providerapi.Endpoint{ID: "ed_1", URL: hook, Types: []string{"v1.refund.created"}, Created: start.Add(time.Hour), Thin: true},
		)
		found, err := r.Subscription(t.Context(), hook)
		require.NoError(t, err, p.Name)
		assert.Equal(t, []string{"we_1", "we_2"}, found.IDs[:2], "the URL is compared byte for byte")
		assert.True(t, found.Expects("charge.refunded", start))
		assert.True(t, found.Expects("payout.paid", start))
		assert.False(t, found.Expects("payout.paid.late", start))
		assert.Equal(t, p.Name == "paypal", found.Expects("payout.paid", start.Add(-time.Second)), "PayPal does not say when a webhook was made")
		assert.Equal(t, p.Name == "stripe", found.Expects("v1.refund.created", start))

		err = r.Redeliver(t.Context(), "evt_9", found)
		if p.Name != "paypal" {
			assert.ErrorIs(t, err, source.ErrNoRedelivery)
			continue
		}
		assert.ErrorIs(t, err, source.ErrNotFound)
		r.api.Add(event(9, start))
		require.NoError(t, r.Redeliver(t.Context(), "evt_9", found))
		found.IDs = []string{"another app's"}
		assert.ErrorIs(t, r.Redeliver(t.Context(), "evt_9", found), source.ErrRequest)
	}
}

// Each failure of an API has its class, and no message has a part of the key.
func TestFailures(t *testing.T) {
	status := func(status int, body string) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if strings.HasSuffix(r.URL.Path, "/token") {
				return false
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	for why, test := range map[string]struct {
		fault func(http.ResponseWriter, *http.Request, int) bool
		want  error
		says  string
	}{
		"a permission is missing": {status(403, `{"error":{"type":"invalid_request_error","message":"The key 'rk_test_marked' needs 'rak_event_read'."}}`), source.ErrKey, "rak_event_read"},
		"an unknown key":          {status(401, `{"error":{"message":"Invalid API Key provided: rk_test_marked"}}`), source.ErrKey, "status 401"},
		"a redirect":              {status(302, ""), source.ErrRequest, "status 302"},
		"a bad request":           {status(400, `{"name":"VALIDATION_ERROR"}`), source.ErrRequest, "VALIDATION_ERROR"},
		"always busy":             {status(503, ""), source.ErrUnavailable, "status 503"},
		"no JSON":                 {status(200, "<html>"), source.ErrAnswer, ""},
		"too large":               {status(200, strings.Repeat(" ", 33<<20)), source.ErrAnswer, " MB"},
		"a broken connection":     {func(http.ResponseWriter, *http.Request, int) bool { panic(http.ErrAbortHandler) }, source.ErrUnavailable, ""},
		"a body that ends early": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			w.Header().Set("Content-Length", "10")
			return true
		}, source.ErrUnavailable, ""},
	} {
		for _, p := range contract.Providers() {
			r := connect(t, p, func(o *source.Options) { o.Thin = true })
			r.api.Config.ErrorLog = nil
			r.api.Fault = test.fault
			_, err := r.list(start, start)
			assert.ErrorIs(t, err, test.want, "%s: %s", p.Name, why)
			_, sub := r.Subscription(t.Context(), hook)
			assert.ErrorIs(t, sub, test.want, "%s: %s", p.Name, why)
			assert.NotContains(t, fmt.Sprint(err, sub, r.notes), "marked")
			if !errors.Is(err, source.ErrUnavailable) || strings.Contains(test.says, "503") {
				assert.ErrorContains(t, err, test.says)
			}
		}
	}
}

func TestTokenFailures(t *testing.T) {
	for status, row := range map[int]struct {
		want error
		says string
	}{
		401: {source.ErrKey, "status 401"}, 429: {source.ErrUnavailable, "status 429"},
		200: {source.ErrUnavailable, "no token in the response"}, 0: {source.ErrUnavailable, "no response: "},
	} {
		r := connect(t, contract.PayPal(), nil)
		r.api.Fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			if status == 0 {
				panic(http.ErrAbortHandler)
			}
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"error_description":"marked"}`))
			return true
		}
		_, err := r.list(start, start)
		assert.ErrorIs(t, err, row.want, status)
		assert.ErrorContains(t, err, row.says)
		assert.Equal(t, status == 429, slices.Contains(r.slept, 9*time.Second), "Retry-After is honoured")
		assert.NotContains(t, err.Error(), "marked")
	}
}

// A wrong page ends the list with an error: a silent end would hide events.
func TestBrokenPages(t *testing.T) {
	for _, test := range []struct {
		p    contract.Provider
		body string
	}{
		{contract.Stripe(), `{"data":[{"object":"event"}],"has_more":true}`},
		{contract.Stripe(), `{"data":[],"next_page_url":"%zz"}`},
		{contract.Stripe(), `{"data":[],"next_page_url":"/v2/core/events?page=%zz"}`},
		{contract.PayPal(), `{"links":[{"rel":"next","href":"https://api-m.paypal.com/v1/notifications/webhooks-events"}]}`},
		{contract.PayPal(), `{"links":[{"rel":"next","href":":"}]}`},
	} {
		r := connect(t, test.p, func(o *source.Options) { o.Thin = true })
		r.api.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if strings.HasSuffix(r.URL.Path, "/token") {
				return false
			}
			_, _ = w.Write([]byte(test.body))
			return true
		}
		_, err := r.list(start, start)
		assert.ErrorIs(t, err, source.ErrAnswer, test.body)
	}
	for _, path := range []string{"/v2/core/events", "/v2/core/event_destinations"} {
		r := connect(t, contract.Stripe(), func(o *source.Options) { o.Thin = true })
		r.api.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if r.URL.Path == path {
				w.WriteHeader(http.StatusForbidden)
			}
			return r.URL.Path == path
		}
		_, err := r.list(start, start)
		_, sub := r.Subscription(t.Context(), hook)
		assert.ErrorIs(t, errors.Join(err, sub), source.ErrKey, path)
	}
	// The second page of destinations.
	r := connect(t, contract.Stripe(), func(o *source.Options) { o.Thin = true })
	r.api.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path != "/v2/core/event_destinations" {
			return false
		}
		_, _ = w.Write([]byte(`{"next_page_url":"/v2/core/event_destinations"}`))
		return true
	}
	_, err := r.Subscription(t.Context(), hook)
	assert.ErrorIs(t, err, source.ErrAnswer)
}

// A time of a subscription that cannot be read expects all events.
func TestSubscriptionWithoutATime(t *testing.T) {
	r := connect(t, contract.Square(), nil)
	r.api.Fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		_, _ = fmt.Fprintf(w, `{"subscriptions":[{"id":"w","notification_url":%q,"event_types":["a"],"created_at":"today"}]}`, hook)
		return true
	}
	found, err := r.Subscription(t.Context(), hook)
	require.NoError(t, err)
	assert.True(t, found.Expects("a", time.Unix(1, 0)))
}

func TestWaits(t *testing.T) {
	r := connect(t, contract.Stripe(), nil)
	r.api.Fault = func(w http.ResponseWriter, _ *http.Request, number int) bool {
		switch number {
		case 1:
			w.Header().Set("Retry-After", time.Now().Add(30*time.Second).UTC().Format(http.TimeFormat))
		case 2:
			w.Header().Set("Retry-After", "soon")
		default:
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	_, err := r.list(start, start)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, r.slept[0], 29*time.Second, "a date, which has whole seconds")
	assert.Equal(t, time.Second, r.slept[1], "twice the first pause")

	for _, sleeps := range []int{0, 1} { // while pacing, and while it repeats
		ctx, cancel := context.WithCancel(t.Context())
		count := 0
		r := connect(t, contract.Stripe(), func(o *source.Options) {
			o.Now = func() time.Time { return start }
			o.Sleep = func(context.Context, time.Duration) error {
				if count++; count > sleeps {
					cancel()
					return ctx.Err()
				}
				return nil
			}
		})
		r.api.Fault = providerapi.Throttle(1, "")
		for _, err := range r.List(ctx, start, start) {
			assert.ErrorIs(t, err, context.Canceled)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range connect(t, contract.Square(), nil).List(ctx, start, start) {
		assert.ErrorIs(t, err, context.Canceled)
	}
}

func TestHostIsPinned(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the key went elsewhere") }))
	defer elsewhere.Close()
	for _, p := range contract.Providers() {
		r := connect(t, p, nil)
		r.api.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
			return true
		}
		_, err := r.list(start, start)
		assert.Error(t, err)
		for _, url := range []string{"http://api.example.com", "api.example.com", "https://user@api.example.com", ":"} {
			_, err := source.New(p, source.Options{URL: url})
			assert.ErrorIs(t, err, source.ErrURL, url)
		}
		for _, sandbox := range []bool{true, false} {
			s, err := source.New(p, source.Options{Key: source.Key{Sandbox: sandbox}})
			require.NoError(t, err)
			assert.Equal(t, !sandbox, s.Facts().Live)
		}
	}
	for _, loopback := range []string{"http://localhost:1", "http://[::1]:1"} {
		_, err := source.New(contract.Stripe(), source.Options{URL: loopback})
		assert.NoError(t, err)
	}
}

func TestKeys(t *testing.T) {
	for _, test := range []struct {
		p        contract.Provider
		document string
		want     string // part of the error, "" for none
	}{
		{contract.Stripe(), `{"apiKey":"rk_test_marked"}`, ""},
		{contract.Stripe(), `{"apiKey":"sk_live_marked"}`, ""},
		{contract.Stripe(), `{"apiKey":"whsec_marked"}`, "begins with rk_live_"},
		{contract.Stripe(), `{"apiKey":"rk_live_mar ked"}`, "begins with rk_live_"},
		{contract.Stripe(), `rk_live_marked`, "it is not the JSON document"},
		{contract.PayPal(), `{"clientId":"a","clientSecret":"marked","environment":"sandbox"}`, ""},
		{contract.PayPal(), `{"clientId":"a","environment":"live"}`, "client secret"},
		{contract.PayPal(), `{"clientId":"a","clientSecret":"marked"}`, "environment must be live or sandbox"},
		{contract.Square(), `{"accessToken":"marked","environment":"live"}`, ""},
		{contract.Square(), `{"environment":"live"}`, "access token"},
	} {
		k, err := source.ParseKey(test.p, []byte(test.document))
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", k, k, k, err), "marked")
		if test.want == "" {
			require.NoError(t, err, test.document)
			assert.Equal(t, strings.Contains(test.document, "test") || strings.Contains(test.document, "sandbox"), k.Sandbox)
			continue
		}
		assert.ErrorIs(t, err, source.ErrMalformed)
		assert.ErrorContains(t, err, test.want)
	}
	for _, p := range contract.Providers() {
		_, err := source.ParseKey(p, []byte(strings.ReplaceAll(source.Documents(p), "…", "x")))
		assert.NoError(t, err, "the documented form")
	}
}

// The reconciler's secret has a document for each provider.
func TestKeysOfAllProviders(t *testing.T) {
	all := "{"
	for _, p := range contract.Providers() {
		all += fmt.Sprintf("%q:%s,", p.Name, strings.ReplaceAll(source.Documents(p), "…", "x"))
	}
	keys, err := source.ParseKeys([]byte(strings.TrimSuffix(all, ",") + "}"))
	require.NoError(t, err)
	assert.Len(t, keys, 3)
	assert.Equal(t, "rk_live_x", keys["stripe"].Token)
	keys, err = source.ParseKeys([]byte(`{"stripe":{"apiKey":"rk_live_x"},"paypal": null}`))
	require.NoError(t, err)
	assert.Equal(t, []any{2, (*source.Key)(nil)}, []any{len(keys), keys["paypal"]}, "left out on purpose")
	for document, class := range map[string]error{
		"marked": source.ErrMalformed, `{"stripe":{"apiKey":"marked"}}`: source.ErrMalformed, "{}": source.ErrNoKeys, "null": source.ErrNoKeys, `{"stripe":null}`: source.ErrNoKeys,
		all + `"Square":{"accessToken":"marked"}}`:      source.ErrMalformed, // a misspelled name must not leave a provider out
		all + `"sq0atp-marked":{"environment":"live"}}`: source.ErrMalformed,
	} {
		_, err := source.ParseKeys([]byte(document))
		require.ErrorIs(t, err, class, document)
		assert.NotContains(t, err.Error(), "marked")
	}
}
