// Package providerapi plays the APIs by which Stripe, PayPal and Square list their
// events. Each server keeps events and honours keys, ranges, pages and limits as its
// provider documents them; comments name the sources.
package providerapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// Key is accepted by all servers.
func Key() source.Key {
	return source.Key{Token: "rk_test_marked", ClientID: "marked-client", ClientSecret: "marked-secret", Sandbox: true}
}

// KeyDocument returns the document of the secret provider-api-keys with Key for some providers.
func KeyDocument(providers ...string) []byte {
	k, documents := Key(), map[string]any{}
	for _, name := range providers {
		documents[name] = map[string]string{
			"apiKey": k.Token, "accessToken": k.Token, "clientId": k.ClientID, "clientSecret": k.ClientSecret, "environment": "sandbox",
		}
	}
	text, _ := json.Marshal(documents) // strings
	return text
}

// Event is an event that the provider made.
type Event struct {
	ID      string // the provider's
	Body    []byte // as the API renders it
	Created time.Time
	Account string // connected account, Stripe
	Thin    bool   // Stripe
	// Hidden leaves the event out of lists: they are not complete up to now
	// (estuary/connectors#2731).
	Hidden bool
	// Failed tells that an endpoint did not receive it (Stripe).
	Failed bool
}

// Endpoint is a webhook endpoint at the provider.
type Endpoint struct {
	ID, URL string
	Types   []string
	Created time.Time
	Thin    bool // an event destination of Stripe
	// Destination is the id with which an endpoint of snapshots is a destination too. It
	// is not documented whether it is one.
	Destination string
	// Disabled, with Reason for a destination of Stripe, stops deliveries.
	Disabled bool
	Reason   string
	// APIVersion is empty for the account's (Stripe).
	APIVersion string
	// Application marks a Connect endpoint, and From says whose events a destination gets (Stripe).
	Application string
	From        []string
	Key         string // Square's signature key
}

// Server is one provider's API.
type Server struct {
	*httptest.Server
	Provider contract.Provider
	// Fault, if not nil, may answer a request in place of the API, and then returns
	// true.
	Fault func(w http.ResponseWriter, r *http.Request, number int) bool
	// Resend, if not nil, delivers an event again and returns a status (PayPal).
	Resend func(Event) int

	mu        sync.Mutex
	events    []Event
	sorted    bool // newest first
	endpoints []Endpoint
	requests  []string
	// searchFrom is when Square's event search was switched on, zero for always.
	searchFrom time.Time
	searchOff  bool
}

// New starts the API of a provider.
func New(p contract.Provider) *Server {
	s := Unstarted(p)
	s.Start()
	return s
}

// Unstarted returns the API of a provider that answers only through Config.Handler.
func Unstarted(p contract.Provider) *Server {
	s := &Server{Provider: p}
	handlers := map[string]func(http.ResponseWriter, *http.Request){
		"GET /v1/events": s.stripeEvents, "GET /v2/core/events": s.stripeThin,
		"GET /v1/webhook_endpoints": s.stripeEndpoints, "GET /v2/core/event_destinations": s.stripeDestinations,
		"POST /v1/oauth2/token": s.paypalToken, "GET /v1/notifications/webhooks-events": s.paypalEvents,
		"GET /v1/notifications/webhooks": s.paypalWebhooks, "POST /v1/notifications/webhooks-events/{id}/resend": s.paypalResend,
		"POST /v2/events": s.squareEvents, "GET /v2/webhooks/subscriptions": s.squareSubscriptions,
		"GET /v2/webhooks/subscriptions/{id}": s.squareSubscription, "PUT /v2/events/enable": s.squareEnable,
	}
	mux := http.NewServeMux()
	for pattern, handle := range handlers {
		mux.HandleFunc(pattern, handle)
	}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		fault, number := s.Fault, len(s.requests)
		s.mu.Unlock()
		if fault != nil && fault(w, r, number) {
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return s
}

// Add adds events and Subscribe endpoints.
func (s *Server) Add(events ...Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events, s.sorted = append(s.events, events...), false
}

// Subscribe adds endpoints.
func (s *Server) Subscribe(endpoints ...Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoints = append(s.endpoints, endpoints...)
}

// Change changes the endpoints.
func (s *Server) Change(change func([]Endpoint) []Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoints = change(s.endpoints)
}

// Reveal lists the hidden events.
func (s *Server) Reveal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.events {
		s.events[i].Hidden = false
	}
}

