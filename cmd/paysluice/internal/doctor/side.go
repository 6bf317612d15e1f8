package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// Side checks the provider's side of a stack: what the provider sends to it, as the
// provider's API shows it. docs/reconciling.md says what an API does not show.
type Side struct {
	Provider contract.Provider
	Key      source.Key
	Setup    source.Setup
	// URL is that of the stack's endpoint at the provider.
	URL string
	// APIURL is that URL at the API's own host name, where the stack receives webhooks too.
	APIURL string
	// Entries reads the stack's secret of the provider.
	Entries func(context.Context) ([]secrets.Entry, error)
	// Newest reads the newest stored events of the provider, a few.
	Newest func(context.Context) ([]event.Event, error)
	Now    func() time.Time

	read func() (endpoints, error)
}

// endpoints are what the provider has.
type endpoints struct {
	all  []source.Endpoint
	ours []source.Endpoint // with the stack's URL
	// hidden is why event destinations could not be read (Stripe).
	hidden error
}

// newest is how many stored events are looked up in Square's search.
const newest = 5

// NewSide returns the check of a provider's side of a stack.
func NewSide(s *stack.Stack, p contract.Provider, key source.Key, setup source.Setup, url string, now func() time.Time) *Side {
	if url == "" {
		url = s.Outputs[p.Title+"Url"]
	}
	return &Side{
		Provider: p, Key: key, Setup: setup, URL: url, APIURL: s.APIURL(p), Now: now,
		Entries: func(ctx context.Context) ([]secrets.Entry, error) {
			v, err := secrets.Open(s, p).Read(ctx)
			return v.Entries(), err
		},
		Newest: func(ctx context.Context) ([]event.Event, error) {
			var found []event.Event
			filter := query.Filter{Provider: p.Name, Livemode: new(!key.Sandbox), Until: now().Add(-setup.Facts().Margin), Limit: newest}
			// Events that cannot be read are not compared.
			for e, err := range query.Readable(query.New(s, now).Events(ctx, filter), func(error) {}) {
				if err != nil {
					return nil, err
				}
				found = append(found, e)
			}
			return found, nil
		},
	}
}

// Checks of a provider's side, without the provider's name. Each has the name of its
// provider behind a hyphen.
const (
	searchCheck = "search"
	thinCheck   = "thin"
)

// sideChecks returns the checks of a provider's side.
func sideChecks(p contract.Provider) []check[*Side] {
	found := []check[*Side]{
		{"key", "the key for " + p.Title + "'s API", (*Side).checkKey},
		{"mode", "live against sandbox at " + p.Title, (*Side).checkMode},
		{"endpoint", p.Title + "'s endpoint with the stack's URL", (*Side).checkEndpoint},
		{"version", "the API versions of " + p.Title + "'s endpoints", (*Side).checkVersion},
		{"signing", "whether the stack has what " + p.Title + " signs with", (*Side).checkSigning},
		{"types", "the event types that " + p.Title + " sends", (*Side).checkTypes},
		{"deliveries", "the deliveries that " + p.Title + " has not made", (*Side).checkDeliveries},
	}
	switch p.Name {
	case contract.Stripe().Name:
		found = append(found, check[*Side]{thinCheck, "Stripe's event destinations", (*Side).checkThin})
	case contract.Square().Name:
		found = append(found, check[*Side]{searchCheck, "Square's event search", (*Side).checkSearch})
	}
	for i := range found {
		found[i].name += "-" + p.Name
	}
	return found
}

// SideNames returns the names of all checks of the providers' sides.
func SideNames() []string {
	var names []string
	for _, p := range contract.Providers() {
		for _, c := range sideChecks(p) {
			names = append(names, c.name)
		}
	}
	return names
}

// Examine makes all checks except those of the names in skip, as Doctor.Examine does. It
// makes one at a time: a provider limits how fast it may be asked.
func (s *Side) Examine(ctx context.Context, skip []string) ([]Result, error) {
	s.read = sync.OnceValues(func() (endpoints, error) { return s.readEndpoints(ctx) })
	return runChecks(ctx, s, sideChecks(s.Provider), skip, 1)
}

// SearchOff reports whether results have the finding that Square's event search is off.
func SearchOff(results []Result) bool {
	return slices.ContainsFunc(results, func(r Result) bool {
		return strings.HasPrefix(r.Check, searchCheck+"-") && len(r.Findings) > 0 && r.Findings[0].Severity == Error
	})
}

