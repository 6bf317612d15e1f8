package source_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// setup returns the setup of a run's provider.
func (r *run) setup(t *testing.T) source.Setup {
	t.Helper()
	s, ok := r.Source.(source.Setup)
	require.True(t, ok)
	return s
}

func TestEndpoints(t *testing.T) {
	for _, p := range contract.Providers() {
		r := connect(t, p, nil)
		r.api.Subscribe(
			providerapi.Endpoint{ID: "we_1", URL: hook, Types: []string{"charge.*"}, Created: start, APIVersion: "2026-01-28", Key: "key-1"},
			providerapi.Endpoint{ID: "we_2", URL: hook + "/", Created: start, Disabled: true},
			providerapi.Endpoint{ID: "ed_1", URL: hook, Created: start, Thin: true, Disabled: true, Reason: "user"},
			providerapi.Endpoint{ID: "ed_2", URL: hook, Created: start, Thin: true},
		)
		all, err := r.setup(t).Endpoints(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 2, "disabled ones are listed too")
		first := all[0]
		assert.Equal(t, []string{"we_1", hook, "charge.*", ""}, []string{first.ID, first.URL, first.Types[0], first.Disabled})
		assert.Equal(t, p.Name != "paypal", first.Created.Equal(start), "PayPal does not say when a webhook was made")
		assert.Equal(t, p.Name != "paypal", first.APIVersion == "2026-01-28", "PayPal's webhooks have no version")
		assert.Equal(t, p.Name != "paypal", all[1].Disabled == "disabled", "PayPal's webhooks cannot be disabled")

		thin, err := r.setup(t).ThinEndpoints(t.Context())
		if p.Name == "stripe" {
			require.NoError(t, err)
			require.Len(t, thin, 2)
			assert.Equal(t, []string{"disabled, with the reason user", ""}, []string{thin[0].Disabled, thin[1].Disabled})
			assert.True(t, thin[0].Thin)
		} else {
			assert.ErrorIs(t, err, source.ErrHidden)
		}

		key, err := r.setup(t).SigningKey(t.Context(), first)
		switch p.Name {
		case "stripe":
			assert.ErrorIs(t, err, source.ErrHidden, "a secret is shown once")
		case "paypal":
			assert.Equal(t, "we_1", key)
		case "square":
			assert.Equal(t, "key-1", key)
			_, err = r.setup(t).SigningKey(t.Context(), all[1])
			assert.ErrorIs(t, err, source.ErrHidden, "a response without the key")
			_, err = r.setup(t).SigningKey(t.Context(), source.Endpoint{ID: "we_9"})
			assert.ErrorIs(t, err, source.ErrNotFound)
		}
	}
}

// A platform has endpoints for its own events and for those of connected accounts, and both
// kinds can have one URL.
func TestEndpointsOfOtherAccounts(t *testing.T) {
	types := map[string][]providerapi.Endpoint{
		"own":       {{Application: ""}, {Thin: true, From: []string{"@self"}}, {Thin: true, From: []string{"self"}}},
		"connected": {{Application: "ca_1"}, {Thin: true, From: []string{"@accounts"}}, {Thin: true, From: []string{"other_accounts"}}},
		"both":      {{Thin: true, From: []string{"@self", "@accounts"}}, {Thin: true}},
	}
	for account, row := range map[string]struct{ gets, lacks, remedy string }{
		"":       {"own", "connected", "get only events of connected accounts: make one with this URL for the events of your account"},
		"acct_1": {"connected", "own", "get only events of your account: make one with this URL for the events of connected accounts"},
	} {
		for _, whose := range []string{row.gets, "both"} {
			for n, e := range types[whose] {
				r := connect(t, contract.Stripe(), func(o *source.Options) { o.Account, o.Thin = account, true })
				e.ID, e.URL, e.Types = "gets", hook, []string{"a"}
				r.api.Subscribe(e)
				for m, other := range types[row.lacks] {
					other.ID, other.URL, other.Types = fmt.Sprint("lacks", m), hook, []string{"b"}
					r.api.Subscribe(other)
				}
				found, err := r.Subscription(t.Context(), hook)
				require.NoError(t, err)
				assert.Equal(t, []string{"gets"}, found.IDs, "%q, %s %d", account, whose, n)
				assert.Equal(t, []string{"a"}, found.Types)

				r.api.Change(func(all []providerapi.Endpoint) []providerapi.Endpoint { return all[1:] })
				_, err = r.Subscription(t.Context(), hook)
				require.ErrorIs(t, err, source.ErrOtherAccounts)
				require.ErrorIs(t, err, source.ErrNotFound, "endpoint_missing")
				assert.ErrorContains(t, err, "the endpoints with the URL "+hook+" "+row.remedy)
				_, err = r.Subscription(t.Context(), hook+"/")
				assert.NotErrorIs(t, err, source.ErrOtherAccounts)
			}
		}
	}
}

// A type of PayPal's webhook may have a status; one that is not enabled is not sent.
func TestTypesWithAStatus(t *testing.T) {
	r := connect(t, contract.PayPal(), nil)
	r.api.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !strings.HasSuffix(r.URL.Path, "/webhooks") {
			return false
		}
		_, _ = fmt.Fprint(w, `{"webhooks":[{"id":"w","event_types":[{"name":"A","status":"ENABLED"},{"name":"B","status":"DISABLED"},{"name":"C"}]}]}`)
		return true
	}
	all, err := r.setup(t).Endpoints(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"A", "C"}, all[0].Types)
}

