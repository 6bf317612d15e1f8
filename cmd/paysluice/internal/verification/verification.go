// Package verification verifies a captured webhook as the processor does, and
// explains a rejection.
package verification

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/capture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// effort bounds the bytes that a diagnosis hashes. It takes a few seconds.
const effort = 1 << 30

// Secret is a secret document, or a key alone, with its name for findings.
type Secret struct {
	Name string
	Text []byte
}

// Case is a captured request with the secrets that may verify it.
type Case struct {
	Provider contract.Provider
	Request  capture.Request
	Secret   Secret
	Others   []Secret
	// EndpointURL is the stack's URL of the provider. Square signs it unless the
	// entry names another.
	EndpointURL string
	// APIURL is that URL at the API's own host name, which Square may sign too.
	APIURL string
	// URLs are other URLs that Square may sign.
	URLs []string
	Now  time.Time
	// PayPal stands in for PayPal's hosts; it is nil on AWS.
	PayPal *local.PayPal
}

// Result says what the processor answers.
type Result struct {
	Accepted bool            `json:"accepted"`
	Reason   provider.Reason `json:"reason,omitempty"`
	Detail   string          `json:"detail,omitempty"`
	// Endpoint is the label of the entry that verified the request.
	Endpoint string `json:"endpoint,omitempty"`
	Livemode *bool  `json:"livemode,omitempty"`
	EventID  string `json:"eventId,omitempty"`
	// Diagnosis is set for a rejection.
	Diagnosis *provider.Diagnosis `json:"diagnosis,omitempty"`
}

// Verify verifies a request. The error says that the secret is malformed. A
// body that is signed and not an event is accepted, with the reason for which it
// is archived instead of stored.
func Verify(ctx context.Context, c Case) (Result, error) {
	set := all.Verifying(c.EndpointURL, c.APIURL, nil)
	if c.PayPal != nil {
		set = all.All(all.Settings{EndpointURL: c.EndpointURL, APIURL: c.APIURL, FetchCertificate: func(context.Context, string) ([]byte, error) {
			return c.PayPal.Certificate, nil
		}})
	}
	p, err := set.ByName(c.Provider.Name)
	if err != nil {
		return Result{}, err
	}
	spaced := false
	v, err := c.verifier(p, c.Secret)
	if trimmed := strings.TrimSpace(string(c.Secret.Text)); err != nil && isKey(c.Secret.Text) && trimmed != key(c.Secret.Text) {
		spaced = true
		v, err = c.verifier(p, Secret{c.Secret.Name, []byte(trimmed)})
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", c.Secret.Name, err)
	}
	origin, err := v.Verify(ctx, c.Request.Header, c.Request.Body, c.Now)
	if spaced {
		return spacedResult(err), nil
	}
	if err != nil {
		return c.rejected(ctx, p, v, err)
	}
	result := Result{Accepted: true, Endpoint: origin.Endpoint, Livemode: origin.Livemode}
	e, err := p.Event(c.Request.Body, origin)
	result.EventID = e.ID
	if err == nil && origin.Livemode != nil && !origin.StoreOtherMode && (e.Livemode == nil || *e.Livemode != *origin.Livemode) {
		err = fmt.Errorf("%w: livemode in the body is not the environment of the secret's entry", provider.OtherMode)
	}
	if err != nil {
		result.Reason, result.Detail = provider.ReasonOf(err), err.Error()
	}
	return result, nil
}

// spacedResult is the result for a key with white space around it, by the error of
// the key without.
func spacedResult(err error) Result {
	finding, how := "The key has white space around it, and the signature is right without.", provider.Proven
	if err != nil {
		finding, how = "The key has white space around it, and the signature does not match without either.", provider.Likely
	}
	d := provider.NewDiagnosis(provider.KeyForm, how, finding)
	return Result{Reason: provider.SecretMalformed, Detail: "the key has white space around it", Diagnosis: &d}
}

func (c Case) rejected(ctx context.Context, p provider.Provider, v provider.Verifier, err error) (Result, error) {
	question := provider.Case{
		Header: c.Request.Header, Body: c.Request.Body, Now: c.Now, Err: err, URLs: c.URLs, Effort: effort, Fetch: true,
	}
	if c.Request.URL != "" {
		question.URLs = append(question.URLs, c.Request.URL)
	}
	for _, o := range c.Others {
		other, err := c.verifier(p, o)
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", o.Name, err)
		}
		question.Others = append(question.Others, provider.Other{Name: o.Name, Verifier: other})
	}
	result := Result{Reason: provider.ReasonOf(err), Detail: err.Error()}
	if d, ok := v.(provider.Diagnoser); ok {
		found := d.Diagnose(ctx, question)
		result.Diagnosis = &found
	}
	return result, nil
}

// verifier reads a document, or makes one of a key.
func (c Case) verifier(p provider.Provider, s Secret) (provider.Verifier, error) {
	text := s.Text
	if isKey(text) {
		environment := ""
		if c.Provider.Name != contract.Stripe().Name {
			environment = c.environment()
		}
		url := ""
		if c.Provider.Name == contract.Square().Name && c.EndpointURL == "" {
			url = c.Request.URL
		}
		text = secrets.FromKey(c.Provider, key(text), environment, url)
	}
	if c.PayPal != nil && c.Provider.Name == contract.PayPal().Name {
		text = secrets.WithRoots(text, c.PayPal.Intermediate, c.PayPal.Root)
	}
	return p.Verifier(text)
}

// environment returns the environment of PayPal's certificate, and "live" for Square, which
// does not sign it.
func (c Case) environment() string {
	for _, url := range c.Request.Header.Values("PAYPAL-CERT-URL") {
		if strings.Contains(url, "://api.sandbox.") {
			return "sandbox"
		}
	}
	return "live"
}

// isKey reports whether a text is a key alone instead of a document.
func isKey(text []byte) bool {
	trimmed := strings.TrimSpace(string(text))
	return trimmed != "" && trimmed[0] != '{'
}

// key returns a key without the line break that a file ends with.
func key(text []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
}
