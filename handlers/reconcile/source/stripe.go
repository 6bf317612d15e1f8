package source

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	stripeURL = "https://api.stripe.com"
	// stripeVersion is sent to the API v2, which requires a version. Events are
	// rendered in the version of their making, whatever it is
	// (docs.stripe.com/api/events).
	stripeVersion = "2026-03-25.dahlia"
)

// stripe lists the events of one account (docs.stripe.com/api/events/list).
type stripe struct {
	client  *client
	account string
	thin    bool
	live    bool
}

func newStripe(o Options) (Source, error) {
	base := stripeURL
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
	return &stripe{client: c, account: o.Account, thin: o.Thin, live: !o.Key.Sandbox}, nil
}

// Facts implements Source. Events are kept for 30 days (docs.stripe.com/api/events) and
// delivered for three (docs.stripe.com/webhooks/process-undelivered-events).
func (s *stripe) Facts() Facts {
	return Facts{Retention: 30 * day, Margin: margin, Retries: 3 * day, Live: s.live}
}

// Lists implements Source. Types of thin events begin with the API's version.
func (s *stripe) Lists(eventType string) bool {
	return s.thin || !strings.HasPrefix(eventType, "v1.") && !strings.HasPrefix(eventType, "v2.")
}

// List implements Source. Snapshots come first.
func (s *stripe) List(ctx context.Context, from, to time.Time) iter.Seq2[Listed, error] {
	return func(yield func(Listed, error) bool) {
		if s.snapshots(from, to).each(ctx, yield) && s.thin {
			s.thinEvents(from, to).each(ctx, yield)
		}
	}
}

// wrap returns what List does of the elements of a page.
func (s *stripe) wrap(bodies few[json.RawMessage]) (all []Listed) {
	for _, body := range bodies {
		all = append(all, Listed{Body: body, Account: s.account})
	}
	return all
}

func (s *stripe) snapshots(from, to time.Time) listing[Listed] {
	query := url.Values{
		"limit":        {"100"},
		"created[gte]": {strconv.FormatInt(from.Unix(), 10)},
		"created[lte]": {strconv.FormatInt(to.Unix(), 10)},
	}
	return listing[Listed]{query: query, most: maxPages, read: func(ctx context.Context, query url.Values) ([]Listed, url.Values, error) {
		var answer struct {
			Data    few[json.RawMessage] `json:"data"`
			HasMore bool                 `json:"has_more"`
		}
		if err := s.client.get(ctx, s.page("/v1/events", query, s.header()), &answer); err != nil || !answer.HasMore || len(answer.Data) == 0 {
			return s.wrap(answer.Data), nil, err
		}
		last, err := idOf(answer.Data[len(answer.Data)-1])
		next := maps.Clone(query)
		next.Set("starting_after", last)
		return s.wrap(answer.Data), next, err
	}}
}

func (s *stripe) thinEvents(from, to time.Time) listing[Listed] {
	query := url.Values{
		"limit":        {"100"},
		"created[gte]": {from.UTC().Format(time.RFC3339)},
		"created[lte]": {to.UTC().Format(time.RFC3339)},
	}
	header := map[string]string{"Stripe-Version": stripeVersion}
	if s.account != "" {
		header["Stripe-Context"] = s.account
	}
	return listing[Listed]{query: query, most: maxPages, read: func(ctx context.Context, query url.Values) ([]Listed, url.Values, error) {
		var answer struct {
			Data few[json.RawMessage] `json:"data"`
			Next string               `json:"next_page_url"`
		}
		if err := s.client.get(ctx, s.page("/v2/core/events", query, header), &answer); err != nil {
			return nil, nil, err
		}
		next, err := nextQuery(answer.Next)
		return s.wrap(answer.Data), next, err
	}}
}

func (s *stripe) call(path string, query url.Values, header map[string]string) call {
	return call{method: http.MethodGet, path: path, query: query, header: header}
}

// page returns a call for a page of events.
func (s *stripe) page(path string, query url.Values, header map[string]string) call {
	c := s.call(path, query, header)
	c.most = maxPage
	return c
}

