package providerapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// squareEvents searches events: limit 1 to 100, a cursor with the unchanged query, the
// events' versions beside them (square/connect-api-specification, SearchEvents). Only what
// happened while the search was on is found (developer.squareup.com/docs/events-api/overview).
func (s *Server) squareEvents(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	var search struct {
		Limit  int    `json:"limit"`
		Cursor string `json:"cursor"`
		Query  struct {
			Filter struct {
				CreatedAt struct {
					Start time.Time `json:"start_at"`
					End   time.Time `json:"end_at"`
				} `json:"created_at"`
				Merchants []string `json:"merchant_ids"`
			} `json:"filter"`
			Sort struct {
				Order string `json:"order"`
			} `json:"sort"`
		} `json:"query"`
	}
	if err := json.NewDecoder(r.Body).Decode(&search); err != nil || search.Limit < 1 || search.Limit > 100 {
		bad(w, "query")
		return
	}
	filter := search.Query.Filter
	all := s.selected(filter.CreatedAt.Start, filter.CreatedAt.End, func(e Event) bool {
		return !s.searchOff && !e.Created.Before(s.searchFrom) && (len(filter.Merchants) == 0 || slices.Contains(filter.Merchants, e.Account))
	})
	if search.Query.Sort.Order == "ASC" {
		slices.Reverse(all)
	}
	skip, _ := strconv.Atoi(search.Cursor)
	events, more := page(all, skip, search.Limit)
	metadata := []map[string]string{}
	for _, e := range all[min(skip, len(all)):min(skip+search.Limit, len(all))] {
		metadata = append(metadata, map[string]string{"event_id": e.ID, "api_version": "2026-05-20"})
	}
	found := map[string]any{"events": events, "metadata": metadata}
	if more {
		found["cursor"] = strconv.Itoa(skip + search.Limit)
	}
	answer(w, http.StatusOK, found)
}

// squareEnable switches the search on, with an empty answer (EnableEvents).
func (s *Server) squareEnable(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	s.mu.Lock()
	if s.searchOff {
		s.searchOff, s.searchFrom = false, time.Now()
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{})
}

// squareSubscription returns one subscription. Unlike the list it has the signature key
// (samples of RetrieveWebhookSubscription and ListWebhookSubscriptions).
func (s *Server) squareSubscription(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	for _, e := range s.subscribed(false) {
		if e.ID == r.PathValue("id") {
			one := subscription(e)
			one["signature_key"] = e.Key
			answer(w, http.StatusOK, map[string]any{"subscription": one})
			return
		}
	}
	answer(w, http.StatusNotFound, map[string]any{"errors": []map[string]string{{"code": "NOT_FOUND"}}})
}

// subscription has times in the form of the specification's samples.
func subscription(e Endpoint) map[string]any {
	return map[string]any{"id": e.ID, "notification_url": e.URL, "event_types": e.Types, "enabled": !e.Disabled,
		"api_version": e.APIVersion, "created_at": e.Created.UTC().String()}
}

// squareSubscriptions lists one subscription a page, disabled ones on request.
func (s *Server) squareSubscriptions(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	all := slices.DeleteFunc(s.subscribed(false), func(e Endpoint) bool {
		return e.Disabled && r.URL.Query().Get("include_disabled") != "true"
	})
	skip, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	found := map[string]any{}
	list := []map[string]any{}
	for _, e := range all[min(skip, len(all)):min(skip+1, len(all))] {
		list = append(list, subscription(e))
	}
	found["subscriptions"] = list
	if skip+1 < len(all) {
		found["cursor"] = strconv.Itoa(skip + 1)
	}
	answer(w, http.StatusOK, found)
}
