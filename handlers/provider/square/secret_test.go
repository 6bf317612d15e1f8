package square_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

func TestVerifierAcceptsDocument(t *testing.T) {
	for _, tt := range []struct{ why, entries string }{
		{"an entry that relies on the stack's URL", `{"label":"main","signatureKey":"k","environment":"live"}`},
		{"null is absent", `{"label":"main","signatureKey":"k","environment":"live","notificationUrl":null,"maxAgeHours":null}`},
		{"an entry with everything", `{"label":"main","signatureKey":"k","environment":"sandbox","notificationUrl":"https://example.com/","maxAgeHours":24}`},
		{"the longest bound", `{"label":"main","signatureKey":"k","environment":"live","maxAgeHours":8760}`},
		{"old and new key of one subscription during a rotation", `{"label":"main","signatureKey":"k1","environment":"live"},{"label":"main","signatureKey":"k2","environment":"live"}`},
		{"members of a later version", `{"label":"main","signatureKey":"k","environment":"live","note":1}`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v, err := square.New(endpointURL).Verifier([]byte(`{"subscriptions":[` + tt.entries + `]}`))
			assert.NoError(t, err)
			assert.NotNil(t, v)
		})
	}
}

func TestVerifierRefusesDocument(t *testing.T) {
	of := func(members string) string {
		return `{"subscriptions":[{"label":"main","signatureKey":"hush","environment":"live",` + members + `}]}`
	}
	const badURL, badAge = `entry 1 of "subscriptions": "notificationUrl" is not a text that begins with https://`,
		`entry 1 of "subscriptions": "maxAgeHours" is not a whole number from 24 to 8760`

	for _, tt := range []struct {
		why, document string
		want          provider.Reason
		says          string
	}{
		{"never filled", "", provider.SecretEmpty, `put {"subscriptions":[`},
		{"the bare key", "hush", provider.SecretMalformed, "not JSON in UTF-8"},
		{"another provider's document", `{"endpoints":[{"label":"main","secret":"hush"}]}`, provider.SecretMalformed, `no list "subscriptions" with at least one entry`},
		{"no entries", `{"subscriptions":[]}`, provider.SecretMalformed, `no list "subscriptions" with at least one entry`},

		{"no label", `{"subscriptions":[{"signatureKey":"hush","environment":"live"}]}`, provider.SecretMalformed, `entry 1 of "subscriptions": "label" is missing`},
		{"no key", `{"subscriptions":[{"label":"main","environment":"live"}]}`, provider.SecretMalformed, `entry 1 of "subscriptions": "signatureKey" is missing`},
		{"empty key: it would sign for everybody", `{"subscriptions":[{"label":"main","signatureKey":"","environment":"live"}]}`, provider.SecretMalformed, `"signatureKey" is missing, empty`},
		{"key pasted with its line break", `{"subscriptions":[{"label":"main","signatureKey":"hush\n","environment":"live"}]}`, provider.SecretMalformed, `"signatureKey" has white space around it`},
		{"no environment", `{"subscriptions":[{"label":"main","signatureKey":"hush"}]}`, provider.SecretMalformed, `"environment" is neither "live" nor "sandbox"`},
		{"Square's own word for live", `{"subscriptions":[{"label":"main","signatureKey":"hush","environment":"production"}]}`, provider.SecretMalformed, `"environment" is neither "live" nor "sandbox"`},
		{"the second entry of two", `{"subscriptions":[{"label":"main","signatureKey":"hush","environment":"live"},null]}`, provider.SecretMalformed, `entry 2 of "subscriptions": "label" is missing`},

		// A member that is there but wrong is never taken for an absent one.
		{"empty URL", of(`"notificationUrl":""`), provider.SecretMalformed, badURL},
		{"URL of a wrong type", of(`"notificationUrl":["https://example.com"]`), provider.SecretMalformed, badURL},
		{"URL without its scheme", of(`"notificationUrl":"example.com/hush"`), provider.SecretMalformed, badURL},
		{"URL of a scheme that only begins like one", of(`"notificationUrl":"httpx://example.com/hush"`), provider.SecretMalformed, badURL},
		{"URL pasted with its line break", of(`"notificationUrl":"https://example.com/\n"`), provider.SecretMalformed, `"notificationUrl" has white space around it`},
		{"a bound below Square's retries", of(`"maxAgeHours":23`), provider.SecretMalformed, badAge},
		{"a bound of zero", of(`"maxAgeHours":0`), provider.SecretMalformed, badAge},
		{"a negative bound", of(`"maxAgeHours":-72`), provider.SecretMalformed, badAge},
		{"a bound beyond any use", of(`"maxAgeHours":8761`), provider.SecretMalformed, badAge},
		{"a bound beyond int64", of(`"maxAgeHours":99999999999999999999`), provider.SecretMalformed, badAge},
		{"a fraction of an hour", of(`"maxAgeHours":72.5`), provider.SecretMalformed, badAge},
		{"a bound in quotes", of(`"maxAgeHours":"72"`), provider.SecretMalformed, badAge},
		{"a bound of a wrong type", of(`"maxAgeHours":true`), provider.SecretMalformed, badAge},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v, err := square.New(endpointURL).Verifier([]byte(tt.document))
			assert.Nil(t, v)
			assert.ErrorIs(t, err, tt.want)
			assert.ErrorContains(t, err, tt.says)
			assert.NotContains(t, err.Error(), "hush", "an error repeats nothing of the document")
		})
	}
}

// TestVerifierWithoutEndpointURL: where the stack's own URL is not known, as in
// a tool, each entry has to name its own.
func TestVerifierWithoutEndpointURL(t *testing.T) {
	named := entry{Label: "named", Key: "k", Environment: "live", URL: url}
	unnamed := entry{Label: "unnamed", Key: "k", Environment: "live"}

	_, err := square.New("").Verifier(document(t, named))
	assert.NoError(t, err)
	_, err = square.New("").Verifier(document(t, named, unnamed))
	assert.ErrorIs(t, err, provider.SecretMalformed)
	assert.ErrorContains(t, err, `entry 2 of "subscriptions": "notificationUrl" is missing`)
}