// header chooses a connected account: a platform's key lists its own events only.
func (s *stripe) header() map[string]string {
	if s.account == "" {
		return nil
	}
	return map[string]string{"Stripe-Account": s.account}
}

// idOf returns the member id of an element.
func idOf(element json.RawMessage) (string, error) {
	var object struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(element, &object); err != nil || object.ID == "" {
		return "", ErrAnswer
	}
	return object.ID, nil
}

// Subscription implements Source. The endpoints are the platform's, for a connected
// account too.
func (s *stripe) Subscription(ctx context.Context, to string) (Subscription, error) {
	all, err := s.Endpoints(ctx)
	if err == nil && s.thin {
		var more []Endpoint
		more, err = s.ThinEndpoints(ctx)
		more = slices.DeleteFunc(more, func(e Endpoint) bool { return !e.Thin })
		all = append(all, without(more, all)...)
	}
	if err != nil {
		return Subscription{}, err
	}
	found, err := s.due(all, to)
	// Stripe makes events of these types only for an endpoint that names them
	// (docs.stripe.com/api/events/types, "Selection required").
	found.Explicit = []string{"identity.verification_session.redacted", "issuing_authorization.request", "reporting.report_type.updated"}
	return found, err
}

// due returns what Stripe sends to a URL of the events that are listed: those of the account
// itself or of a connected one. Endpoints of both kinds can have one URL.
func (s *stripe) due(all []Endpoint, to string) (Subscription, error) {
	other, whose, remedy := ConnectedAccounts, "connected accounts", "make one with this URL for the events of your account, or compare a connected account with --account"
	if s.account != "" {
		other, whose, remedy = OwnAccount, "your account", "make one with this URL for the events of connected accounts"
	}
	known := slices.ContainsFunc(all, func(e Endpoint) bool { return e.URL == to })
	found, err := subscription(slices.DeleteFunc(all, func(e Endpoint) bool { return e.Accounts == other }), to)
	if err != nil && known {
		err = fmt.Errorf("%w: the endpoints with the URL %s get only events of %s: %s", ErrOtherAccounts, to, whose, remedy)
	}
	return found, err
}

// Endpoints implements Setup (docs.stripe.com/api/webhook_endpoints/list).
func (s *stripe) Endpoints(ctx context.Context) ([]Endpoint, error) {
	read := func(ctx context.Context, query url.Values) (all []Endpoint, next url.Values, err error) {
		var answer struct {
			Data few[struct {
				ID      string      `json:"id"`
				URL     string      `json:"url"`
				Types   few[string] `json:"enabled_events"`
				Status  string      `json:"status"`
				Version string      `json:"api_version"`
				Created int64       `json:"created"`
				// Application is not null for a Connect endpoint (stripe-dotnet#1876).
				Application string `json:"application"`
			}] `json:"data"`
			HasMore bool `json:"has_more"`
		}
		if err := s.client.get(ctx, s.call("/v1/webhook_endpoints", query, nil), &answer); err != nil {
			return nil, nil, err
		}
		for _, e := range answer.Data {
			accounts := OwnAccount
			if e.Application != "" {
				accounts = ConnectedAccounts
			}
			all = append(all, Endpoint{ID: e.ID, URL: e.URL, Types: e.Types, Disabled: disabled(e.Status, ""), APIVersion: e.Version,
				Created: time.Unix(e.Created, 0), Accounts: accounts})
			if answer.HasMore {
				next = url.Values{"limit": {"100"}, "starting_after": {e.ID}}
			}
		}
		return all, next, nil
	}
	return listing[Endpoint]{query: url.Values{"limit": {"100"}}, read: read, most: maxEndpointPages}.all(ctx)
}

// disabled returns Endpoint.Disabled.
func disabled(status, reason string) string {
	switch {
	case status != "disabled":
		return ""
	case reason != "":
		return "disabled, with the reason " + reason
	}
	return "disabled"
}

