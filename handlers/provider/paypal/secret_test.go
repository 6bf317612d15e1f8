package paypal_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
)

func TestVerifierAcceptsDocument(t *testing.T) {
	roots, err := json.Marshal("DigiCert\n" + string(authority.Root.PEM()) + "\n" + string(authority.Intermediate.PEM()))
	require.NoError(t, err)
	const one = `{"label":"shop","webhookId":"4JH86294D6297924G","environment":"live"}`

	for _, tt := range []struct{ why, document string }{
		{"one entry", `{"webhooks":[` + one + `]}`},
		{"both environments", `{"webhooks":[` + one + `,{"label":"test","webhookId":"1","environment":"sandbox"}]}`},
		{"the old and the new webhook of one endpoint", `{"webhooks":[` + one + `,` + one + `]}`},
		{"no extra roots", `{"webhooks":[` + one + `],"extraRootsPem":null}`},
		{"empty extra roots, as a form leaves them", `{"webhooks":[` + one + `],"extraRootsPem":""}`},
		{"a root and an intermediate, with text between them", `{"webhooks":[` + one + `],"extraRootsPem":` + string(roots) + `}`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v, err := paypal.New(nil).Verifier([]byte(tt.document))
			assert.NoError(t, err)
			assert.NotNil(t, v)
		})
	}
}

func TestVerifierRefusesDocument(t *testing.T) {
	one := func(id, environment string) string {
		return `{"webhooks":[{"label":"shop","webhookId":"` + id + `","environment":"` + environment + `"}]}`
	}
	extra := func(value string) string {
		return `{"webhooks":[{"label":"shop","webhookId":"1","environment":"live"}],"extraRootsPem":` + value + `}`
	}
	const noPEM = `"extraRootsPem" is not a text of certificates in PEM`

	for _, tt := range []struct {
		why, document string
		want          provider.Reason
		says          []string
	}{
		{"never filled", "", provider.SecretEmpty, []string{`put {"webhooks":`}},
		{"not JSON", "hush", provider.SecretMalformed, []string{"not JSON"}},
		{"another provider's document", `{"endpoints":[{"label":"hush"}]}`, provider.SecretMalformed, []string{`no list "webhooks"`}},
		{"the simulator's id, which anybody can have signed", one("WEBHOOK_ID", "live"), provider.SecretMalformed, []string{`entry 1 of "webhooks": "webhookId" is the one that PayPal's simulator signs with`}},
		{"no id", one("", "live"), provider.SecretMalformed, []string{`"webhookId" is not 1 to 50 letters and digits`}},
		{"a separator, which would move a part of the signed text", one("a|b", "live"), provider.SecretMalformed, []string{`"webhookId" is not`}},
		{"white space, as pasted", one("hush ", "live"), provider.SecretMalformed, []string{`"webhookId" is not`}},
		{"too long", one(strings.Repeat("x", 51), "live"), provider.SecretMalformed, []string{`"webhookId" is not`}},
		{"no environment", one("1", ""), provider.SecretMalformed, []string{`"environment" is neither "live" nor "sandbox"`}},
		{"another word for it", one("1", "production"), provider.SecretMalformed, []string{`"environment" is neither`}},
		{"extra roots that are none", extra(`"hush"`), provider.SecretMalformed, []string{noPEM}},
		{"extra roots as a list", extra(`["hush"]`), provider.SecretMalformed, []string{noPEM}},
		{"a key", extra(`"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"`), provider.SecretMalformed, []string{noPEM}},
		{"an empty certificate", extra(`"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"`), provider.SecretMalformed, []string{noPEM}},
		{
			"everything that is wrong, at once",
			`{"webhooks":[{"label":"ok","webhookId":"1","environment":"live"},{"webhookId":7,"environment":"hush"}],"extraRootsPem":1}`,
			provider.SecretMalformed,
			[]string{
				`entry 2 of "webhooks": "label" is missing`, `entry 2 of "webhooks": "webhookId" is not`,
				`entry 2 of "webhooks": "environment" is neither`, noPEM,
			},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v, err := paypal.New(nil).Verifier([]byte(tt.document))
			assert.Nil(t, v)
			assert.ErrorIs(t, err, tt.want)
			for _, part := range tt.says {
				assert.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "hush", "an error repeats nothing of the document")
		})
	}
}
