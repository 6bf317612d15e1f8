package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// checkEndpoint looks for the endpoint that has exactly the stack's URL.
func (s *Side) checkEndpoint(context.Context) ([]Finding, error) {
	e, err := s.read()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, o := range e.all {
		if o.URL == s.APIURL && o.URL != s.URL && o.Disabled == "" {
			found = append(found, Finding{Warning, s.name(o), fmt.Sprintf("has the URL %s at the API's own host name, not the stack's", o.URL),
				"What is sent there arrives while DisableExecuteApiEndpoint is false and this stack exists.",
				"change the URL " + s.at() + ", to " + s.URL})
			continue
		}
		difference := urlDifference(o.URL, s.URL)
		if difference == "" || o.Disabled != "" {
			continue
		}
		found = append(found, Finding{Error, s.name(o), fmt.Sprintf("has the URL %s, which differs from the stack's by %s", o.URL, difference),
			"What is sent there is not accepted: it does not reach the stack, or Square's signature is over another URL.",
			"change the URL " + s.at() + ", to " + s.URL})
	}
	if len(e.ours) == 0 && len(found) == 0 {
		found = append(found, Finding{Error, s.Provider.Title, fmt.Sprintf("has no endpoint with the URL %s, and %d with others", s.URL, len(e.all)),
			"The key's account or app sends the stack nothing.", "add an endpoint " + s.at() + ", with the URL " + s.URL})
	}
	for _, o := range e.ours {
		if o.Disabled != "" {
			found = append(found, Finding{Error, s.name(o), "is " + o.Disabled,
				"The provider sends nothing, and what it makes meanwhile is not sent later.",
				"enable it " + s.at() + ", then run paysluice reconcile " + s.Provider.Name + " --refill"})
		}
	}
	if s.Provider.Name == contract.Square().Name && len(e.ours) > 1 {
		found = append(found, Finding{Warning, s.URL, fmt.Sprintf("is the URL of %d subscriptions", len(e.ours)),
			"An event may come in two renderings, which is a conflict.", "delete all but one " + s.at()})
	}
	return found, nil
}

// urlDifference says by what a URL differs from the stack's. It is empty for equal ones and
// for those that are another server's.
func urlDifference(has, want string) string {
	a, errA := url.Parse(has)
	b, errB := url.Parse(want)
	switch {
	case has == want, errA != nil, errB != nil, !strings.EqualFold(a.Host, b.Host):
		return ""
	case strings.TrimRight(has, "/") == strings.TrimRight(want, "/"):
		return "a slash at its end"
	case strings.EqualFold(has, want):
		return "capital letters"
	case a.Scheme != b.Scheme:
		return "its scheme"
	}
	return "its path"
}

// checkVersion compares the API versions of the stack's endpoints.
func (s *Side) checkVersion(context.Context) ([]Finding, error) {
	if s.Provider.Name == contract.PayPal().Name {
		return nil, skipped("webhooks of PayPal have no API version")
	}
	on, err := s.enabled()
	if err != nil {
		return nil, err
	}
	versions := map[string]bool{}
	for _, o := range on {
		if o.APIVersion == "" {
			o.APIVersion = "the account's"
		}
		versions[o.APIVersion] = versions[o.APIVersion] || !o.Thin
	}
	maps.DeleteFunc(versions, func(_ string, snapshot bool) bool { return !snapshot })
	if len(versions) < 2 {
		return nil, nil
	}
	return []Finding{{Warning, s.URL, "gets events in several API versions: " + some(slices.Sorted(maps.Keys(versions))),
		"Of one event in two versions the first is stored. Readers of payloads see both.",
		"give all endpoints one version: make them anew " + s.at()}}, nil
}

