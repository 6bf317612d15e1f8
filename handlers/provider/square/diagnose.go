package square

import (
	"context"
	"crypto/hmac"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

var _ provider.Diagnoser = verifier{}

// Diagnose implements provider.Diagnoser.
func (v verifier) Diagnose(_ context.Context, c provider.Case) provider.Diagnosis {
	if d, ok := provider.Prove(c.Effort, v.hypotheses(c)); ok {
		return d
	}
	return v.suppose(c)
}

// A reading is a way to read the signature header.
type reading struct {
	sum
	cause   provider.Cause // "" for the documented way
	finding string
}

// readings returns the documented reading of the header, or else those that an
// altered header allows.
func readings(values []string) []reading {
	if len(values) == 1 {
		if s, ok := parseSum(values[0]); ok {
			return []reading{{sum: s}}
		}
	}
	var found []reading
	parts := strings.Split(strings.Join(values, ","), ",") // as a proxy joins them
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if s, ok := provider.ParseSum(part); ok && len(parts) > 1 {
			found = append(found, reading{s, provider.RepeatedHeader,
				fmt.Sprintf("The header occurs %d times, and number %d is right.", len(parts), i+1)})
		} else if ok {
			found = append(found, reading{s, provider.SignatureEncoding, "The signature is right, in another encoding than Square's padded base64."})
		}
	}
	return found
}

// try tries a hypothesis and returns false when the search is over.
type try func(cause provider.Cause, finding, key, url string, body []byte) bool

// hypotheses returns what may have happened to a request, the cheap and frequent
// first.
func (v verifier) hypotheses(c provider.Case) iter.Seq[provider.Hypothesis] {
	return func(yield func(provider.Hypothesis) bool) {
		for _, r := range readings(c.Header.Values(contract.Square().SignatureHeaders[0])) {
			try := func(cause provider.Cause, finding, key, url string, body []byte) bool {
				return yield(provider.Hypothesis{Cause: cause, Finding: finding, Cost: len(url) + len(body) + provider.MACCost,
					Holds: func() bool { return len(body) > 0 && hmac.Equal(mac(key, url, body), r.sum[:]) }})
			}
			if !v.tryEntries(c, r, try) || r.cause == "" && !(v.tryURLs(c, try) && v.tryOthers(c, try) && v.tryBodies(c, try)) {
				return
			}
		}
	}
}

// tryEntries tries the entries as they are.
func (v verifier) tryEntries(c provider.Case, r reading, try try) bool {
	for _, s := range v.subscriptions {
		cause, finding := r.cause, r.finding
		if cause == "" { // the signature alone does not reject it
			cause = provider.Clock
			finding = fmt.Sprintf("The signature is right, and created_at is %s. The entry %q accepts %v.",
				provider.AgeText(time.UnixMilli(createdAt(c.Body)), c.Now), s.Label, s.maxAge())
		}
		if !try(cause, finding, s.SignatureKey, *s.NotificationURL, c.Body) {
			return false
		}
	}
	return true
}

// tryURLs tries other spellings of each entry's URL, then the URLs of the other
// entries, then all others.
func (v verifier) tryURLs(c provider.Case, try try) bool {
	known := slices.Concat(v.urls(), c.URLs)
	if v.endpointURL != "" {
		known = append(known, v.endpointURL)
	}
	tryURL := func(s subscription, url string) bool {
		finding := fmt.Sprintf("The signature is right for %s. The entry %q has %s: %s.",
			provider.ShownURL(url), s.Label, provider.ShownURL(*s.NotificationURL), difference(url, *s.NotificationURL))
		return try(provider.OtherURL, finding, s.SignatureKey, url, c.Body)
	}
	for _, s := range v.subscriptions {
		for _, url := range spellings(*s.NotificationURL) {
			if !tryURL(s, url) {
				return false
			}
		}
	}
	for _, s := range v.subscriptions {
		for _, o := range v.subscriptions {
			finding := fmt.Sprintf("The signature is right for the key of the entry %q with the URL of the entry %q.", s.Label, o.Label)
			if !try(provider.OtherKey, finding, s.SignatureKey, *o.NotificationURL, c.Body) {
				return false
			}
		}
	}
	for _, s := range v.subscriptions {
		for _, url := range urlVariants(*s.NotificationURL, known, hosts(c.Header)) {
			if !tryURL(s, url) {
				return false
			}
		}
	}
	return true
}

// maxHosts bounds the hosts that are taken from a request.
const maxHosts = 4

// hosts returns the hosts that a request names. The sender chooses them. Only a
// URL that the key proves is shown.
func hosts(h provider.Header) []string {
	all := append(h.Values("Host"), h.Values("X-Forwarded-Host")...)
	return all[:min(len(all), maxHosts)]
}

// tryOthers tries the keys of other secrets, and other forms of the entries' keys.
func (v verifier) tryOthers(c provider.Case, try try) bool {
	for _, o := range c.Others {
		other, _ := o.Verifier.(verifier)
		for _, s := range other.subscriptions {
			finding := fmt.Sprintf("The signature is right for the entry %q of %s.", s.Label, o.Name)
			for _, url := range append([]string{*s.NotificationURL}, v.urls()...) {
				if !try(provider.OtherKey, finding, s.SignatureKey, url, c.Body) {
					return false
				}
			}
		}
	}
	for _, s := range v.subscriptions {
		for _, form := range decode.KeyForms(s.SignatureKey, "") {
			finding := fmt.Sprintf("The signature is right for the key of the entry %q %s.", s.Label, form.As)
			if !try(provider.KeyForm, finding, form.Key, *s.NotificationURL, c.Body) {
				return false
			}
		}
	}
	return true
}

// urls returns the URLs of the entries.
func (v verifier) urls() []string {
	var urls []string
	for _, s := range v.subscriptions {
		urls = append(urls, *s.NotificationURL)
	}
	return urls
}

// tryBodies tries other forms of the body, and the body without the URL, which
// Square's older signature has not.
func (v verifier) tryBodies(c provider.Case, try try) bool {
	for variant := range provider.Variants(c.Body) {
		for _, s := range v.subscriptions {
			if !try(variant.Cause, "The signature is right for the body "+variant.As+".", s.SignatureKey, *s.NotificationURL, variant.Body) {
				return false
			}
		}
	}
	for _, s := range v.subscriptions {
		if !try(provider.OtherURL, "The signature is right for the body alone. Square signs the URL before it.", s.SignatureKey, "", c.Body) {
			return false
		}
	}
	return true
}

// suppose returns the likely cause where no hypothesis holds.
func (v verifier) suppose(c provider.Case) provider.Diagnosis {
	old := c.Header.Values("x-square-signature")
	if provider.ReasonOf(c.Err) == provider.HeaderMissing && len(old) > 0 {
		return provider.NewDiagnosis(provider.MissingHeader, provider.Likely,
			"The request has only x-square-signature, which Square's older libraries check. "+contract.Square().SignatureHeaders[0]+" is missing.")
	}
	return c.Suppose()
}
