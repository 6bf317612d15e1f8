// Package square verifies and reads Square's webhooks: the
// x-square-hmacsha256-signature header, the HMAC over the configured URL and the
// raw body, and event notifications.
//
// Square signs no time, so nothing can tell a replay from a late retry: an
// event_id is accepted once, and the age of the signed created_at is bounded. Only
// the body is signed, so the environment comes from the secret's entry, and an event
// has no apiVersion (Square's is in a header).
//
// The signature check is not square-go-sdk's, because square-go-sdk takes one key
// a call and accepts an empty body whatever its signature. The tests compare the
// two.
//
// Sources: developer.squareup.com/docs/webhooks/step3validate (signature),
// developer.squareup.com/reference/square/webhooks (bodies, as the OpenAPI
// document of github.com/square/connect-api-specification has them),
// developer.squareup.com/docs/build-basics/working-with-monetary-amounts.
package square

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// Provider implements provider.Provider for Square. Make it with New.
type Provider struct {
	endpointURL string
	apiURL      string
	rules       provider.Rules[object]
}

var _ provider.Provider = Provider{}

// New returns Square's provider. endpointURL is the URL at which this stack
// receives Square's POSTs. It is used for entries of the secret without a
// notificationUrl; if it is empty, each entry needs one. apiURL is the same at the API's
// own host name. Those entries verify it too: when a stack gets a domain, endpointURL
// changes at once, and Square signs apiURL until the subscription has the new URL. It
// may be empty.
func New(endpointURL, apiURL string) Provider {
	return Provider{endpointURL: endpointURL, apiURL: apiURL, rules: rules()}
}

// Descriptor implements provider.Provider.
func (Provider) Descriptor() contract.Provider { return contract.Square() }

// EventTypes implements provider.Provider.
func (p Provider) EventTypes() []provider.EventType { return p.rules.EventTypes() }

// CheckHeaders implements provider.Provider. x-square-hmacsha256-signature must
// occur once and be the base64 of a SHA-256 sum. The older x-square-signature, a
// SHA-1 sum that Square still sends, is ignored.
func (Provider) CheckHeaders(h provider.Header, _ time.Time) error {
	_, err := checkHeader(h)
	return err
}

// Verifier implements provider.Provider. The document is
//
//	{"subscriptions":[{
//	  "label":           "…",
//	  "signatureKey":    "…",
//	  "environment":     "live" or "sandbox",
//	  "notificationUrl": "https://…",
//	  "maxAgeHours":     72
//	}]}
//
// Every entry is live, and two entries may have one label. notificationUrl is the
// URL as Square has it, byte for byte; without it the stack's own URLs are used.
// Without maxAgeHours, events of up to 72 hours are accepted.
func (p Provider) Verifier(document []byte) (provider.Verifier, error) {
	subscriptions, err := readSecret(document, p.endpointURL)
	if err != nil {
		return nil, err
	}
	v := verifier{keys: len(subscriptions), subscriptions: subscriptions, endpointURL: p.endpointURL, newHash: sha256.New}
	v.subscriptions = append(v.subscriptions, p.atAPI(subscriptions)...)
	return v, nil
}

// atAPI returns the entries without a notificationUrl of their own, with apiURL. There
// are none if both of the stack's URLs are the same.
func (p Provider) atAPI(subscriptions []subscription) []subscription {
	var found []subscription
	for _, s := range subscriptions {
		if s.ownURL && p.apiURL != "" && p.apiURL != p.endpointURL {
			s.NotificationURL = &p.apiURL
			found = append(found, s)
		}
	}
	return found
}

const (
	// secretExample is shown for a secret that was never filled.
	secretExample = `{"subscriptions":[{"label":"…","signatureKey":"…","environment":"live"}]}`

	// live is the environment that Square calls production.
	live = "live"

	// minAgeHours is the time during which Square retries
	// (developer.squareup.com/docs/webhooks/troubleshooting; 72 hours in older
	// text). A tighter bound would reject retries.
	minAgeHours = 24
	maxAgeHours = 365 * 24
	// defaultMaxAge is the longest time for which a page of Square's says that it
	// retries, so that it rejects no retry.
	defaultMaxAge = 72 * time.Hour
)

// subscription is an entry of the secret document: the signature key of a webhook
// subscription and the operator's name for it. A pointer is nil where the entry
// does not have the member, and points to the zero value where the member has a
// wrong type.
type subscription struct {
	Label           string  `json:"label"`
	SignatureKey    string  `json:"signatureKey"`
	Environment     string  `json:"environment"`
	NotificationURL *string `json:"notificationUrl"`
	MaxAgeHours     *int    `json:"maxAgeHours"`

	ownURL bool // the stack's, for want of a notificationUrl
}

// readSecret reads the secret document. Entries without a notificationUrl get
// endpointURL unless that is empty.
func readSecret(document []byte, endpointURL string) ([]subscription, error) {
	var content struct {
		Subscriptions []subscription `json:"subscriptions"`
	}
	if err := decode.Secret(document, secretExample, &content); err != nil {
		return nil, err
	}
	for i := range content.Subscriptions {
		if s := &content.Subscriptions[i]; s.NotificationURL == nil && endpointURL != "" {
			s.NotificationURL, s.ownURL = new(endpointURL), true
		}
	}
	return content.Subscriptions, decode.CheckEntries("subscriptions", content.Subscriptions, subscription.problems)
}

func (s subscription) problems() []string {
	return []string{
		decode.CheckLabel(s.Label),
		decode.CheckText("signatureKey", s.SignatureKey),
		decode.CheckEnvironment(s.Environment),
		checkURL(s.NotificationURL),
		checkMaxAge(s.MaxAgeHours),
	}
}

// checkURL returns the problem of a notification URL, or "". The URL is never
// made from the request, because its sender chooses the Host header.
func checkURL(url *string) string {
	switch {
	case url == nil:
		return `"notificationUrl" is missing, and the stack's own URL is not known here`
	case !strings.HasPrefix(*url, "https://") && !strings.HasPrefix(*url, "http://"):
		return `"notificationUrl" is not a text that begins with https://`
	}
	return decode.CheckText("notificationUrl", *url)
}

// checkMaxAge returns the problem of a bound, or "".
func checkMaxAge(hours *int) string {
	if hours != nil && (*hours < minAgeHours || *hours > maxAgeHours) {
		return fmt.Sprintf(`"maxAgeHours" is not a whole number from %d to %d`, minAgeHours, maxAgeHours)
	}
	return ""
}

// maxAge returns the bound on the age of an event.
func (s subscription) maxAge() time.Duration {
	if s.MaxAgeHours == nil {
		return defaultMaxAge
	}
	return time.Duration(*s.MaxAgeHours) * time.Hour
}
