package providerapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// stripeEvents lists snapshots: limit 1 to 100, default 10; created[gte] and
// created[lte] inclusive; starting_after an event id; newest first. An unknown
// parameter is an error (OpenAPI file of Stripe, /v1/events). A platform's key lists
// its own events only (integrallis/stripe_event#71).
func (s *Server) stripeEvents(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	q := r.URL.Query()
	from, to, ok := stripeRange(q, func(text string) (time.Time, error) {
		seconds, err := strconv.ParseInt(text, 10, 64)
		return time.Unix(seconds, 0), err
	})
	limit := 10
	if text := q.Get("limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	if !ok || limit < 1 || limit > 100 || unknown(q, "limit", "created[gte]", "created[lte]", "starting_after", "delivery_success") {
		bad(w, "parameters")
		return
	}
	account := r.Header.Get("Stripe-Account")
	failed := q.Get("delivery_success") == "false" // at one endpoint at least
	all := s.selected(from, to, func(e Event) bool { return !e.Thin && e.Account == account && (e.Failed || !failed) })
	skip := 0
	if after := q.Get("starting_after"); after != "" {
		if skip = slices.IndexFunc(all, func(e Event) bool { return e.ID == after }) + 1; skip == 0 {
			bad(w, "No such event")
			return
		}
	}
	data, more := page(all, skip, limit)
	answer(w, http.StatusOK, map[string]any{"object": "list", "url": "/v1/events", "data": data, "has_more": more})
}

// stripeThin lists thin events: RFC 3339 times, and a URL of the next page
// (stripe-go v85.0.0, v2core_event.go). A version is required.
func (s *Server) stripeThin(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	q := r.URL.Query()
	from, to, ok := stripeRange(q, func(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) })
	if !ok || r.Header.Get("Stripe-Version") == "" || unknown(q, "limit", "created[gte]", "created[lte]", "page") {
		bad(w, "parameters")
		return
	}
	account := r.Header.Get("Stripe-Context")
	all := s.selected(from, to, func(e Event) bool { return e.Thin && e.Account == account })
	skip, _ := strconv.Atoi(q.Get("page"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	data, more := page(all, skip, limit)
	found := map[string]any{"data": data}
	if more {
		q.Set("page", strconv.Itoa(skip+limit))
		found["next_page_url"] = "/v2/core/events?" + q.Encode()
	}
	answer(w, http.StatusOK, found)
}

func stripeRange(q url.Values, parse func(string) (time.Time, error)) (from, to time.Time, ok bool) {
	from, err := parse(q.Get("created[gte]"))
	if err != nil {
		return from, to, false
	}
	to, err = parse(q.Get("created[lte]"))
	return from, to, err == nil
}

func unknown(q url.Values, names ...string) bool {
	for name := range q {
		if !slices.Contains(names, name) {
			return true
		}
	}
	return false
}

func status(e Endpoint) string {
	if e.Disabled {
		return "disabled"
	}
	return "enabled"
}

// stripeEndpoints lists one endpoint a page, so that every client pages. api_version is
// null for the account's; a secret is returned at creation only (OpenAPI file of Stripe,
// webhook_endpoint).
func (s *Server) stripeEndpoints(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	all := s.subscribed(false)
	after := r.URL.Query().Get("starting_after")
	all = all[slices.IndexFunc(all, func(e Endpoint) bool { return e.ID == after })+1:]
	data := []map[string]any{}
	for _, e := range all[:min(1, len(all))] {
		one := map[string]any{"id": e.ID, "object": "webhook_endpoint", "url": e.URL, "enabled_events": e.Types, "status": status(e),
			"api_version": nil, "application": nil, "livemode": false, "created": e.Created.Unix()}
		if e.APIVersion != "" {
			one["api_version"] = e.APIVersion
		}
		if e.Application != "" {
			one["application"] = e.Application
		}
		data = append(data, one)
	}
	answer(w, http.StatusOK, map[string]any{"data": data, "has_more": len(all) > 1})
}

// stripeDestinations lists destinations of thin events, and those of snapshots that have an id. status_details is there for a disabled
// one (stripe-go v85.0.0, v2core_eventdestination.go).
func (s *Server) stripeDestinations(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	data := []map[string]any{}
	for _, e := range append(s.subscribed(true), s.subscribed(false)...) {
		payload := "thin"
		if !e.Thin {
			e.ID, payload = e.Destination, "snapshot"
		}
		if e.ID == "" {
			continue
		}
		one := map[string]any{"id": e.ID, "enabled_events": e.Types, "event_payload": payload, "status": status(e),
			"created": e.Created.UTC().Format(time.RFC3339Nano), "webhook_endpoint": map[string]string{"url": e.URL}}
		if e.From != nil {
			one["events_from"] = e.From
		}
		if e.Disabled {
			one["status_details"] = map[string]any{"disabled": map[string]string{"reason": e.Reason}}
		}
		data = append(data, one)
	}
	answer(w, http.StatusOK, map[string]any{"data": data})
}
