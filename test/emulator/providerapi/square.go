package providerapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// squareEvents searches events: limit 1 to 100, a cursor with the unchanged query, the
// events' versions beside them (square/connect-api-specification, SearchEvents).
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
		return len(filter.Merchants) == 0 || slices.Contains(filter.Merchants, e.Account)
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

// squareSubscriptions lists one subscription a page. Times have the form of the
// specification's samples.
func (s *Server) squareSubscriptions(w http.ResponseWriter, r *http.Request) {
	if !bearer(w, r, Key().Token) {
		return
	}
	all := s.subscribed(false)
	skip, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	found := map[string]any{}
	list := []map[string]any{}
	for _, e := range all[min(skip, len(all)):min(skip+1, len(all))] {
		list = append(list, map[string]any{"id": e.ID, "notification_url": e.URL, "event_types": e.Types, "enabled": true,
			"created_at": e.Created.UTC().String()})
	}
	found["subscriptions"] = list
	if skip+1 < len(all) {
		found["cursor"] = strconv.Itoa(skip + 1)
	}
	answer(w, http.StatusOK, found)
}