// accounts returns Endpoint.Accounts of an event destination. @self is the account itself,
// self in older versions; all others are accounts that it manages (stripe-go v85.0.0,
// v2core_eventdestination.go).
func accounts(from []string) string {
	own := slices.ContainsFunc(from, func(name string) bool { return strings.TrimPrefix(name, "@") == "self" })
	switch {
	case own && len(from) == 1:
		return OwnAccount
	case !own && len(from) > 0:
		return ConnectedAccounts
	}
	return ""
}

// ThinEndpoints implements Setup: event destinations, which can be endpoints of snapshots
// too (stripe-go v85.0.0, v2core_eventdestination.go).
func (s *stripe) ThinEndpoints(ctx context.Context) ([]Endpoint, error) {
	read := func(ctx context.Context, query url.Values) (all []Endpoint, next url.Values, err error) {
		var answer struct {
			Data few[struct {
				ID       string      `json:"id"`
				Types    few[string] `json:"enabled_events"`
				From     few[string] `json:"events_from"`
				Payload  string      `json:"event_payload"`
				Version  string      `json:"snapshot_api_version"`
				Created  time.Time   `json:"created"`
				Endpoint struct {
					URL string `json:"url"`
				} `json:"webhook_endpoint"`
				Status  string `json:"status"`
				Details struct {
					Disabled struct {
						Reason string `json:"reason"`
					} `json:"disabled"`
				} `json:"status_details"`
			}] `json:"data"`
			Next string `json:"next_page_url"`
		}
		what := s.call("/v2/core/event_destinations", query, map[string]string{"Stripe-Version": stripeVersion})
		if err := s.client.get(ctx, what, &answer); err != nil {
			return nil, nil, err
		}
		for _, d := range answer.Data {
			all = append(all, Endpoint{ID: d.ID, URL: d.Endpoint.URL, Types: d.Types, Disabled: disabled(d.Status, d.Details.Disabled.Reason),
				APIVersion: d.Version, Created: d.Created, Thin: d.Payload == "thin", Accounts: accounts(d.From)})
		}
		next, err = nextQuery(answer.Next)
		return all, next, err
	}
	return listing[Endpoint]{query: url.Values{"include[0]": {"webhook_endpoint.url"}}, read: read, most: maxEndpointPages}.all(ctx)
}

// SigningKey implements Setup. Stripe returns a secret only when it is made.
func (*stripe) SigningKey(context.Context, Endpoint) (string, error) { return "", ErrHidden }

// EnableSearch implements Setup. Stripe's list is always on.
func (*stripe) EnableSearch(context.Context) error { return ErrHidden }

// Undelivered implements Setup. Stripe selects the events that one endpoint of the account
// lacks, and does not say which one (docs.stripe.com/api/events/list, delivery_success).
func (s *stripe) Undelivered(ctx context.Context, _ string, from, to time.Time) iter.Seq2[string, error] {
	list := s.snapshots(from, to)
	list.query.Set("delivery_success", "false")
	return func(yield func(string, error) bool) {
		list.each(ctx, func(l Listed, err error) bool {
			id, _ := stripeDeliveries(l.Body)
			return yield(id, err)
		})
	}
}

// Settled implements Source. pending_webhooks counts the endpoints that the event has not
// reached yet (docs.stripe.com/api/events/object). Whether it falls when Stripe gives up is
// not documented.
func (*stripe) Settled(body []byte, _ string) bool {
	_, pending := stripeDeliveries(body)
	return pending != nil && *pending == 0
}

// stripeDeliveries returns the id and pending_webhooks of an event, nil without the member.
func stripeDeliveries(body []byte) (id string, pending *int) {
	var e struct {
		ID      string `json:"id"`
		Pending *int   `json:"pending_webhooks"`
	}
	_ = json.Unmarshal(body, &e) // then it says nothing
	return e.ID, e.Pending
}

// Redeliver implements Source. The call that Stripe's own command line uses is not part
// of the public API.
func (s *stripe) Redeliver(context.Context, string, Subscription) error { return ErrNoRedelivery }
