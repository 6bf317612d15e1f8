package square

import (
	"fmt"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

const (
	// example is what belongs into a secret that was never filled.
	example = `{"subscriptions":[{"label":"…","signatureKey":"…","environment":"live"}]}`

	// live is the environment that Square calls production.
	live = "live"

	// minAgeHours is how long Square sends a notification again and again
	// (developer.squareup.com/docs/webhooks/troubleshooting; 72 hours in older
	// text): a tighter bound would refuse what it is waiting for.
	minAgeHours = 24
	maxAgeHours = 365 * 24
)

// subscription is one entry of the secret document: a webhook subscription's
// signature key and the name that the operator gave it. A pointer is nil where
// the entry does not have the member, and points to the zero value where the
// member is of a wrong type.
type subscription struct {
	Label           string  `json:"label"`
	SignatureKey    string  `json:"signatureKey"`
	Environment     string  `json:"environment"`
	NotificationURL *string `json:"notificationUrl"`
	MaxAgeHours     *int    `json:"maxAgeHours"`
}

// parseSecret reads the secret document. Entries without a notificationUrl get
// the endpointURL, unless that is empty.
func parseSecret(text []byte, endpointURL string) ([]subscription, error) {
	var content struct {
		Subscriptions []subscription `json:"subscriptions"`
	}
	if err := decode.Secret(text, example, &content); err != nil {
		return nil, err
	}
	for i := range content.Subscriptions {
		if s := &content.Subscriptions[i]; s.NotificationURL == nil && endpointURL != "" {
			s.NotificationURL = new(endpointURL)
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

// checkURL says what is wrong with a notification URL; "" when nothing is. It
// is never made from the request: the Host header is the sender's to choose.
func checkURL(url *string) string {
	switch {
	case url == nil:
		return `"notificationUrl" is missing, and the stack's own URL is not known here`
	case !strings.HasPrefix(*url, "https://") && !strings.HasPrefix(*url, "http://"):
		return `"notificationUrl" is not a text that begins with https://`
	}
	return decode.CheckText("notificationUrl", *url)
}

// checkMaxAge says what is wrong with a bound; "" when nothing is.
func checkMaxAge(hours *int) string {
	if hours != nil && (*hours < minAgeHours || *hours > maxAgeHours) {
		return fmt.Sprintf(`"maxAgeHours" is not a whole number from %d to %d`, minAgeHours, maxAgeHours)
	}
	return ""
}

// maxAge is the bound on the age of an event; 0 for none.
func (s subscription) maxAge() time.Duration {
	if s.MaxAgeHours == nil {
		return 0
	}
	return time.Duration(*s.MaxAgeHours) * time.Hour
}
