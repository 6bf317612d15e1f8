package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

const hook = "https://hooks.example.com/live/x"

// sided is a provider's side that a test breaks.
type sided struct {
	*Side
	t       *testing.T
	api     *providerapi.Server
	entries []secrets.Entry
	stored  []event.Event
	failure error // of AWS
}

// newSided returns the intact side of a provider.
func newSided(t *testing.T, p contract.Provider) *sided {
	t.Helper()
	s := &sided{t: t, api: providerapi.New(p)}
	t.Cleanup(s.api.Close)
	s.api.Config.ErrorLog = nil
	now := time.Now()
	setup, err := source.NewSetup(p, source.Options{
		Key: providerapi.Key(), URL: s.api.URL, Now: time.Now, Notify: func(string) {},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	require.NoError(t, err)
	s.Side = &Side{
		Provider: p, Key: providerapi.Key(), Setup: setup, URL: hook, Now: func() time.Time { return now },
		Entries: func(context.Context) ([]secrets.Entry, error) { return s.entries, s.failure },
		Newest:  func(context.Context) ([]event.Event, error) { return s.stored, s.failure },
	}
	var types []string
	for name, counts := range s.vocabulary() {
		if counts {
			types = append(types, name)
		}
	}
	e := providerapi.Endpoint{ID: "we_main", URL: hook, Types: types, Created: now.Add(-time.Hour), APIVersion: "2026-01-28", Key: "we_main"}
	s.api.Subscribe(e)
	s.entries = []secrets.Entry{{Label: "main", Environment: "sandbox", Key: e.ID}}
	s.happen("evt_1", now.Add(-20*time.Minute), false, "")
	return s
}

// happen makes an event that the stack stored.
func (s *sided) happen(id string, at time.Time, failed bool, members string) {
	s.api.Add(providerapi.Event{ID: id, Created: at, Failed: failed, Body: fmt.Appendf(nil, `{"id":%q,"event_id":%[1]q%s}`, id, members)})
	s.stored = append([]event.Event{{ID: event.NewID(s.Provider.Name, id), Timestamp: at.UnixMilli()}}, s.stored...)
}

// change changes the main endpoint.
func (s *sided) change(change func(*providerapi.Endpoint)) {
	s.api.Change(func(all []providerapi.Endpoint) []providerapi.Endpoint {
		change(&all[0])
		return all
	})
}

// another adds an endpoint that is like the main one.
func (s *sided) another(id string, change func(*providerapi.Endpoint)) {
	s.api.Change(func(all []providerapi.Endpoint) []providerapi.Endpoint {
		e := all[0]
		e.ID = id
		change(&e)
		return append(all, e)
	})
}

// answers makes requests to a path fail with a status.
func (s *sided) answers(path string, status int) {
	s.api.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasPrefix(r.URL.Path, path) {
			w.WriteHeader(status)
			return true
		}
		return false
	}
}

// An intact side has no finding, and says what cannot be told.
func TestIntactSide(t *testing.T) {
	for _, p := range contract.Providers() {
		s := newSided(t, p)
		results, err := s.Examine(t.Context(), []string{"mode-" + p.Name})
		require.NoError(t, err)
		untold := map[string]string{}
		for _, r := range results {
			assert.Empty(t, r.Findings, r.Check)
			assert.Contains(t, SideNames(), r.Check)
			if r.Skipped != "" {
				untold[r.Check] = r.Skipped
			}
		}
		assert.False(t, SearchOff(results))
		want := map[string][]string{"stripe": {"signing-stripe"}, "paypal": {"version-paypal", "deliveries-paypal"}, "square": {"deliveries-square"}}[p.Name]
		assert.Len(t, untold, len(want)+1)
		for _, name := range want {
			assert.Contains(t, untold, name)
		}
		assert.Equal(t, "by --skip", untold["mode-"+p.Name])
	}
}

// Each row breaks one thing. The finding names it and its remedy, and is the only one.
func TestBrokenSide(t *testing.T) {
	stripe, paypal, square := contract.Stripe(), contract.PayPal(), contract.Square()
	url := func(to string) func(*sided) {
		return func(s *sided) { s.change(func(e *providerapi.Endpoint) { e.URL = to }) }
	}
	without := func(part string) func(*sided) {
		return func(s *sided) {
			s.change(func(e *providerapi.Endpoint) {
				e.Types = slices.DeleteFunc(e.Types, func(t string) bool { return s.kind(t) == part || t == part })
			})
		}
	}
	subscribe := func(types ...string) func(*sided) {
		return func(s *sided) { s.change(func(e *providerapi.Endpoint) { e.Types = append(e.Types, types...) }) }
	}
	disable := func(s *sided) { s.change(func(e *providerapi.Endpoint) { e.Disabled = true }) }
	thin := func(e *providerapi.Endpoint) { e.Thin, e.Types = true, []string{"v1.payment_intent.succeeded"} }
	everywhere := []contract.Provider{stripe, paypal, square}
	for _, row := range []struct {
		why       string
		providers []contract.Provider
		hurt      func(*sided)
		check     string
		severity  Severity
		says, do  string
	}{
		{"the key is revoked", everywhere, func(s *sided) { s.answers("/v", 401) }, "key", Unknown, "status 401", ""},
		{"the key has no right to endpoints", []contract.Provider{stripe}, func(s *sided) { s.api.Fault = providerapi.Refuse("/v1/webhook_endpoints", "rak_webhook_read") }, "key", Unknown, "rak_webhook_read", "Read of Webhook Endpoints (rak_webhook_read)"},
		{"the key has no right to events", []contract.Provider{stripe}, func(s *sided) { s.api.Fault = providerapi.Refuse("/v1/events", "rak_event_read") }, "key", Unknown, "rak_event_read", "Read of Events (rak_event_read)"},
		{"the app has no webhooks", []contract.Provider{paypal}, func(s *sided) { s.api.Fault = providerapi.Refuse("/v1/notifications", "") }, "key", Unknown, "NOT_AUTHORIZED", "https://uri.paypal.com/services/applications/webhooks"},
		{"no such app", []contract.Provider{paypal}, func(s *sided) { s.answers("/v1/oauth2/token", 401) }, "key", Unknown, "/v1/oauth2/token: status 401", "of the app that has the webhook"},
		{"a token of OAuth", []contract.Provider{square}, func(s *sided) { s.api.Fault = providerapi.Refuse("/v2/", "") }, "key", Unknown, "INSUFFICIENT_SCOPES", "personal access token"},
		{"the API is down", everywhere, func(s *sided) { s.answers("/v", 503) }, "key", Unknown, "status 503", "when the provider answers"},
		{"destinations are down", []contract.Provider{stripe}, func(s *sided) { s.answers("/v2/", 503) }, "key", Unknown, "status 503", "when the provider answers"},
		{"a key that may do everything", []contract.Provider{stripe}, func(s *sided) { s.Key.Token = "sk_test_marked" }, "key", Warning, "may do everything", "make a restricted key"},
		{"a key of the sandbox for a live stack", everywhere, func(s *sided) {
			s.entries = append(s.entries[:0], secrets.Entry{Label: "main", Environment: "live", Key: "we_main"})
		}, "mode", Error, "has no entry of the key's mode, sandbox", "--environment sandbox"},
		{"a live key for a stack of the sandbox", []contract.Provider{paypal}, func(s *sided) { s.Key.Sandbox = false }, "mode", Error, "has no entry of the key's mode, live", "--environment live"},
		{"no endpoint", everywhere, func(s *sided) { s.change(func(e *providerapi.Endpoint) { e.URL = "https://other.example.com/live/x" }) }, "endpoint", Error, "has no endpoint with the URL " + hook + ", and 1 with others", "with the URL " + hook},
		{"a slash", everywhere, url(hook + "/"), "endpoint", Error, "by a slash at its end", ", to " + hook},
		{"a new domain, and the API's URL at the provider", everywhere, func(s *sided) {
			s.APIURL = "https://abc.execute-api.us-east-1.amazonaws.com/live/x"
			url(s.APIURL)(s)
		}, "endpoint", Warning, "at the API's own host name", ", to " + hook},
		{"capitals", []contract.Provider{square}, url("https://Hooks.example.com/live/x"), "endpoint", Error, "by capital letters", ""},
		{"http", []contract.Provider{square}, url("http://hooks.example.com/live/x"), "endpoint", Error, "by its scheme", ""},
		{"another stage", []contract.Provider{paypal}, url("https://hooks.example.com/prod/x"), "endpoint", Error, "by its path", ""},
		{"a disabled endpoint", []contract.Provider{stripe, square}, disable, "endpoint", Error, "is disabled", "paysluice reconcile"},
		{"a disabled destination", []contract.Provider{stripe}, func(s *sided) {
			s.another("ed_1", func(e *providerapi.Endpoint) { thin(e); e.Types, e.Disabled, e.Reason = nil, true, "user" })
		}, "endpoint", Error, "is disabled, with the reason user", ""},
		{"the reason of a disabled endpoint", []contract.Provider{stripe}, func(s *sided) {
			disable(s)
			s.another("we_main", func(e *providerapi.Endpoint) { e.Thin, e.Reason = true, "user" })
		}, "endpoint", Error, "is disabled, with the reason user", ""},
		{"two subscriptions", []contract.Provider{square}, func(s *sided) { s.another("we_2", func(*providerapi.Endpoint) {}) }, "endpoint", Warning, "is the URL of 2 subscriptions", "delete all but one"},
		{"two versions", []contract.Provider{stripe}, func(s *sided) {
			s.another("we_2", func(e *providerapi.Endpoint) { e.APIVersion = "" })
			s.entries = append(s.entries, secrets.Entry{Label: "two"})
		}, "version", Warning, "2026-01-28, the account's", "give all endpoints one version"},
		{"an endpoint without a secret", []contract.Provider{stripe}, func(s *sided) { s.another("we_2", func(*providerapi.Endpoint) {}) }, "signing", Error, "has 1 entries for 2 endpoints", "secrets add stripe"},
		{"another key or id", []contract.Provider{paypal, square}, func(s *sided) {
			s.entries = append(s.entries, s.entries[0])
			s.entries[0].Key = "old"
			s.entries = s.entries[:1]
		}, "signing", Error, "that the stack's secret does not have", "secrets add"},
		{"an entry too many", []contract.Provider{paypal, square}, func(s *sided) {
			s.entries = append(s.entries, secrets.Entry{Label: "old", Environment: "sandbox", Key: "old"})
		}, "signing", Warning, "belongs to no endpoint", "secrets retire"},
		{"the key of a subscription is refused", []contract.Provider{square}, func(s *sided) { s.api.Fault = providerapi.Refuse("/v2/webhooks/subscriptions/", "") }, "signing", Unknown, "INSUFFICIENT_SCOPES", "personal access token"},
		{"no refunds", everywhere, without("refund"), "types", Error, "gets no type about refunds that moves money", "subscribe them"},
		{"one type less", []contract.Provider{stripe}, without("payout.paid"), "types", Warning, "does not get all types about payouts that move money: payout.paid", "subscribe them"},
		{"all types", everywhere, subscribe("*"), "types", Warning, "gets 1 types that have no category: *", "unsubscribe them"},
		{"types without a category", []contract.Provider{stripe}, subscribe("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "b1", "b2", "b3", "b4"), "types", Warning, "b3 and 1 more", "unsubscribe them"},
		{"a delivery is pending", []contract.Provider{stripe}, func(s *sided) { s.happen("evt_2", s.Now().Add(-time.Hour), true, `,"pending_webhooks":1`) }, "deliveries", Warning, "has not received 1 event of the last 72 hours", "paysluice reconcile stripe"},
		{"an undelivered event says that none is", []contract.Provider{stripe}, func(s *sided) { s.happen("evt_2", s.Now().Add(-time.Hour), true, `,"pending_webhooks":0`) }, "deliveries", Warning, "has not received 1 event of", "paysluice reconcile stripe"},
		{"more than can be counted", []contract.Provider{stripe}, func(s *sided) {
			for n := range maxUndelivered + 1 {
				s.happen(fmt.Sprint("evt_", n+10), s.Now().Add(-time.Hour), true, `,"pending_webhooks":0`)
			}
		}, "deliveries", Warning, "at least 1000 events", "paysluice reconcile stripe"},
		{"a delivery of PayPal waits", []contract.Provider{paypal}, func(s *sided) {
			s.happen("evt_2", s.Now().Add(-time.Hour), false, `,"transmissions":[{"webhook_url":"https://other.example.com","status":"FAILURE"},{"webhook_url":"`+hook+`","status":"PENDING"}]`)
		}, "deliveries", Warning, "has not received 1 event of", "paysluice reconcile paypal"},
		{"a delivery of PayPal failed", []contract.Provider{paypal}, func(s *sided) {
			s.happen("evt_2", s.Now().Add(-time.Hour), false, `,"transmissions":[{"webhook_url":"`+hook+`","status":"FAILURE"}]`)
		}, "deliveries", Warning, "has not received 1 event of", "paysluice reconcile paypal"},
		{"snapshots and thin events", []contract.Provider{stripe}, func(s *sided) {
			s.another("ed_1", thin)
			s.entries = append(s.entries, secrets.Entry{Label: "thin"})
		}, "thin", Warning, "gets these types with and without their object: payment_intent.succeeded", "remove them from the thin destination"},
		{"the search is off", []contract.Provider{square}, func(s *sided) { s.api.SearchOff() }, "search", Error, "does not list the newest stored events", "--fix"},
		{"the search was switched on just now", []contract.Provider{square}, func(s *sided) {
			s.api.SearchOff()
			require.NoError(s.t, s.Setup.EnableSearch(s.t.Context()))
		}, "search", Error, "does not list the newest stored events", "--fix"},
	} {
		for _, p := range row.providers {
			t.Run(p.Name+" "+row.why, func(t *testing.T) {
				s := newSided(t, p)
				row.hurt(s)
				results, err := s.Examine(t.Context(), nil)
				require.NoError(t, err)
				var found []Finding
				for _, r := range results {
					for _, f := range r.Findings {
						assert.Equal(t, row.check+"-"+p.Name, r.Check, "%+v", f)
						found = append(found, f)
					}
				}
				require.Len(t, found, 1)
				f := found[0]
				assert.Equal(t, row.severity, f.Severity)
				assert.Contains(t, f.Problem, row.says)
				assert.Contains(t, f.Do, row.do)
				assert.NotEmpty(t, f.Do)
				assert.NotContains(t, fmt.Sprint(results), "marked")
				assert.Equal(t, row.check == "search", SearchOff(results))
			})
		}
	}
}

// What the provider's API does not show is said, and is no finding.
func TestUntoldSide(t *testing.T) {
	for _, row := range []struct {
		why, check string
		provider   contract.Provider
		hurt       func(*sided)
		says       string
	}{
		{"no right to destinations", "thin-stripe", contract.Stripe(), func(s *sided) { s.api.Fault = providerapi.Refuse("/v2/core/event_destinations", "") }, "may not read event destinations"},
		{"an endpoint is a destination too", "signing-stripe", contract.Stripe(), func(s *sided) { s.change(func(e *providerapi.Endpoint) { e.Destination = "ed_1" }) }, "only once"},
		{"with its id", "signing-stripe", contract.Stripe(), func(s *sided) { s.change(func(e *providerapi.Endpoint) { e.Destination = e.ID }) }, "only once"},
		{"no signature key", "signing-square", contract.Square(), func(s *sided) { s.change(func(e *providerapi.Endpoint) { e.Key = "" }) }, "has no signature key"},
		{"PayPal shows no deliveries", "deliveries-paypal", contract.PayPal(), func(*sided) {}, "does not say what was delivered"},
		{"nothing is stored", "search-square", contract.Square(), func(s *sided) { s.stored = nil }, "--fix switches it on"},
		{"an empty secret", "mode-stripe", contract.Stripe(), func(s *sided) { s.entries = nil }, ""},
	} {
		s := newSided(t, row.provider)
		row.hurt(s)
		results, err := s.Examine(t.Context(), nil)
		require.NoError(t, err)
		i := slices.IndexFunc(results, func(r Result) bool { return r.Check == row.check })
		assert.Empty(t, results[i].Findings, row.why)
		assert.Contains(t, results[i].Skipped, row.says, row.why)
	}
}

// A failure of AWS, or of one page of a list, is a finding of the checks that need it.
func TestSideThatCannotBeRead(t *testing.T) {
	failed := errors.New("no AWS")
	for _, p := range contract.Providers() {
		s := newSided(t, p)
		s.failure = failed
		results, err := s.Examine(t.Context(), nil)
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(results), "could not be checked: no AWS")
	}
	for _, p := range contract.Providers() {
		s := newSided(t, p)
		s.api.Fault = func(w http.ResponseWriter, r *http.Request, number int) bool {
			list := r.URL.Path == "/v1/events" || strings.HasSuffix(r.URL.Path, "/webhooks-events") || r.URL.Path == "/v2/events"
			if list {
				w.WriteHeader(http.StatusBadRequest)
			}
			return list
		}
		results, err := s.Examine(t.Context(), []string{"key-" + p.Name})
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(results), "status 400")
	}
}

func TestSideOfAStack(t *testing.T) {
	p := contract.Square()
	row := `{"Items":[{"eventId":{"S":"square:e1"},"timestamp":{"N":"1"},"receivedAt":{"N":"1"},"provider":{"S":"square"}}]}`
	for answers, fails := range map[*cloud]bool{
		{"GetSecretValue": `{"VersionId":"1","SecretString":"{\"subscriptions\":[{\"label\":\"main\",\"signatureKey\":\"k\",\"environment\":\"live\",\"notificationUrl\":\"https://x.example.com\"}]}"}`, "Query": row}: false,
		{"GetSecretValue": "!X", "Query": "!X"}: true,
	} {
		d := newDoctor(t, *answers)
		setup, err := source.NewSetup(p, source.Options{Key: providerapi.Key()})
		require.NoError(t, err)
		s := NewSide(d.stack, contract.Stripe(), providerapi.Key(), setup, "", time.Now)
		assert.Equal(t, d.stack.Outputs["StripeUrl"], s.URL)
		assert.Equal(t, d.stack.APIURL(contract.Stripe()), s.APIURL)
		s = NewSide(d.stack, p, providerapi.Key(), setup, hook, time.Now)
		assert.Equal(t, hook, s.URL)
		entries, err := s.Entries(t.Context())
		assert.Equal(t, fails, err != nil, err)
		stored, err := s.Newest(t.Context())
		assert.Equal(t, fails, err != nil, err)
		if !fails {
			assert.Len(t, entries, 1)
			assert.Len(t, stored, newest)
		}
	}
	_, err := source.NewSetup(p, source.Options{URL: "x"})
	assert.ErrorIs(t, err, source.ErrURL)
}
