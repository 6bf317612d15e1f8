package providerapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const paypalToken = "A21-marked"

var errWebhook = errors.New("not a webhook of this app")

// paypalToken issues the app's token for Basic credentials (developer.paypal.com/api/rest/authentication).
func (s *Server) paypalToken(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id != Key().ClientID || secret != Key().ClientSecret || r.FormValue("grant_type") != "client_credentials" {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": paypalToken, "token_type": "Bearer", "expires_in": 32400})
}

// paypalEvents lists notifications: page_size, default 10; both times inclusive; a
// page may be short, and links name the next one (notifications_webhooks_v1.json).
// The link is escaped for HTML twice (PayPal-PHP-SDK, testEventSearch.json) and can
// name an internal host (PayPal-node-SDK#68). A start a year back is an error
// (PayPal-node-SDK, test/mocks/notification.js).
func (s *Server) paypalEvents(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, paypalToken) {
		return
	}
	q := r.URL.Query()
	from, err := time.Parse(time.RFC3339, q.Get("start_time"))
	to, err2 := time.Parse(time.RFC3339, q.Get("end_time"))
	size, err3 := strconv.Atoi(cmp.Or(q.Get("page_size"), "10"))
	if err != nil || err2 != nil || err3 != nil || time.Since(from) > 365*24*time.Hour {
		bad(w, "start_time")
		return
	}
	all := s.selected(from, to, func(Event) bool { return true })
	skip, _ := strconv.Atoi(q.Get("index_id"))
	size = max(size-skip%7, 1) // some pages are short
	events, more := page(all, skip, size)
	links := []map[string]string{{"href": s.URL + r.URL.String(), "rel": "self"}}
	if more {
		next := url.Values{"move_to": {"next"}, "index_id": {strconv.Itoa(skip + size)}}
		for _, name := range []string{"start_time", "end_time", "page_size"} {
			next.Set(name, q.Get(name))
		}
		href := "https://stage2internal.qa.paypal.invalid/v1/notifications/webhooks-events?" + next.Encode()
		links = append(links, map[string]string{"href": html.EscapeString(html.EscapeString(href)), "rel": "next"})
	}
	answer(w, http.StatusOK, map[string]any{"events": events, "count": len(events), "links": links})
}

func (s *Server) paypalWebhooks(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, paypalToken) {
		return
	}
	found := []map[string]any{}
	for _, e := range s.subscribed(false) {
		types := []map[string]string{}
		for _, name := range e.Types {
			types = append(types, map[string]string{"name": name})
		}
		found = append(found, map[string]any{"id": e.ID, "url": e.URL, "event_types": types})
	}
	answer(w, http.StatusOK, map[string]any{"webhooks": found})
}

// paypalResend answers 202 and the event, 404 for an unknown id
// (PayPal-node-SDK, test/mocks/notification.js).
func (s *Server) paypalResend(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, paypalToken) {
		return
	}
	var asked struct {
		IDs []string `json:"webhook_ids"`
	}
	err := json.NewDecoder(r.Body).Decode(&asked)
	known := s.subscribed(false)
	for _, id := range asked.IDs {
		if !slices.ContainsFunc(known, func(e Endpoint) bool { return e.ID == id }) {
			err = errors.Join(err, errWebhook)
		}
	}
	if err != nil {
		bad(w, "webhook_ids")
		return
	}
	s.mu.Lock()
	i := slices.IndexFunc(s.events, func(e Event) bool { return e.ID == r.PathValue("id") })
	resend := s.Resend
	var found Event
	if i >= 0 {
		found = s.events[i]
	}
	s.mu.Unlock()
	status := http.StatusAccepted
	switch {
	case i < 0:
		status = http.StatusNotFound
	case resend != nil:
		status = resend(found)
	}
	if status != http.StatusAccepted {
		answer(w, status, map[string]string{"name": "INVALID_RESOURCE_ID"})
		return
	}
	answer(w, status, json.RawMessage(found.Body))
}
