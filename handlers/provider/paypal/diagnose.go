package paypal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

var _ provider.Diagnoser = verifier{}

// rsaCost is the effort of an RSA verification, in bytes that SHA-256 hashes in
// the same time.
const rsaCost = 32 << 10

// maxReadings bounds the combinations of repeated headers.
const maxReadings = 16

// Diagnose implements provider.Diagnoser. Each reading of the headers needs the
// key of its certificate.
func (v verifier) Diagnose(ctx context.Context, c provider.Case) provider.Diagnosis {
	if provider.ReasonOf(c.Err).Class() == provider.Unavailable {
		return c.Suppose() // another attempt to fetch the certificate may succeed
	}
	if d, ok := provider.Prove(c.Effort, v.hypotheses(ctx, c)); ok {
		return d
	}
	return v.suppose(c)
}

// A reading is a way to read the headers.
type reading struct {
	transmission
	cause   provider.Cause // "" for the documented way
	finding string
}

// readings returns the documented reading of the headers, or else those that
// altered headers allow.
func readings(h provider.Header) []reading {
	repeated := ""
	choices := []provider.Header{h}
	for _, name := range []string{idHeader, timeHeader, signatureHeader, certURLHeader, algorithmHeader, versionHeader} {
		values := h.Values(name)
		if len(values) == 1 && name != certURLHeader {
			values = strings.Split(values[0], ",") // as a proxy joins them
		}
		if len(values) < 2 {
			continue
		}
		repeated = name
		var more []provider.Header
		for _, choice := range choices {
			for _, value := range values {
				more = append(more, choice.With(name, strings.TrimSpace(value)))
			}
		}
		choices = more[:min(len(more), maxReadings)]
	}
	var found []reading
	for _, choice := range choices {
		r := reading{}
		if repeated != "" {
			r.cause, r.finding = provider.RepeatedHeader, repeated+" occurs more than once, and one of its values is right."
		}
		if r.parse(choice) {
			found = append(found, r)
		}
	}
	return found
}

// parse reads the headers without a bound on the time, and a signature in other
// encodings.
func (r *reading) parse(h provider.Header) bool {
	value, err := h.Value(signatureHeader)
	if err != nil {
		return false
	}
	if signature, ok := decodeSignature(value); ok {
		if canonical := base64.StdEncoding.EncodeToString(signature); canonical != value {
			h = h.With(signatureHeader, canonical)
			r.cause, r.finding = provider.SignatureEncoding, "The signature is right, in another encoding than canonical base64."
		}
	}
	r.transmission, err = readHeaders(h)
	return err == nil
}

// decodeSignature reads hex first. Hex is base64 too, of a signature that is too
// long for every key.
func decodeSignature(text string) ([]byte, bool) {
	if decoded, err := hex.DecodeString(text); err == nil {
		return decoded, true
	}
	standard := strings.NewReplacer("-", "+", "_", "/", "=", "", " ", "+").Replace(text)
	decoded, err := base64.RawStdEncoding.DecodeString(standard)
	return decoded, err == nil
}

// hypotheses returns what may have happened to a request, the cheap and frequent
// first.
func (v verifier) hypotheses(ctx context.Context, c provider.Case) iter.Seq[provider.Hypothesis] {
	return func(yield func(provider.Hypothesis) bool) {
		for _, r := range readings(c.Header) {
			key, other, err := v.key(ctx, c, r.transmission)
			if err != nil {
				continue
			}
			crc := crc32.ChecksumIEEE(c.Body)
			try := func(cause provider.Cause, finding, stamp, webhookID string, crc uint32) bool {
				return yield(provider.Hypothesis{Cause: cause, Finding: finding, Cost: rsaCost, Holds: func() bool {
					return rsa.VerifyPKCS1v15(key, crypto.SHA256, signedDigest(r.id, stamp, webhookID, crc), r.signature) == nil
				}})
			}
			if other && r.cause == "" {
				r.cause = provider.Certificate
				r.finding = fmt.Sprintf("The signature is right, and its certificate is of another environment than its URL, which is of %s.", r.environment.name)
			}
			if !v.tryIDs(c, r, crc, try) || r.cause == "" && !(v.tryBodies(c, r, try) && v.tryTimes(r, crc, try)) {
				return
			}
		}
	}
}

