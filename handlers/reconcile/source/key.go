package source

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
)

// ErrMalformed reports a key, or a document of keys, that is not of the expected form.
var ErrMalformed = errors.New("the key is malformed")

// Key is an operator's key for a provider's API.
type Key struct {
	// Token is Stripe's restricted key or Square's access token.
	Token string
	// ClientID and ClientSecret are the credentials of PayPal's app.
	ClientID, ClientSecret string
	// Sandbox reports whether the key is for the provider's sandbox.
	Sandbox bool
}

// String hides the key from messages and logs.
func (Key) String() string { return "a key that is not shown" }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Documents returns the JSON document of a provider's key, as ParseKey reads it.
func Documents(p contract.Provider) string {
	switch p.Name {
	case contract.Stripe().Name:
		return `{"apiKey":"rk_live_…"}`
	case contract.PayPal().Name:
		return `{"clientId":"…","clientSecret":"…","environment":"live"}`
	}
	return `{"accessToken":"…","environment":"live"}`
}

// ParseKey reads the document of Documents. The error is ErrMalformed, and repeats nothing of
// the document.
func ParseKey(p contract.Provider, document []byte) (Key, error) {
	var d struct {
		APIKey       string `json:"apiKey"`
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
		AccessToken  string `json:"accessToken"`
		Environment  string `json:"environment"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return Key{}, fmt.Errorf("%w: it is not the JSON document %s", ErrMalformed, Documents(p))
	}
	if p.Name == contract.Stripe().Name {
		d.Environment = cmp.Or(d.Environment, stripeEnvironment(d.APIKey))
	}
	if d.Environment != "live" && d.Environment != "sandbox" {
		return Key{}, fmt.Errorf("%w: environment must be live or sandbox", ErrMalformed)
	}
	k := Key{Token: cmp.Or(d.APIKey, d.AccessToken), ClientID: d.ClientID, ClientSecret: d.ClientSecret, Sandbox: d.Environment == "sandbox"}
	return k, k.Check(p)
}

// ErrNoKeys reports a document without the key of any provider.
var ErrNoKeys = errors.New("no provider has a key in the document")

// ParseKeys reads a JSON object that has the document of ParseKey under the name of each
// provider, or null for one that is left out on purpose: its key is nil. The error is
// ErrMalformed or ErrNoKeys, and repeats nothing of the document that can be a key.
func ParseKeys(document []byte) (map[string]*Key, error) {
	var documents map[string]json.RawMessage
	if err := json.Unmarshal(document, &documents); err != nil {
		return nil, fmt.Errorf(`%w: it is not a JSON object with a document for each provider, such as {"stripe":%s}`,
			ErrMalformed, Documents(contract.Stripe()))
	}
	keys, some := map[string]*Key{}, false
	for _, p := range contract.Providers() {
		text, ok := documents[p.Name]
		if !ok {
			continue
		}
		delete(documents, p.Name)
		if keys[p.Name] = nil; string(text) == "null" {
			continue
		}
		k, err := ParseKey(p, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		keys[p.Name], some = &k, true
	}
	// A misspelled name would leave its provider out in silence.
	if rest := slices.Sorted(maps.Keys(documents)); len(rest) > 0 {
		return nil, fmt.Errorf("%w: %s is not the name of a provider, such as %q", ErrMalformed, shown(rest[0]), contract.Stripe().Name)
	}
	if !some {
		return nil, ErrNoKeys
	}
	return keys, nil
}

// shown returns the name of a member for a message: in quotes if it is a provider's in
// other capitals. Any other may be a key that was pasted in the wrong place.
func shown(name string) string {
	for _, p := range contract.Providers() {
		if strings.EqualFold(name, p.Name) {
			return strconv.Quote(name)
		}
	}
	return "a member's name"
}

// StripeSandbox reports whether a key of Stripe is one of a sandbox or of test mode.
func StripeSandbox(key string) bool { return strings.Contains(key, "_test_") }

// stripeEnvironment returns the environment that a key of Stripe names.
func stripeEnvironment(key string) string {
	if StripeSandbox(key) {
		return "sandbox"
	}
	return "live"
}

// Check reports a key without what the provider needs. The error is ErrMalformed.
func (k Key) Check(p contract.Provider) error {
	printable := func(s string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
	}
	switch p.Name {
	case contract.Stripe().Name:
		if !printable(k.Token) || !strings.HasPrefix(k.Token, "rk_") && !strings.HasPrefix(k.Token, "sk_") {
			return fmt.Errorf("%w: a key of Stripe begins with rk_live_ or rk_test_", ErrMalformed)
		}
	case contract.PayPal().Name:
		if !printable(k.ClientID) || !printable(k.ClientSecret) {
			return fmt.Errorf("%w: the client id or the client secret of PayPal's app is empty or has other characters than ASCII", ErrMalformed)
		}
	default:
		if !printable(k.Token) {
			return fmt.Errorf("%w: the access token of Square's application is empty or has other characters than ASCII", ErrMalformed)
		}
	}
	return nil
}
