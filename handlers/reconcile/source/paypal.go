package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	paypalURL        = "https://api-m.paypal.com"
	paypalSandboxURL = "https://api-m.sandbox.paypal.com"
	paypalEvents     = "/v1/notifications/webhooks-events"
)

// paypal lists the events of one app (notifications_webhooks_v1.json).
type paypal struct {
	client *client
	live   bool
}

func newPayPal(o Options) (Source, error) {
	if o.Account != "" {
		return nil, ErrAccount
	}
	base := paypalURL
	if o.Key.Sandbox {
		base = paypalSandboxURL
	}
	if o.URL != "" {
		base = o.URL
	}
	c, err := newClient(base, o)
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID: o.Key.ClientID, ClientSecret: o.Key.ClientSecret,
		TokenURL: strings.TrimSuffix(base, "/") + "/v1/oauth2/token", AuthStyle: oauth2.AuthStyleInHeader,
	}
	// The token is kept until it expires: PayPal limits how often one is issued.
	tokens := config.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, c.http))
	c.authorize = func(r *http.Request) (refused http.Header, err error) {
		token, err := tokens.Token()
		if err != nil {
			return tokenFailure(err)
		}
		token.SetAuthHeader(r)
		return nil, nil
	}
	return &paypal{client: c, live: !o.Key.Sandbox}, nil
}

// tokenFailure returns the error of a token that was not issued, and the header of a response
// that refuses it. The library's own error quotes the response.
func tokenFailure(err error) (refused http.Header, _ error) {
	what := call{method: http.MethodPost, path: "/v1/oauth2/token"}
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if err := failure(what, answer.Response.StatusCode, nil); err != nil {
			return answer.Response.Header, err
		}
	}
	if network, ok := errors.AsType[*url.Error](err); ok {
		return nil, fmt.Errorf("%w: %s %s: no response: %w", ErrUnavailable, what.method, what.path, network.Err)
	}
	return nil, fmt.Errorf("%w: %s %s: no token in the response", ErrUnavailable, what.method, what.path)
}

// Facts implements Source. PayPal shows 30 days of events and delivers up to 25 times
// in three days (developer.paypal.com/api/rest/webhooks).
func (p *paypal) Facts() Facts {
	return Facts{Retention: 30 * day, Margin: margin, Retries: 3 * day, Live: p.live}
}

// Lists implements Source.
func (*paypal) Lists(string) bool { return true }

// link is a HATEOAS link.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// List implements Source. A page may have fewer events than asked for, so only a
// missing link ends the list.
func (p *paypal) List(ctx context.Context, from, to time.Time) iter.Seq2[Listed, error] {
	list := listing[Listed]{
		query: url.Values{
			"page_size":  {"100"},
			"start_time": {from.UTC().Format(time.RFC3339)},
			"end_time":   {to.UTC().Format(time.RFC3339)},
		},
		most: maxPages,
		read: func(ctx context.Context, query url.Values) (all []Listed, next url.Values, err error) {
			var answer struct {
				Events few[json.RawMessage] `json:"events"`
				Links  few[link]            `json:"links"`
			}
			if err := p.client.get(ctx, call{method: http.MethodGet, path: paypalEvents, query: query, most: maxPage}, &answer); err != nil {
				return nil, nil, err
			}
			for _, body := range answer.Events {
				all = append(all, Listed{Body: body})
			}
			for _, l := range answer.Links {
				if l.Rel == "next" {
					next, err = nextQuery(l.Href)
					break
				}
			}
			return all, next, err
		},
	}
	return func(yield func(Listed, error) bool) { list.each(ctx, yield) }
}

// Subscription implements Source. PayPal does not say when a webhook was made.
func (p *paypal) Subscription(ctx context.Context, to string) (Subscription, error) {
	all, err := p.Endpoints(ctx)
	if err != nil {
		return Subscription{}, err
	}
	return subscription(all, to)
}

// Endpoints implements Setup. PayPal's webhooks cannot be disabled; a type of one may have
// a status (webhooks_list and event_type in notifications_webhooks_v1.json).
func (p *paypal) Endpoints(ctx context.Context) ([]Endpoint, error) {
	var answer struct {
		Webhooks few[struct {
			ID    string `json:"id"`
			URL   string `json:"url"`
			Types few[struct {
				Name   string `json:"name"`
				Status string `json:"status"`
			}] `json:"event_types"`
		}] `json:"webhooks"`
	}
	what := call{method: http.MethodGet, path: "/v1/notifications/webhooks", query: url.Values{"anchor_type": {"APPLICATION"}}}
	if err := p.client.get(ctx, what, &answer); err != nil {
		return nil, err
	}
	var all []Endpoint
	for _, w := range answer.Webhooks {
		e := Endpoint{ID: w.ID, URL: w.URL}
		for _, t := range w.Types {
			if t.Status == "" || strings.EqualFold(t.Status, "ENABLED") {
				e.Types = append(e.Types, t.Name)
			}
		}
		all = append(all, e)
	}
	return all, nil
}

// ThinEndpoints implements Setup.
func (*paypal) ThinEndpoints(context.Context) ([]Endpoint, error) { return nil, ErrHidden }

// SigningKey implements Setup: the signed text has the webhook's id.
func (*paypal) SigningKey(_ context.Context, e Endpoint) (string, error) { return e.ID, nil }

// EnableSearch implements Setup. PayPal's list is always on.
func (*paypal) EnableSearch(context.Context) error { return ErrHidden }

// untold is the number of events without deliveries after which Undelivered asks for no more.
const untold = 100

// Undelivered implements Setup. It reads the deliveries of an event, which PayPal shows for
// some events.
func (p *paypal) Undelivered(ctx context.Context, to string, from, until time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		listed, told := 0, false
		for l, err := range p.List(ctx, from, until) {
			if listed++; listed > untold && !told {
				break
			}
			id, deliveries := paypalDeliveries(l.Body) // without any, it was delivered, as far as it says
			missed := err != nil
			told = told || deliveries != nil || err != nil
			for _, d := range deliveries {
				if d.URL == to {
					missed = !d.succeeded()
				}
			}
			if missed && !yield(id, err) {
				return
			}
		}
		if listed > 0 && !told {
			yield("", ErrHidden)
		}
	}
}

// Settled implements Source. Only successes settle a delivery: PayPal does not document whether
// a failure is the last attempt.
func (*paypal) Settled(body []byte, to string) bool {
	settled := false
	_, deliveries := paypalDeliveries(body)
	for _, d := range deliveries {
		if d.URL != to {
			continue
		}
		if settled = d.succeeded(); !settled {
			return false
		}
	}
	return settled
}

// paypalDelivery is the delivery of an event to one URL.
type paypalDelivery struct {
	URL    string `json:"webhook_url"`
	Status string `json:"status"`
}

func (d paypalDelivery) succeeded() bool { return strings.EqualFold(d.Status, "SUCCESS") }

// paypalDeliveries returns the id of an event and its deliveries, if it has them.
func paypalDeliveries(body []byte) (id string, all []paypalDelivery) {
	var e struct {
		ID         string              `json:"id"`
		Deliveries few[paypalDelivery] `json:"transmissions"`
	}
	_ = json.Unmarshal(body, &e) // then it says nothing
	return e.ID, e.Deliveries
}

// Redeliver implements Source.
func (p *paypal) Redeliver(ctx context.Context, id string, s Subscription) error {
	return p.client.get(ctx, call{
		method: http.MethodPost, path: paypalEvents + "/" + url.PathEscape(id) + "/resend",
		body: map[string][]string{"webhook_ids": s.IDs},
	}, nil)
}