// key returns the key of a transmission's certificate. other reports a
// certificate of the other environment than its URL's, which Verify refuses.
func (v verifier) key(ctx context.Context, c provider.Case, t transmission) (key *rsa.PublicKey, other bool, err error) {
	s := v.secret.source(t)
	if !c.Fetch {
		key, err = v.keys.cached(s, c.Now)
		return key, false, err
	}
	if key, err = v.keys.get(ctx, s, c.Now); provider.ReasonOf(err) != provider.CertRefused {
		return key, false, err
	}
	for _, e := range environments() {
		if e != t.environment {
			s.environment = e
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	k, err := v.keys.fetchCertificate(ctx, s, false, c.Now)
	return k.key, true, err
}

// errNotCached reports a certificate that a diagnosis may not fetch.
var errNotCached = errors.New("the certificate is not cached")

// cached returns the key of a certificate that was fetched before.
func (c *keyCache) cached(s source, now time.Time) (*rsa.PublicKey, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[cacheKey{s.url, s.extra.sum}]; e != nil && e.key != nil && e.usable(now) {
		return e.key, nil
	}
	return nil, errNotCached
}

// try tries a hypothesis and returns false when the search is over.
type try func(cause provider.Cause, finding, stamp, webhookID string, crc uint32) bool

// tryIDs tries the webhook ids of the entries as they are, then the simulator's,
// then the ids in other secrets.
func (v verifier) tryIDs(c provider.Case, r reading, crc uint32, try try) bool {
	for _, w := range v.secret.webhooks {
		cause, finding := r.cause, r.finding
		switch {
		case cause != "":
		case w.Environment != r.environment.name:
			cause = provider.OtherEnvironment
			finding = fmt.Sprintf("The signature is PayPal's %s environment's for the webhook id of the entry %q, which says %s.", r.environment.name, w.Label, w.Environment)
		default: // the signature alone does not reject it
			cause = provider.Clock
			finding = "The signature is right, and it was made " + provider.AgeText(r.at, c.Now) + fmt.Sprintf(". From %v before to %v after are accepted.", maxAge, maxAhead)
		}
		if !try(cause, finding, r.stamp, w.WebhookID, crc) {
			return false
		}
	}
	if r.cause != "" {
		return true
	}
	if !try(provider.Simulator, "The signature is that of the webhook simulator in PayPal's dashboard, which signs "+simulatorID+" in place of an id.", r.stamp, simulatorID, crc) {
		return false
	}
	for _, o := range c.Others {
		other, _ := o.Verifier.(verifier)
		for _, w := range other.secret.webhooks {
			if !try(provider.OtherKey, fmt.Sprintf("The signature is right for the webhook id of the entry %q of %s.", w.Label, o.Name), r.stamp, w.WebhookID, crc) {
				return false
			}
		}
	}
	return true
}

// tryBodies tries other forms of the body.
func (v verifier) tryBodies(c provider.Case, r reading, try try) bool {
	for variant := range provider.Variants(c.Body) {
		for _, w := range v.secret.webhooksIn(r.environment) {
			if !try(variant.Cause, "The signature is right for the body "+variant.As+".", r.stamp, w.WebhookID, crc32.ChecksumIEEE(variant.Body)) {
				return false
			}
		}
	}
	return true
}

// tryTimes tries other times than the header's, in other forms.
func (v verifier) tryTimes(r reading, crc uint32, try try) bool {
	tryAll := func(as, stamp string) bool {
		for _, w := range v.secret.webhooksIn(r.environment) {
			if stamp != r.stamp && !try(provider.SignedTime, "The signature is right for the transmission time "+as+".", stamp, w.WebhookID, crc) {
				return false
			}
		}
		return true
	}
	utc := r.at.UTC()
	for _, form := range []string{
		time.RFC3339, "2006-01-02T15:04:05.000Z07:00", "2006-01-02T15:04:05.000000Z07:00", "2006-01-02T15:04:05-07:00", "2006-01-02T15:04:05-0700",
	} {
		if !tryAll("in the form "+utc.Format(form), utc.Format(form)) {
			return false
		}
	}
	for _, shift := range provider.Shifts() {
		if !tryAll(fmt.Sprintf("%+d s from the header's", shift), utc.Add(time.Duration(shift)*time.Second).Format(time.RFC3339)) {
			return false
		}
	}
	return true
}

// suppose returns the likely cause where no hypothesis holds.
func (v verifier) suppose(c provider.Case) provider.Diagnosis {
	if r := readings(c.Header); provider.ReasonOf(c.Err) == provider.SignatureMismatch && len(v.secret.webhooksIn(r[0].environment)) == 0 {
		return provider.NewDiagnosis(provider.OtherEnvironment, provider.Likely,
			fmt.Sprintf("The certificate is of PayPal's %s environment, and the secret has no entry for it.", r[0].environment.name))
	}
	return c.Suppose()
}