// checkSigning compares what the provider signs with, as far as its API shows it, with the
// stack's secret.
func (s *Side) checkSigning(ctx context.Context) ([]Finding, error) {
	on, err := s.enabled()
	if err != nil {
		return nil, err
	}
	entries, err := s.Entries(ctx)
	if err != nil {
		return nil, err
	}
	filled := len(entries) > 0
	if entries = s.ofMode(entries); filled && len(entries) == 0 {
		return nil, skipped("the secret has no entry of the key's mode")
	}
	if s.Provider.Name == contract.Stripe().Name {
		if len(on) > len(entries) {
			return []Finding{{Error, "the secret of Stripe", fmt.Sprintf("has %d entries for %d endpoints with the stack's URL", len(entries), len(on)),
				"Each endpoint has a secret of its own: webhooks of one are rejected.", "add the endpoint's secret with paysluice secrets add stripe LABEL"}}, nil
		}
		return nil, skipped("Stripe shows a signing secret only once: paysluice secrets list says what each last verified")
	}
	var found []Finding
	used := map[string]bool{}
	for _, o := range on {
		key, err := s.Setup.SigningKey(ctx, o)
		if errors.Is(err, source.ErrHidden) {
			return found, skipped("Square's response has no signature key")
		}
		if err != nil {
			return found, err
		}
		known := false
		for _, e := range entries {
			if e.Key == key && (e.NotificationURL == "" || e.NotificationURL == o.URL) {
				known, used[e.Label] = true, true
			}
		}
		if !known {
			found = append(found, Finding{Error, s.name(o), "signs with a key or id that the stack's secret does not have",
				"All webhooks of it are rejected.", "add it with paysluice secrets add " + s.Provider.Name + " LABEL --environment " + modeOf(s.Key)})
		}
	}
	for _, e := range entries {
		// Without the endpoint's key, an entry that fits no endpoint is its old one.
		if len(found) == 0 && !used[e.Label] && (e.NotificationURL == "" || e.NotificationURL == s.URL) {
			found = append(found, Finding{Warning, "the entry " + e.Label + " of the secret of " + s.Provider.Title, "belongs to no endpoint that the key sees",
				"It is one of another app, or was replaced.", "remove it with paysluice secrets retire " + s.Provider.Name + " " + e.Label})
		}
	}
	return found, nil
}

// checkTypes compares the subscribed event types with those that move money, and with those
// that have a category.
func (s *Side) checkTypes(context.Context) ([]Finding, error) {
	on, err := s.enabled()
	if err != nil {
		return nil, err
	}
	known := s.vocabulary()
	var snapshots, needless []string
	for _, o := range on {
		if !o.Thin {
			snapshots = append(snapshots, o.Types...)
		}
		for _, t := range o.Types {
			if _, ok := known[strings.TrimPrefix(t, "v1.")]; !ok && !slices.Contains(needless, t) {
				needless = append(needless, t)
			}
		}
	}
	missing := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if known[name] && !(source.Subscription{Types: snapshots}).Expects(name, time.Time{}) {
			missing[s.kind(name)] = append(missing[s.kind(name)], name)
		}
	}
	var found []Finding
	for _, kind := range slices.Sorted(maps.Keys(missing)) {
		f := Finding{Warning, s.URL, fmt.Sprintf("does not get all types about %ss that move money: %s", kind, some(missing[kind])),
			"What these report is in no sum (docs/events.md).",
			"subscribe them " + s.at() + "; --skip types-" + s.Provider.Name + " if the account never makes them"}
		if len(missing[kind]) == s.count(known, kind) {
			f.Severity, f.Problem = Error, fmt.Sprintf("gets no type about %ss that moves money: %s", kind, some(missing[kind]))
		}
		found = append(found, f)
	}
	if len(needless) > 0 {
		slices.Sort(needless)
		found = append(found, Finding{Warning, s.URL, fmt.Sprintf("gets %d types that have no category: %s", len(needless), some(needless)),
			"They are stored and cost as much as others, and no reader counts them.",
			"unsubscribe them " + s.at() + ", unless a reader of yours uses them"})
	}
	return found, nil
}

// kind returns what a type of money is about.
func (s *Side) kind(typ string) string {
	for _, kind := range []string{"payout", "refund", "dispute"} {
		if strings.Contains(strings.ToLower(typ), kind) {
			return kind
		}
	}
	return "payment"
}

// count returns the number of types of a kind that move money.
func (s *Side) count(known map[string]bool, kind string) (n int) {
	for name, counts := range known {
		if counts && s.kind(name) == kind {
			n++
		}
	}
	return n
}
