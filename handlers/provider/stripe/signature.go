package stripe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	// tolerance is the largest difference between the header's time and now, in
	// both directions. Stripe's libraries use five minutes too, for the past only.
	tolerance = 300 * time.Second

	// maxHeader bounds the header, in bytes. Stripe sends a few hundred; API
	// Gateway accepts 10,240 bytes of headers (quotas of REST APIs).
	maxHeader = 16 << 10

	// maxTimeDigits keeps a time below the year 33658, far from any overflow.
	maxTimeDigits = 12
)

// signature is a parsed Stripe-Signature header.
type signature struct {
	stamp string    // t as it was sent: it is part of the signed text
	at    time.Time // t
	v1    [][sha256.Size]byte
}

// checkHeader reads the signature header and checks its time.
func checkHeader(h provider.Header, now time.Time) (signature, error) {
	name := contract.Stripe().SignatureHeaders[0]
	value, err := h.Value(name)
	if err != nil {
		return signature{}, err
	}
	s, err := parseHeader(value)
	if err != nil {
		return signature{}, fmt.Errorf("%s: %w", name, err)
	}
	switch age := now.Sub(s.at); {
	case age > tolerance:
		return signature{}, fmt.Errorf("%s: %w: signed more than %v ago", name, provider.TimestampStale, tolerance)
	case age < -tolerance:
		return signature{}, fmt.Errorf("%s: %w: signed more than %v ahead", name, provider.TimestampFuture, tolerance)
	}
	return s, nil
}

// parseHeader reads "t=<unix seconds>,v1=<hex>[,v1=<hex>…][,v0=<hex>]". It skips
// other schemes, as docs.stripe.com/webhooks asks, because v0 is a fake one. It
// also skips v1 values that are not a SHA-256 sum.
func parseHeader(value string) (signature, error) {
	if len(value) > maxHeader {
		return signature{}, fmt.Errorf("%w: longer than %d bytes", provider.HeaderMalformed, maxHeader)
	}
	var s signature
	for element := range strings.SplitSeq(value, ",") {
		scheme, text, ok := strings.Cut(strings.Trim(element, " \t"), "=")
		switch {
		case !ok:
			return signature{}, fmt.Errorf("%w: an element has no =", provider.HeaderMalformed)
		case scheme == "t" && s.stamp != "":
			return signature{}, fmt.Errorf("%w: more than one t", provider.HeaderMalformed)
		case scheme == "t":
			at, ok := parseStamp(text)
			if !ok {
				return signature{}, fmt.Errorf("%w: t is not a plain number of seconds", provider.HeaderMalformed)
			}
			s.stamp, s.at = text, at
		case scheme == "v1":
			if sum, ok := parseSum(text); ok {
				s.v1 = append(s.v1, sum)
			}
		}
	}
	switch {
	case s.stamp == "":
		return signature{}, fmt.Errorf("%w: no t", provider.HeaderMalformed)
	case len(s.v1) == 0:
		return signature{}, fmt.Errorf("%w: no v1 signature", provider.HeaderMalformed)
	}
	return s, nil
}

// parseStamp accepts one spelling of each number, so that the signed text and
// the checked time are the same.
func parseStamp(text string) (time.Time, bool) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || len(text) > maxTimeDigits || strconv.FormatInt(seconds, 10) != text {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}

func parseSum(text string) (sum [sha256.Size]byte, ok bool) {
	if len(text) != hex.EncodedLen(len(sum)) {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(text))
	return sum, err == nil
}

// verifier checks signatures against the secrets of one secret document.
type verifier struct {
	endpoints []endpoint
	newHash   func() hash.Hash // of SHA-256; tests count what it hashes
}

// Verify implements provider.Verifier. It computes one HMAC for each secret and
// compares it in constant time with each v1 signature. It does not parse the
// body.
func (v verifier) Verify(_ context.Context, h provider.Header, body []byte, now time.Time) (provider.Origin, error) {
	s, err := checkHeader(h, now)
	if err != nil {
		return provider.Origin{}, err
	}
	for _, e := range v.endpoints {
		expected := macOf(v.newHash, e.Secret, s.stamp, body)
		for i := range s.v1 {
			if hmac.Equal(expected, s.v1[i][:]) {
				return e.origin(), nil
			}
		}
	}
	return provider.Origin{}, fmt.Errorf("%w: none of %d v1 signatures matches one of %d secrets",
		provider.SignatureMismatch, len(s.v1), len(v.endpoints))
}

// mac returns Stripe's v1 signature: HMAC-SHA256 over "{t}.{body}", keyed with
// the whole secret, whsec_ included (docs.stripe.com/webhooks, "Verify webhook
// signatures manually").
func mac(secret, stamp string, body []byte) []byte { return macOf(sha256.New, secret, stamp, body) }

func macOf(newHash func() hash.Hash, secret, stamp string, body []byte) []byte {
	h := hmac.New(newHash, []byte(secret))
	h.Write([]byte(stamp))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}

// Signer implements provider.Signer for Stripe.
type Signer struct {
	// Secret is the signing secret of an endpoint, whsec_ included.
	Secret string
}

var _ provider.Signer = Signer{}

// Sign implements provider.Signer. The error is nil.
func (s Signer) Sign(body []byte, at time.Time) (map[string]string, error) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return map[string]string{
		contract.Stripe().SignatureHeaders[0]: "t=" + stamp + ",v1=" + hex.EncodeToString(mac(s.Secret, stamp, body)),
	}, nil
}
