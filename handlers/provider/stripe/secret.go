package stripe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxLabel bounds a label: it is stored with every event and written to logs.
const maxLabel = 64

// endpoint is one entry of the secret document: a webhook endpoint's signing
// secret and the name that the operator gave it.
type endpoint struct {
	label  string
	secret []byte
}

// parseSecret reads the secret document. An error names every entry that is
// wrong, never a value: the document is all secrets, and the text of a JSON
// error may quote it.
func parseSecret(document []byte) ([]endpoint, error) {
	if len(bytes.TrimSpace(document)) == 0 {
		return nil, fmt.Errorf("%w: put {\"endpoints\":[{\"label\":\"…\",\"secret\":\"whsec_…\"}]} into it", provider.SecretEmpty)
	}
	var content struct {
		Endpoints []struct {
			Label  string `json:"label"`
			Secret string `json:"secret"`
		} `json:"endpoints"`
	}
	if err := unmarshalLenient(document, &content); err != nil || !utf8.Valid(document) {
		return nil, fmt.Errorf("%w: it is not JSON in UTF-8", provider.SecretMalformed)
	}
	if len(content.Endpoints) == 0 {
		return nil, fmt.Errorf("%w: it has no list \"endpoints\" with at least one entry", provider.SecretMalformed)
	}

	var endpoints []endpoint
	var problems []string
	for i, e := range content.Endpoints {
		for _, problem := range []string{checkLabel(e.Label), checkSecret(e.Secret)} {
			if problem != "" {
				problems = append(problems, fmt.Sprintf("entry %d of \"endpoints\": %s", i+1, problem))
			}
		}
		endpoints = append(endpoints, endpoint{label: e.Label, secret: []byte(e.Secret)})
	}
	if problems != nil {
		return nil, fmt.Errorf("%w: %s", provider.SecretMalformed, strings.Join(problems, "; "))
	}
	return endpoints, nil
}

// checkLabel says what is wrong with a label; "" when nothing is.
func checkLabel(label string) string {
	switch {
	case label == "":
		return `"label" is missing, empty or not a string`
	case len(label) > maxLabel:
		return fmt.Sprintf(`"label" is longer than %d bytes`, maxLabel)
	case !printable(label):
		return `"label" holds something else than printable ASCII`
	}
	return ""
}

// checkSecret says what is wrong with a secret; "" when nothing is. No prefix
// is asked for: the secrets in the tests of Stripe's own libraries have none.
func checkSecret(secret string) string {
	switch {
	case secret == "":
		return `"secret" is missing, empty or not a string`
	case strings.TrimSpace(secret) != secret:
		return `"secret" has white space around it`
	}
	return ""
}

// printable reports whether s is printable ASCII, spaces included.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// unmarshalLenient is json.Unmarshal, except that a value of a wrong type is no
// error: its field stays empty and the others are read all the same, which is
// what Unmarshal documents to do before it returns the error.
func unmarshalLenient(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}