func (s *Side) readEndpoints(ctx context.Context) (endpoints, error) {
	var e endpoints
	var err error
	if e.all, err = s.Setup.Endpoints(ctx); err != nil {
		return e, err
	}
	more, err := s.Setup.ThinEndpoints(ctx)
	switch {
	case errors.Is(err, source.ErrKey), errors.Is(err, source.ErrNotFound), errors.Is(err, source.ErrRequest), errors.Is(err, source.ErrHidden):
		e.hidden = err // the documented rights of a key do not include it
	case err != nil:
		return e, err
	}
	for _, d := range more {
		// Whether endpoints of snapshots are listed here too, and with which id, is not
		// documented.
		i := slices.IndexFunc(e.all, func(o source.Endpoint) bool { return o.ID == d.ID || !o.Thin && !d.Thin && o.URL == d.URL })
		if i < 0 {
			e.all = append(e.all, d)
		} else if d.Disabled != "" {
			e.all[i].Disabled = d.Disabled // with the reason
		}
	}
	for _, o := range e.all {
		if o.URL == s.URL {
			e.ours = append(e.ours, o)
		}
	}
	return e, nil
}

// errNone is the reason of a check without the endpoint that it is about.
const errNone = skipped("there is no endpoint with the stack's URL")

// enabled returns the stack's endpoints to which the provider sends.
func (s *Side) enabled() ([]source.Endpoint, error) {
	e, err := s.read()
	if err != nil {
		return nil, err
	}
	on := slices.DeleteFunc(slices.Clone(e.ours), func(o source.Endpoint) bool { return o.Disabled != "" })
	if len(on) == 0 {
		return nil, errNone
	}
	return on, nil
}

// checkKey makes one call of each kind that the other checks and reconcile make.
func (s *Side) checkKey(ctx context.Context) ([]Finding, error) {
	if _, err := s.read(); err != nil {
		return nil, err
	}
	until := s.Now().Add(-s.Setup.Facts().Margin)
	for _, err := range s.Setup.List(ctx, until.Add(-time.Hour), until) {
		if err != nil {
			return nil, err
		}
		break
	}
	if strings.HasPrefix(s.Key.Token, "sk_") {
		return []Finding{{Warning, "the secret key of Stripe", "may do everything in the account",
			"Whoever gets hold of it can move money.", "make a restricted key: docs/reconciling.md, Which key does it need?"}}, nil
	}
	return nil, nil
}

// permission returns the remedy of a key that the provider refuses.
func permission(e *source.StatusError) string {
	switch {
	case strings.HasSuffix(e.Path, "/oauth2/token"):
		return "take client id and secret of the app that has the webhook, and --sandbox if it is one of the sandbox"
	case e.Status == http.StatusUnauthorized:
		return "use a key that exists, of the endpoint's mode: docs/reconciling.md, Which key does it need?"
	case e.Path == "/v1/webhook_endpoints":
		return "give the restricted key the permission Read of Webhook Endpoints (rak_webhook_read)"
	case strings.HasPrefix(e.Path, "/v1/events"):
		return "give the restricted key the permission Read of Events (rak_event_read)"
	case strings.HasPrefix(e.Path, "/v1/notifications/"):
		return "switch Webhooks on among the features of PayPal's app: its token lacks the scope https://uri.paypal.com/services/applications/webhooks"
	}
	return "use the personal access token of Square's application: it has all scopes, and tokens of OAuth are refused"
}

// checkMode compares the key's mode with those of the secret's entries.
func (s *Side) checkMode(ctx context.Context) ([]Finding, error) {
	entries, err := s.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 || len(s.ofMode(entries)) > 0 {
		return nil, nil
	}
	mode := modeOf(s.Key)
	return []Finding{{Error, "the secret of " + s.Provider.Title, "has no entry of the key's mode, " + mode,
		"The key sees endpoints and events of " + mode + ", and the stack accepts only webhooks of the other mode.",
		"take a key of the other mode, or add an entry with paysluice secrets add " + s.Provider.Name + " LABEL --environment " + mode}}, nil
}

func modeOf(k source.Key) string {
	if k.Sandbox {
		return "sandbox"
	}
	return "live"
}

// ofMode returns the entries of the key's mode. Stripe's need not name one.
func (s *Side) ofMode(entries []secrets.Entry) []secrets.Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e secrets.Entry) bool {
		return e.Environment != "" && e.Environment != modeOf(s.Key)
	})
}

// name names an endpoint. PayPal's id is shortened: PayPal signs it, and the stack keeps it as a secret.
func (s *Side) name(e source.Endpoint) string {
	if s.Provider.Name == contract.PayPal().Name {
		return "webhook …" + e.ID[max(0, len(e.ID)-4):]
	}
	return "endpoint " + e.ID
}

// vocabulary returns the provider's event types.
func (s *Side) vocabulary() map[string]bool {
	known := map[string]bool{}
	p, _ := all.All(all.Settings{}).ByName(s.Provider.Name) // a provider of contract
	for _, t := range p.EventTypes() {
		known[t.Name] = t.Counts
	}
	return known
}

// at names the place where an endpoint is changed.
func (s *Side) at() string {
	switch s.Provider.Name {
	case contract.Stripe().Name:
		return "in Stripe's Workbench, Webhooks"
	case contract.PayPal().Name:
		return "at PayPal in Apps & Credentials, the app, Webhooks"
	}
	return "in Square's Developer Console, the application, Webhooks"
}

func some(list []string) string {
	const most = 12
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}
