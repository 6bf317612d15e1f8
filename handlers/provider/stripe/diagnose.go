package stripe

import (
	"context"
	"crypto/hmac"
	"fmt"
	"iter"
	"strconv"
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
	signature
	cause   provider.Cause // "" for the documented way
	finding string
}

// readings returns the documented reading of the header, or else those that an
// altered header allows.
func readings(values []string) []reading {
	if len(values) == 1 {
		if s, err := parseHeader(values[0]); err == nil {
			return []reading{{signature: s}}
		}
	}
	var found []reading
	groups := splitGroups(values)
	for i, group := range groups {
		if len(groups) > 1 {
			if s, err := parseHeader(group); err == nil {
				found = append(found, reading{s, provider.RepeatedHeader,
					fmt.Sprintf("The header occurs %d times, and number %d is right.", len(groups), i+1)})
			}
		}
		if s, ok := respelled(group, "v0="); ok {
			found = append(found, reading{s, provider.Scheme, "The header has the right signature as v0, and no v1."})
		}
		if s, ok := respelled(group, "v1="); ok {
			found = append(found, reading{s, provider.SignatureEncoding, "The signature is right, in base64 instead of hex."})
		}
	}
	return found
}

// splitGroups splits values, and those that a proxy joined with commas: each has
// one t.
func splitGroups(values []string) []string {
	var groups []string
	for _, value := range values {
		first := true
		for element := range strings.SplitSeq(value, ",") {
			element = strings.Trim(element, " \t")
			if first || strings.HasPrefix(element, "t=") {
				groups = append(groups, element)
			} else {
				groups[len(groups)-1] += "," + element
			}
			first = false
		}
	}
	return groups
}

// respelled reads the signatures of a scheme in hex or base64. It skips a v1 in
// hex, which needs no other reading.
func respelled(group, scheme string) (signature, bool) {
	var s signature
	for element := range strings.SplitSeq(group, ",") {
		if text, ok := strings.CutPrefix(element, "t="); ok {
			if at, ok := parseStamp(text); ok {
				s.stamp, s.at = text, at
			}
		}
		if text, ok := strings.CutPrefix(element, scheme); ok {
			_, usual := parseSum(text)
			if sum, ok := provider.ParseSum(text); ok && !(usual && scheme == "v1=") {
				s.v1 = append(s.v1, sum)
			}
		}
	}
	return s, s.stamp != "" && len(s.v1) > 0
}

// hypotheses returns what may have happened to a request, the cheap and frequent
// first.
func (v verifier) hypotheses(c provider.Case) iter.Seq[provider.Hypothesis] {
	return func(yield func(provider.Hypothesis) bool) {
		for _, r := range readings(c.Header.Values(contract.Stripe().SignatureHeaders[0])) {
			try := func(cause provider.Cause, finding, key, stamp string, body []byte) bool {
				return yield(provider.Hypothesis{Cause: cause, Finding: finding, Cost: len(body) + provider.MACCost,
					Holds: func() bool { return r.matches(key, stamp, body) }})
			}
			if !v.each(c, r, try) {
				return
			}
		}
	}
}

// matches reports whether one of the signatures fits.
func (s signature) matches(key, stamp string, body []byte) bool {
	expected, matches := mac(key, stamp, body), false
	for i := range s.v1 {
		matches = hmac.Equal(expected, s.v1[i][:]) || matches
	}
	return matches
}