// Lists reports whether the list has an event.
func (s *Server) Lists(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.events, func(e Event) bool { return e.ID == id && !e.Hidden })
}

// SearchOff switches Square's event search off.
func (s *Server) SearchOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.searchOff = true
}

// Requests returns the methods and paths of all requests.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Throttle answers every n-th request 429. Stripe and Square document Retry-After as
// optional (docs.stripe.com/rate-limits; RFC 9110, 10.2.3).
func Throttle(n int, retryAfter string) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, _ *http.Request, number int) bool {
		if number%n != 0 {
			return false
		}
		throttled(w, retryAfter)
		return true
	}
}

// Unsteady answers one of n requests at random: most 429, with or without Retry-After,
// some 503, and some not at all.
func Unsteady(random *rand.Rand, n int) func(http.ResponseWriter, *http.Request, int) bool {
	var mu sync.Mutex
	return func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		mu.Lock()
		fails, kind := random.IntN(n) == 0, random.IntN(20)
		mu.Unlock()
		switch {
		case !fails:
			return false
		case kind == 0:
			panic(http.ErrAbortHandler)
		case kind == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case kind == 2:
			throttled(w, "")
		default:
			throttled(w, "0")
		}
		return true
	}
}

// throttled answers 429.
func throttled(w http.ResponseWriter, retryAfter string) {
	if retryAfter != "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	// The three providers' bodies of a 429 in one.
	answer(w, http.StatusTooManyRequests, map[string]any{
		"name": "RATE_LIMIT_REACHED", "error": map[string]string{"type": "invalid_request_error", "code": "rate_limit"},
		"errors": []map[string]string{{"category": "RATE_LIMIT_ERROR", "code": "RATE_LIMITED"}},
	})
}

// Refuse answers requests to a path as the three providers answer a key without the
// permission for it, in one body: Stripe's message names the permission
// (docs.stripe.com/keys/restricted-api-keys), PayPal's and Square's codes are those of
// notifications_webhooks_v1.json and of Square's ErrorCode.
func Refuse(path, permission string) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !strings.HasPrefix(r.URL.Path, path) {
			return false
		}
		answer(w, http.StatusForbidden, map[string]any{
			"name": "NOT_AUTHORIZED", "error": map[string]string{"type": "invalid_request_error",
				"message": "The provided key 'rk_test_marked' needs the permission '" + permission + "'."},
			"errors": []map[string]string{{"category": "AUTHENTICATION_ERROR", "code": "INSUFFICIENT_SCOPES"}},
		})
		return true
	}
}

// selected returns the visible events in [from, to], newest first. Events of one second
// come in any order: ids are no order (zed-industries/zed#15510).
func (s *Server) selected(from, to time.Time, keep func(Event) bool) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.sorted {
		slices.SortStableFunc(s.events, func(a, b Event) int { return b.Created.Compare(a.Created) })
		s.sorted = true
	}
	found := make([]Event, 0, len(s.events))
	for _, e := range s.events {
		if !e.Hidden && !e.Created.Before(from) && !e.Created.After(to) && keep(e) {
			found = append(found, e)
		}
	}
	return found
}

func (s *Server) subscribed(thin bool) []Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.endpoints), func(e Endpoint) bool { return e.Thin != thin })
}

// page returns up to limit events behind the first skip, and whether more follow.
func page(all []Event, skip, limit int) ([]json.RawMessage, bool) {
	bodies := []json.RawMessage{}
	for _, e := range all[min(skip, len(all)):min(skip+limit, len(all))] {
		bodies = append(bodies, e.Body)
	}
	return bodies, skip+limit < len(all)
}

// bearer checks the key.
func bearer(w http.ResponseWriter, r *http.Request, token string) bool {
	if r.Header.Get("Authorization") == "Bearer "+token {
		return true
	}
	// Stripe's message has a part of the key.
	answer(w, http.StatusUnauthorized, map[string]any{"error": map[string]string{
		"type": "invalid_request_error", "message": "Invalid API Key provided: " + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
	}})
	return false
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, value any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("a test's event is no JSON: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // a test may have killed the client
}

// bad answers 400 with all providers' codes of an invalid request.
func bad(w http.ResponseWriter, what string) {
	answer(w, http.StatusBadRequest, map[string]any{
		"name": "VALIDATION_ERROR", "error": map[string]string{"type": "invalid_request_error", "message": what},
		"errors": []map[string]string{{"code": "BAD_REQUEST"}},
	})
}
