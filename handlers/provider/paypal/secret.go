package paypal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// secretExample is shown for a secret that was never filled.
const secretExample = `{"webhooks":[{"label":"…","webhookId":"…","environment":"live"}]}`

const (
	// simulatorID is signed in place of a webhook id by the webhook simulator of
	// PayPal's dashboard. Anybody can point the simulator at any URL.
	simulatorID = "WEBHOOK_ID"

	// maxWebhookID, in bytes, is the limit of PayPal's schema
	// (verify_webhook_signature in notifications_webhooks_v1.json).
	maxWebhookID = 50
)

// A secret is a parsed secret document (docs/secrets.md).
type secret struct {
	webhooks []webhook
	certURLs []string // fetched without a rate limit
	extra    caBundle
}

// A webhook is one entry of a secret. WebhookID is the id that PayPal gave the
// subscription.
type webhook struct {
	Label       string `json:"label"`
	WebhookID   string `json:"webhookId"`
	Environment string `json:"environment"`
}

func parseSecret(text []byte) (secret, error) {
	var content struct {
		Webhooks   []webhook `json:"webhooks"`
		CertURLs   any       `json:"certUrls"`
		ExtraRoots any       `json:"extraRootsPem"`
	}
	if err := decode.Secret(text, secretExample, &content); err != nil {
		return secret{}, err
	}
	certURLs, urlsErr := parseCertURLs(content.CertURLs)
	extra, rootsErr := parseExtraRoots(content.ExtraRoots)
	err := errors.Join(decode.CheckEntries("webhooks", content.Webhooks, webhook.problems), urlsErr, rootsErr)
	return secret{content.Webhooks, certURLs, extra}, err
}

// webhooksIn returns the entries of an environment.
func (s secret) webhooksIn(e environment) []webhook {
	var found []webhook
	for _, w := range s.webhooks {
		if w.Environment == e.name {
			found = append(found, w)
		}
	}
	return found
}

// source returns the source of the certificate that a transmission names.
func (s secret) source(t transmission) source {
	return source{
		url:         t.certURL,
		environment: t.environment,
		listed:      slices.Contains(s.certURLs, t.certURL),
		extra:       s.extra,
	}
}

func (w webhook) problems() []string {
	return []string{decode.CheckLabel(w.Label), checkWebhookID(w.WebhookID), decode.CheckEnvironment(w.Environment)}
}

func checkWebhookID(id string) string {
	switch {
	case id == simulatorID:
		return `"webhookId" is the id of PayPal's simulator: use the webhook's id from the app's settings`
	case !isToken(id, maxWebhookID, ""):
		return fmt.Sprintf(`"webhookId" is not 1 to %d letters and digits`, maxWebhookID)
	}
	return ""
}

// parseCertURLs parses "certUrls", which may be missing or empty.
func parseCertURLs(value any) ([]string, error) {
	list, ok := value.([]any)
	if value == nil || ok && len(list) == 0 {
		return nil, nil
	}
	urls := make([]string, len(list))
	for i := range list {
		urls[i], _ = list[i].(string) // anything else fails as an empty URL does
	}
	return urls, decode.CheckEntries("certUrls", urls, func(url string) []string {
		if _, ok := environmentOf(url); ok {
			return nil
		}
		return []string{"it is " + notCertURL()}
	})
}

// parseExtraRoots parses "extraRootsPem", which may be missing or empty.
func parseExtraRoots(value any) (caBundle, error) {
	text, ok := value.(string)
	if value == nil || ok && text == "" {
		return caBundle{}, nil
	}
	certs, err := parseCertificates([]byte(text))
	if err != nil || !isWholePEM(text, len(certs)) {
		return caBundle{}, fmt.Errorf(`%w: "extraRootsPem" is not a string of complete PEM certificates`, provider.SecretMalformed)
	}
	extra := caBundle{sum: sha256.Sum256([]byte(text))}
	for _, c := range certs {
		extra.add(c, isRoot(c))
	}
	return extra, nil
}

// isWholePEM reports whether text begins and ends as many blocks as it has
// certificates. encoding/pem skips a broken block as if it were a comment.
func isWholePEM(text string, certs int) bool {
	return strings.Count(text, "-----BEGIN") == certs && strings.Count(text, "-----END") == certs
}