func TestUndelivered(t *testing.T) {
	transmission := func(url, status string) string {
		return fmt.Sprintf(`,"transmissions":[{"webhook_url":%q,"status":%q}]`, url, status)
	}
	for _, row := range []struct {
		why      string
		provider contract.Provider
		failed   bool
		members  string
		settled  bool
		want     []string
	}{
		{"delivered", contract.Stripe(), false, `,"pending_webhooks":0`, true, nil},
		{"pending", contract.Stripe(), true, `,"pending_webhooks":2`, false, []string{"evt_1"}},
		{"none is pending", contract.Stripe(), true, `,"pending_webhooks":0`, true, []string{"evt_1"}},
		{"untold", contract.Stripe(), true, ``, false, []string{"evt_1"}},
		{"delivered", contract.PayPal(), false, transmission(hook, "SUCCESS"), true, nil},
		{"to another URL", contract.PayPal(), false, transmission(hook+"/", "SUCCESS"), false, nil},
		{"pending", contract.PayPal(), false, transmission(hook, "PENDING"), false, []string{"evt_1"}},
		{"failed", contract.PayPal(), false, transmission(hook, "FAILURE"), false, []string{"evt_1"}},
		{"failed elsewhere", contract.PayPal(), false, strings.Replace(transmission(hook, "SUCCESS"), "[", `[{"webhook_url":"x","status":"FAILURE"},`, 1), true, nil},
		{"one of two attempts", contract.PayPal(), false, strings.Replace(transmission(hook, "SUCCESS"), "[", `[{"webhook_url":"`+hook+`","status":"FAILURE"},`, 1), false, nil},
		{"no delivery yet", contract.PayPal(), false, `,"transmissions":[]`, false, nil},
	} {
		r := connect(t, row.provider, nil)
		text := []byte(`{"id":"evt_1"` + row.members + `}`)
		assert.Equal(t, row.settled, r.Settled(text, hook), "%s: %s", row.provider.Name, row.why)
		r.api.Add(providerapi.Event{ID: "evt_1", Created: start, Failed: row.failed, Body: text})
		var got []string
		for u, err := range r.setup(t).Undelivered(t.Context(), hook, start.Add(-time.Hour), start) {
			require.NoError(t, err)
			got = append(got, u)
		}
		assert.Equal(t, row.want, got, "%s: %s", row.provider.Name, row.why)
		for range r.setup(t).Undelivered(t.Context(), hook, start.Add(-time.Hour), start) {
			break
		}
	}
	for _, p := range []contract.Provider{contract.PayPal(), contract.Square()} {
		r := connect(t, p, nil)
		assert.False(t, r.Settled([]byte(`{}`), hook), p.Name)
		for n := range 350 {
			r.api.Add(event(n, start))
		}
		for _, err := range r.setup(t).Undelivered(t.Context(), hook, start, start) {
			assert.ErrorIs(t, err, source.ErrHidden, "%s shows no deliveries", p.Name)
		}
		assert.LessOrEqual(t, len(r.api.Requests()), 3, "it does not read the whole list for that")
	}
	for _, p := range []contract.Provider{contract.Stripe(), contract.PayPal()} {
		r := connect(t, p, nil)
		r.api.Fault = providerapi.Refuse("/v1/", "")
		count := 0
		for _, err := range r.setup(t).Undelivered(t.Context(), hook, start, start) {
			assert.ErrorIs(t, err, source.ErrKey)
			count++
		}
		assert.Equal(t, 1, count)
	}
}

// Square's search lists only what happens after it is switched on.
func TestEnableSearch(t *testing.T) {
	for _, p := range []contract.Provider{contract.Stripe(), contract.PayPal()} {
		assert.ErrorIs(t, connect(t, p, nil).setup(t).EnableSearch(t.Context()), source.ErrHidden)
	}
	r := connect(t, contract.Square(), nil)
	r.api.SearchOff()
	r.api.Add(event(1, start))
	require.NoError(t, r.setup(t).EnableSearch(t.Context()))
	require.NoError(t, r.setup(t).EnableSearch(t.Context()), "twice")
	later := time.Now().Add(time.Second)
	r.api.Add(event(2, later))
	got, err := r.list(start, later.Add(time.Second))
	require.NoError(t, err)
	assert.Equal(t, []string{"evt_2"}, got)
}

// A refused call says which, and what the provider says is missing.
func TestStatusError(t *testing.T) {
	r := connect(t, contract.Stripe(), nil)
	r.api.Fault = providerapi.Refuse("/v1/webhook_endpoints", "rak_webhook_read")
	_, err := r.setup(t).Endpoints(context.Background())
	var refused *source.StatusError
	require.ErrorAs(t, err, &refused)
	assert.ErrorIs(t, err, source.ErrKey)
	assert.Equal(t, "/v1/webhook_endpoints", refused.Path)
	assert.Equal(t, http.StatusForbidden, refused.Status)
	assert.Contains(t, refused.Codes, "rak_webhook_read")
	assert.NotContains(t, err.Error(), "marked")

	_, err = source.NewSetup(contract.Stripe(), source.Options{URL: "x"})
	assert.ErrorIs(t, err, source.ErrURL)
	s, err := source.NewSetup(contract.Stripe(), source.Options{})
	require.NoError(t, err)
	assert.True(t, s.Facts().Live)
}
