package paypal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Headers of a webhook (developer.paypal.com/api/rest/webhooks/rest).
// contract.PayPal lists the required ones.
const (
	idHeader        = "PAYPAL-TRANSMISSION-ID"
	timeHeader      = "PAYPAL-TRANSMISSION-TIME"
	signatureHeader = "PAYPAL-TRANSMISSION-SIG"
	certURLHeader   = "PAYPAL-CERT-URL"
	algorithmHeader = "PAYPAL-AUTH-ALGO"
	versionHeader   = "PAYPAL-AUTH-VERSION"
)

const (
	// algorithm is the only one that is accepted. PayPal's old SDKs also accept
	// SHA-1 and MD5, which would let a forger choose the weakest.
	algorithm = "SHA256withRSA"
	version   = "v2"
)

// Longest accepted values, in bytes. The id and the time have the limits of
// PayPal's schema (verify_webhook_signature in notifications_webhooks_v1.json).
const (
	maxID        = 50
	maxTime      = 100
	maxSignature = maxKeyBits / 8
	maxCertName  = 128
)

// Accepted difference between the transmission time and the clock. PayPal
// retries for three days and resends old events on demand. It does not document
// whether resending sets a new time. A replay within the window yields the same
// event id, so it is stored once.
const (
	maxAge   = 30 * 24 * time.Hour
	maxAhead = 5 * time.Minute
)

// A transmission holds the parsed headers of one webhook.
type transmission struct {
	id, stamp   string // verbatim, because both are signed
	at          time.Time
	signature   []byte
	certURL     string
	environment environment // of certURL
}

// parseHeaders parses and checks everything that needs no secret.
func parseHeaders(h provider.Header, now time.Time) (transmission, error) {
	t, err := readHeaders(h)
	if err != nil {
		return transmission{}, err
	}
	switch age := now.Sub(t.at); {
	case age > maxAge:
		return transmission{}, fmt.Errorf("%s: %w: more than %v ago", timeHeader, provider.TimestampStale, maxAge)
	case age < -maxAhead:
		return transmission{}, fmt.Errorf("%s: %w: more than %v ahead", timeHeader, provider.TimestampFuture, maxAhead)
	}
	return t, nil
}

// readHeaders is parseHeaders without the bounds on the time.
func readHeaders(h provider.Header) (transmission, error) {
	var t transmission
	for _, field := range []struct {
		name     string
		optional bool
		parse    func(string) error
	}{
		{name: idHeader, parse: t.parseID},
		{name: timeHeader, parse: t.parseTime},
		{name: signatureHeader, parse: t.parseSignature},
		{name: certURLHeader, parse: t.parseCertURL},
		{name: algorithmHeader, parse: func(value string) error { return requireEqual(value, algorithm) }},
		// PayPal's verification API does not ask for the version.
		{name: versionHeader, optional: true, parse: func(value string) error { return requireEqual(value, version) }},
	} {
		value, err := h.Value(field.name)
		if field.optional && errors.Is(err, provider.HeaderMissing) {
			continue
		}
		if err != nil {
			return transmission{}, err
		}
		if err := field.parse(value); err != nil {
			return transmission{}, fmt.Errorf("%s: %w", field.name, err)
		}
	}
	return t, nil
}

// parseID rejects "|", which separates the parts of the signed text.
func (t *transmission) parseID(value string) error {
	if !isToken(value, maxID, "-_") {
		return fmt.Errorf("%w: not 1 to %d letters, digits, hyphens and underscores", provider.HeaderMalformed, maxID)
	}
	t.id = value
	return nil
}

func (t *transmission) parseTime(value string) error {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil || len(value) > maxTime {
		return fmt.Errorf("%w: not a time in RFC 3339", provider.HeaderMalformed)
	}
	t.stamp, t.at = value, at
	return nil
}

// parseSignature accepts only canonical base64, so that a signature has one
// spelling.
func (t *transmission) parseSignature(value string) error {
	if len(value) > base64.StdEncoding.EncodedLen(maxSignature) {
		return fmt.Errorf("%w: longer than a signature of %d bytes", provider.HeaderMalformed, maxSignature)
	}
	signature, err := base64.StdEncoding.DecodeString(value)
	if err != nil || base64.StdEncoding.EncodeToString(signature) != value {
		return fmt.Errorf("%w: not canonical base64", provider.HeaderMalformed)
	}
	t.signature = signature
	return nil
}

func (t *transmission) parseCertURL(value string) error {
	e, ok := environmentOf(value)
	if !ok {
		return fmt.Errorf("%w: %s", provider.CertURLRefused, notCertURL())
	}
	t.certURL, t.environment = value, e
	return nil
}

func requireEqual(value, want string) error {
	if value != want {
		return fmt.Errorf("%w: not %s", provider.AlgorithmRefused, want)
	}
	return nil
}

// An environment is PayPal's live system or its sandbox. They share neither
// certificates nor webhook ids, so a sandbox webhook never passes as a live one.
type environment struct {
	name       string // in secret documents and messages
	certPrefix string // of every certificate's URL
	certName   string // DNS name in every certificate
	live       bool
}

func environments() [2]environment {
	return [...]environment{
		{
			name:       "live",
			certPrefix: "https://api.paypal.com/v1/notifications/certs/",
			certName:   "messageverificationcerts.paypal.com",
			live:       true,
		},
		{
			name:       "sandbox",
			certPrefix: "https://api.sandbox.paypal.com/v1/notifications/certs/",
			certName:   "messageverificationcerts.sandbox.paypal.com",
		},
	}
}

// environmentOf returns the environment that serves the certificate at a URL.
//
// The URL decides where a function connects to, and anybody can send one. It is
// compared as text and never parsed: a known prefix and one path segment, such
// as CERT-360caa42-fca2a594-a5cafa77, leave no room for another host, a port,
// user information, a query or an encoding.
func environmentOf(certURL string) (environment, bool) {
	for _, e := range environments() {
		if name, ok := strings.CutPrefix(certURL, e.certPrefix); ok && isToken(name, maxCertName, "-_") {
			return e, true
		}
	}
	return environment{}, false
}

// notCertURL describes a URL that environmentOf does not accept.
func notCertURL() string {
	all := environments()
	return fmt.Sprintf("not %s or %s followed by a name", all[0].certPrefix, all[1].certPrefix)
}

// isToken reports whether s consists of 1 to maxLen ASCII letters, digits and
// characters of extra.
func isToken(s string, maxLen int, extra string) bool {
	if s == "" || len(s) > maxLen {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(extra, c) < 0:
			return false
		}
	}
	return true
}