// each tries the hypotheses about one reading until try returns false.
func (v verifier) each(c provider.Case, r reading, try func(cause provider.Cause, finding, key, stamp string, body []byte) bool) bool {
	for _, e := range v.endpoints {
		cause, finding := r.cause, r.finding
		if cause == "" { // the signature alone does not reject it
			cause = provider.Clock
			finding = "The signature is right, and it was made " + provider.AgeText(r.at, c.Now) + ". At most " + tolerance.String() + " are accepted."
		}
		if !try(cause, finding, e.Secret, r.stamp, c.Body) {
			return false
		}
	}
	if r.cause != "" {
		return true
	}
	for _, o := range c.Others {
		other, _ := o.Verifier.(verifier)
		for _, e := range other.endpoints {
			if !try(provider.OtherKey, fmt.Sprintf("The signature is right for the entry %q of %s.", e.Label, o.Name), e.Secret, r.stamp, c.Body) {
				return false
			}
		}
	}
	for _, e := range v.endpoints {
		for _, form := range decode.KeyForms(e.Secret, secretPrefix) {
			if !try(provider.KeyForm, fmt.Sprintf("The signature is right for the secret of the entry %q %s.", e.Label, form.As), form.Key, r.stamp, c.Body) {
				return false
			}
		}
	}
	for variant := range provider.Variants(c.Body) {
		for _, e := range v.endpoints {
			if !try(variant.Cause, "The signature is right for the body "+variant.As+".", e.Secret, r.stamp, variant.Body) {
				return false
			}
		}
	}
	for _, stamp := range stamps(r.at, c.Now) {
		for _, e := range v.endpoints {
			if !try(provider.SignedTime, "The signature is right for the time "+stamp.as+".", e.Secret, stamp.text, c.Body) {
				return false
			}
		}
	}
	return true
}

// stamp is a time that may have been signed instead of the header's.
type stamp struct{ text, as string }

func stamps(at, now time.Time) []stamp {
	s := []stamp{
		{strconv.FormatInt(at.UnixMilli(), 10), "in milliseconds"},
		{at.UTC().Format(time.RFC3339), "in RFC 3339"},
		{strconv.FormatInt(now.Unix(), 10), "of the clock"},
	}
	for _, shift := range provider.Shifts() {
		s = append(s, stamp{strconv.FormatInt(at.Unix()+shift, 10), fmt.Sprintf("%+d s from the header's t", shift)})
	}
	return s
}

// suppose returns the likely cause where no hypothesis holds.
func (v verifier) suppose(c provider.Case) provider.Diagnosis {
	values := c.Header.Values(contract.Stripe().SignatureHeaders[0])
	if len(values) == 1 && strings.Contains(values[0], "v0=") && !strings.Contains(values[0], "v1=") {
		return provider.NewDiagnosis(provider.Scheme, provider.Likely, "The header has a v0 signature and no v1.")
	}
	d := c.Suppose()
	if d.Certainty != provider.Unknown {
		return d
	}
	for _, e := range v.endpoints {
		if kind := wrongKind(e.Secret); kind != "" {
			return provider.NewDiagnosis(provider.KeyForm, provider.Likely, fmt.Sprintf("The secret of the entry %q is %s instead of a signing secret.", e.Label, kind))
		}
	}
	var b struct{ Livemode *bool }
	_ = decode.Unmarshal(c.Body, &b) // valid, as Suppose found
	mode := func(is bool) string {
		if is {
			return live
		}
		return `"sandbox"`
	}
	if b.Livemode == nil {
		return d
	}
	for _, e := range v.endpoints {
		if e.Environment == nil || string(e.Environment) == mode(*b.Livemode) {
			return d
		}
	}
	return provider.NewDiagnosis(provider.OtherEnvironment, provider.Likely,
		fmt.Sprintf("The body is of the environment %s, and every entry is of the other one.", mode(*b.Livemode)))
}

// secretPrefix begins every signing secret of Stripe's dashboard.
const secretPrefix = "whsec_"

// wrongKind describes a secret that is another credential of Stripe's, by its
// prefix (docs.stripe.com/keys).
func wrongKind(secret string) string {
	for prefix, kind := range map[string]string{
		"sk_": "a secret API key", "rk_": "a restricted API key", "pk_": "a publishable API key", "we_": "the id of a webhook endpoint",
	} {
		if strings.HasPrefix(secret, prefix) {
			return kind
		}
	}
	return ""
}
