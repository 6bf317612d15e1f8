package source

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"
)

const (
	squareURL        = "https://connect.squareup.com"
	squareSandboxURL = "https://connect.squareupsandbox.com"
)

// square lists the events of one application, of all sellers that have authorised it
// (developer.squareup.com/docs/events-api/overview).
type square struct {
	client  *client
	account string
	live    bool
}

func newSquare(o Options) (Source, error) {
	base := squareURL
	if o.Key.Sandbox {
		base = squareSandboxURL
	}
	if o.URL != "" {
		base = o.URL
	}
	c, err := newClient(base, o)
	if err != nil {
		return nil, err
	}
	c.authorize = func(r *http.Request) (http.Header, error) {
		r.Header.Set("Authorization", "Bearer "+o.Key.Token)
		return nil, nil
	}
	return &square{client: c, account: o.Account, live: !o.Key.Sandbox}, nil
}

// Facts implements Source. Square lists 28 days, and only what happened while the
// search was enabled. Its pages name retries for 24 to 72 hours.
func (s *square) Facts() Facts {
	return Facts{Retention: 28 * day, Margin: margin, Retries: 3 * day, Live: s.live}
}

// Lists implements Source.
func (*square) Lists(string) bool { return true }

// squarePage is a response of SearchEvents.
type squarePage struct {
	Events   few[json.RawMessage] `json:"events"`
	Metadata few[struct {
		EventID    string `json:"event_id"`
		APIVersion string `json:"api_version"`
	}] `json:"metadata"`
	Cursor string `json:"cursor"`
}

// List implements Source. A cursor lives for 15 minutes.
func (s *square) List(ctx context.Context, from, to time.Time) iter.Seq2[Listed, error] {
	filter := map[string]any{"created_at": map[string]string{
		"start_at": from.UTC().Format(time.RFC3339), "end_at": to.UTC().Format(time.RFC3339),
	}}
	if s.account != "" {
		filter["merchant_ids"] = []string{s.account}
	}
	list := listing[Listed]{query: url.Values{}, most: maxPages, read: func(ctx context.Context, at url.Values) (all []Listed, next url.Values, err error) {
		search := map[string]any{"limit": 100, "query": map[string]any{"filter": filter, "sort": map[string]string{"order": "ASC"}}}
		if at.Has(cursor) {
			search[cursor] = at.Get(cursor)
		}
		var answer squarePage
		if err := s.client.get(ctx, call{method: http.MethodPost, path: "/v2/events", body: search, most: maxPage}, &answer); err != nil {
			return nil, nil, err
		}
		versions := map[string]string{}
		for _, m := range answer.Metadata {
			versions[m.EventID] = m.APIVersion
		}
		for _, body := range answer.Events {
			var e struct {
				ID string `json:"event_id"`
			}
			_ = json.Unmarshal(body, &e) // an event without an id has no version
			all = append(all, Listed{Body: body, APIVersion: versions[e.ID]})
		}
		if answer.Cursor != "" {
			next = url.Values{cursor: {answer.Cursor}}
		}
		return all, next, nil
	}}
	return func(yield func(Listed, error) bool) { list.each(ctx, yield) }
}

// cursor names the member, and the parameter, that chooses a further page.
const cursor = "cursor"

// Subscription implements Source.
func (s *square) Subscription(ctx context.Context, to string) (Subscription, error) {
	all, err := s.Endpoints(ctx)
	if err != nil {
		return Subscription{}, err
	}
	return subscription(all, to)
}

// Endpoints implements Setup (ListWebhookSubscriptions in api.json of
// github.com/square/connect-api-specification, as all calls of this file).
func (s *square) Endpoints(ctx context.Context) ([]Endpoint, error) {
	read := func(ctx context.Context, query url.Values) (all []Endpoint, next url.Values, err error) {
		var answer struct {
			Subscriptions few[struct {
				ID      string      `json:"id"`
				URL     string      `json:"notification_url"`
				Types   few[string] `json:"event_types"`
				Enabled *bool       `json:"enabled"`
				Version string      `json:"api_version"`
				Created string      `json:"created_at"`
			}] `json:"subscriptions"`
			Cursor string `json:"cursor"`
		}
		what := call{method: http.MethodGet, path: squareSubscriptions, query: query}
		if err := s.client.get(ctx, what, &answer); err != nil {
			return nil, nil, err
		}
		for _, w := range answer.Subscriptions {
			e := Endpoint{ID: w.ID, URL: w.URL, Types: w.Types, APIVersion: w.Version, Created: squareTime(w.Created)}
			if w.Enabled != nil && !*w.Enabled {
				e.Disabled = "disabled"
			}
			all = append(all, e)
		}
		if answer.Cursor != "" {
			next = url.Values{"include_disabled": {"true"}, cursor: {answer.Cursor}}
		}
		return all, next, nil
	}
	return listing[Endpoint]{query: url.Values{"include_disabled": {"true"}}, read: read, most: maxEndpointPages}.all(ctx)
}

const squareSubscriptions = "/v2/webhooks/subscriptions"

// ThinEndpoints implements Setup.
func (*square) ThinEndpoints(context.Context) ([]Endpoint, error) { return nil, ErrHidden }

// SigningKey implements Setup (RetrieveWebhookSubscription). The error is ErrHidden if the
// response has none.
func (s *square) SigningKey(ctx context.Context, e Endpoint) (string, error) {
	var answer struct {
		Subscription struct {
			Key string `json:"signature_key"`
		} `json:"subscription"`
	}
	what := call{method: http.MethodGet, path: squareSubscriptions + "/" + url.PathEscape(e.ID)}
	if err := s.client.get(ctx, what, &answer); err != nil {
		return "", err
	}
	if answer.Subscription.Key == "" {
		return "", ErrHidden
	}
	return answer.Subscription.Key, nil
}

// Undelivered implements Setup. Square lists no deliveries.
func (*square) Undelivered(context.Context, string, time.Time, time.Time) iter.Seq2[string, error] {
	return hidden
}

// Settled implements Source.
func (*square) Settled([]byte, string) bool { return false }

// EnableSearch implements Setup (EnableEvents). It does no harm where the search is on.
func (s *square) EnableSearch(ctx context.Context) error {
	return s.client.get(ctx, call{method: http.MethodPut, path: "/v2/events/enable"}, nil)
}

// squareTime reads a time of a subscription. Square's samples have the form that Go
// prints, not RFC 3339. The zero time counts as unknown.
func squareTime(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05.999999999 -0700 MST"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

// Redeliver implements Source.
func (*square) Redeliver(context.Context, string, Subscription) error { return ErrNoRedelivery }
