package paypal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/document"
)

// example is what belongs into a secret that was never filled.
const example = `{"webhooks":[{"label":"…","webhookId":"…","environment":"live"}]}`

const (
	// simulatorID is signed in the place of an id by the webhook simulator of
	// PayPal's dashboard, which anybody can point at any URL.
	simulatorID = "WEBHOOK_ID"

	// maxWebhookID is PayPal's own bound (verify_webhook_signature in
	// notifications_webhooks_v1.json).
	maxWebhookID = 50
)

// secret is a secret document.
type secret struct {
	webhooks []webhook
	certURLs []string // that no limit holds back
	extra    anchors
}

// webhook is one entry: the id that PayPal gave a webhook when it was
// subscribed, where, and the name that the operator gave it.
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
	if err := document.Read(text, example, &content); err != nil {
		return secret{}, err
	}
	certURLs, urlsErr := parseCertURLs(content.CertURLs)
	extra, rootsErr := parseExtraRoots(content.ExtraRoots)
	err := errors.Join(document.CheckEntries("webhooks", content.Webhooks, webhook.problems), urlsErr, rootsErr)
	return secret{content.Webhooks, certURLs, extra}, err
}

// of are the entries of an environment.
func (s secret) of(e environment) []webhook {
	var entries []webhook
	for _, w := range s.webhooks {
		if w.Environment == e.name {
			entries = append(entries, w)
		}
	}
	return entries
}

// source is where the certificate of a transmission comes from.
func (s secret) source(t transmission) source {
	return source{t.certURL, t.environment, slices.Contains(s.certURLs, t.certURL), s.extra}
}

func (w webhook) problems() []string {
	return []string{document.CheckLabel(w.Label), checkWebhookID(w.WebhookID), document.CheckEnvironment(w.Environment)}
}

func checkWebhookID(id string) string {
	switch {
	case id == simulatorID:
		return `"webhookId" is the one that PayPal's simulator signs with: take the id of the webhook in the app's settings`
	case !plain(id, maxWebhookID, ""):
		return fmt.Sprintf(`"webhookId" is not 1 to %d letters and digits`, maxWebhookID)
	}
	return ""
}

// parseCertURLs reads "certUrls", which may be missing or empty.
func parseCertURLs(value any) ([]string, error) {
	list, ok := value.([]any)
	if value == nil || ok && len(list) == 0 {
		return nil, nil
	}
	urls := make([]string, len(list))
	for i := range list {
		urls[i], _ = list[i].(string) // else empty, which is no URL either
	}
	return urls, document.CheckEntries("certUrls", urls, func(url string) []string {
		if _, ok := environmentOf(url); ok {
			return nil
		}
		return []string{"it is " + notCertURL()}
	})
}

// parseExtraRoots reads "extraRootsPem", which may be missing or empty.
func parseExtraRoots(value any) (anchors, error) {
	text, ok := value.(string)
	if value == nil || ok && text == "" {
		return anchors{}, nil
	}
	certs, err := parseCertificates([]byte(text))
	if err != nil || !wholePEM(text, len(certs)) {
		return anchors{}, fmt.Errorf(`%w: "extraRootsPem" is not a text of whole certificates in PEM`, provider.SecretMalformed)
	}
	extra := anchors{sum: sha256.Sum256([]byte(text))}
	for _, c := range certs {
		extra.add(c, selfIssued(c))
	}
	return extra, nil
}

// wholePEM reports whether text begins and ends as many blocks as certificates
// were read from it: encoding/pem skips a broken block like text between blocks.
func wholePEM(text string, certs int) bool {
	return strings.Count(text, "-----BEGIN") == certs && strings.Count(text, "-----END") == certs
}
