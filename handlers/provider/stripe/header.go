package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	// tolerance is how far the header's time may be from now, either way.
	// Stripe's libraries use the same five minutes, for the past only.
	tolerance = 300 * time.Second

	// maxHeader is a last resort: Stripe sends a few hundred bytes, API Gateway
	// lets 10,240 bytes of headers through (quotas of REST APIs).
	maxHeader = 16 << 10

	// maxTimeDigits keeps a time below the year 33658, far from any overflow.
	maxTimeDigits = 12
)

// signature is a parsed Stripe-Signature header.
type signature struct {
	stamp string    // t, verbatim: it is part of what is signed
	at    time.Time // t
	v1    [][sha256.Size]byte
}

// checkHeader is gate 1: all that can be known without a secret.
func checkHeader(h provider.Header, now time.Time) (signature, error) {
	name := contract.Stripe().IdentityHeaders[0]
	value, err := h.One(name)
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

// parseHeader reads "t=<unix seconds>,v1=<hex>[,v1=<hex>…][,v0=<hex>]". Schemes
// other than v1 are skipped, as docs.stripe.com/webhooks asks: v0 is a fake
// one. So are v1 values that cannot be a SHA-256 sum, which none can match.
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

// parseStamp accepts one spelling of each number, so that the text which is
// signed and the time which is checked cannot part ways.
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
