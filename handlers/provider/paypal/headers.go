package paypal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Headers of every webhook (developer.paypal.com/api/rest/webhooks/rest);
// contract.PayPal lists those that are required.
const (
	idHeader        = "PAYPAL-TRANSMISSION-ID"
	timeHeader      = "PAYPAL-TRANSMISSION-TIME"
	signatureHeader = "PAYPAL-TRANSMISSION-SIG"
	certURLHeader   = "PAYPAL-CERT-URL"
	algorithmHeader = "PAYPAL-AUTH-ALGO"
	versionHeader   = "PAYPAL-AUTH-VERSION"
)

const (
	// algorithm is what every known webhook was signed with. PayPal's old SDKs
	// knew SHA-1 and MD5 too, which would let a forger choose.
	algorithm = "SHA256withRSA"
	version   = "v2"
)

// Bounds of what the headers hold, in bytes: those of PayPal's own schema
// (verify_webhook_signature in notifications_webhooks_v1.json), but for the
// signature, so that a key of 8192 bits fits.
const (
	maxID        = 50
	maxTime      = 100
	maxSignature = 8192 / 8
	maxCertName  = 128
)

// The window of the transmission's time. PayPal sends again for three days,
// and resends old events on demand; whether that makes a new time is not
// documented. A replay within the window is the same event again.
const (
	maxAge   = 30 * 24 * time.Hour
	maxAhead = 5 * time.Minute
)

// transmission is what the headers of a webhook say.
type transmission struct {
	id, stamp   string // verbatim: both are part of what is signed
	at          time.Time
	signature   []byte
	certURL     string
	environment environment // of certURL
}

// checkHeaders is gate 1: all that can be known without a secret.
func checkHeaders(h provider.Header, now time.Time) (transmission, error) {
	var t transmission
	for _, required := range []struct {
		name string
		read func(string) error
	}{
		{idHeader, t.readID},
		{timeHeader, t.readTime},
		{signatureHeader, t.readSignature},
		{certURLHeader, t.readCertURL},
		{algorithmHeader, func(value string) error { return pin(value, algorithm) }},
	} {
		value, err := h.One(required.name)
		if err != nil {
			return transmission{}, err
		}
		if err := required.read(value); err != nil {
			return transmission{}, fmt.Errorf("%s: %w", required.name, err)
		}
	}
	if err := checkVersion(h); err != nil {
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

// readID keeps "|" out, which separates the parts of the signed text.
func (t *transmission) readID(value string) error {
	if !plain(value, maxID, "-_") {
		return fmt.Errorf("%w: not 1 to %d letters, digits, hyphens and underscores", provider.HeaderMalformed, maxID)
	}
	t.id = value
	return nil
}

func (t *transmission) readTime(value string) error {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil || len(value) > maxTime {
		return fmt.Errorf("%w: not a time in RFC 3339", provider.HeaderMalformed)
	}
	t.stamp, t.at = value, at
	return nil
}

// readSignature accepts one spelling of each signature.
func (t *transmission) readSignature(value string) error {
	if len(value) > base64.StdEncoding.EncodedLen(maxSignature) {
		return fmt.Errorf("%w: longer than a signature of %d bytes", provider.HeaderMalformed, maxSignature)
	}
	signature, err := base64.StdEncoding.DecodeString(value)
	if err != nil || base64.StdEncoding.EncodeToString(signature) != value {
		return fmt.Errorf("%w: not base64", provider.HeaderMalformed)
	}
	t.signature = signature
	return nil
}

func (t *transmission) readCertURL(value string) error {
	e, ok := environmentOf(value)
	if !ok {
		return fmt.Errorf("%w: %s", provider.CertURLRefused, notCertURL())
	}
	t.certURL, t.environment = value, e
	return nil
}

// checkVersion looks at a header that webhooks carry and that PayPal's own
// verification does not ask for (verify_webhook_signature in
// notifications_webhooks_v1.json): it may be missing.
func checkVersion(h provider.Header) error {
	value, err := h.One(versionHeader)
	switch {
	case errors.Is(err, provider.HeaderMissing):
		return nil
	case err == nil:
		err = pin(value, version)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", versionHeader, err)
	}
	return nil
}

func pin(value, only string) error {
	if value != only {
		return fmt.Errorf("%w: not %s", provider.AlgorithmRefused, only)
	}
	return nil
}
