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
		{"certificates that are known", `{"webhooks":[` + one + `],"certUrls":["` + certURL + `","` + sandboxCerts + `CERT"]}`},
		{"no certificates", `{"webhooks":[` + one + `],"certUrls":null}`},
		{"an empty list of certificates", `{"webhooks":[` + one + `],"certUrls":[]}`},
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
	certURLs := func(value string) string {
		return `{"webhooks":[{"label":"shop","webhookId":"1","environment":"live"}],"certUrls":` + value + `}`
	}
	const noURL = `entry 2 of "certUrls": it is not ` + liveCerts + ` or ` + sandboxCerts + ` followed by a name`
	const noPEM = `"extraRootsPem" is not a string of complete PEM certificates`
	root := string(authority.Root.PEM())
	broken := root[:60] + "!" + root[61:]
	pemText := func(parts ...string) string {
		text, err := json.Marshal(strings.Join(parts, ""))
		require.NoError(t, err)
		return string(text)
	}

	for _, tt := range []struct {
		why, document string
		want          provider.Reason
		says          []string
	}{
		{"never filled", "", provider.SecretEmpty, []string{`put {"webhooks":`}},
		{"not JSON", "hush", provider.SecretMalformed, []string{"not JSON"}},
		{"another provider's document", `{"endpoints":[{"label":"hush"}]}`, provider.SecretMalformed, []string{`no list "webhooks"`}},
		{"the simulator's id, which anybody can have signed", one("WEBHOOK_ID", "live"), provider.SecretMalformed, []string{`entry 1 of "webhooks": "webhookId" is that of PayPal's simulator`}},
		{"no id", one("", "live"), provider.SecretMalformed, []string{`"webhookId" is not 1 to 50 letters and digits`}},
		{"a separator, which would move a part of the signed text", one("a|b", "live"), provider.SecretMalformed, []string{`"webhookId" is not`}},
		{"white space, as pasted", one("hush ", "live"), provider.SecretMalformed, []string{`"webhookId" is not`}},
		{"too long", one(strings.Repeat("x", 51), "live"), provider.SecretMalformed, []string{`"webhookId" is not`}},
		{"no environment", one("1", ""), provider.SecretMalformed, []string{`"environment" is neither "live" nor "sandbox"`}},
		{"another word for it", one("1", "production"), provider.SecretMalformed, []string{`"environment" is neither`}},
		{"a certificate elsewhere", certURLs(`["` + certURL + `","https://hush.example.net/CERT"]`), provider.SecretMalformed, []string{noURL}},
		{"a certificate's URL with a query", certURLs(`["` + certURL + `","` + certURL + `?hush"]`), provider.SecretMalformed, []string{noURL}},
		{"a certificate that is no text", certURLs(`["` + certURL + `",7]`), provider.SecretMalformed, []string{noURL}},
		{"certificates that are no list", certURLs(`"` + certURL + `"`), provider.SecretMalformed, []string{`no list "certUrls"`}},
		{"extra roots that are none", extra(`"hush"`), provider.SecretMalformed, []string{noPEM}},
		{"extra roots as a list", extra(`["hush"]`), provider.SecretMalformed, []string{noPEM}},
		{"a key", extra(`"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"`), provider.SecretMalformed, []string{noPEM}},
		{"a root, then one with broken base64", extra(pemText(root, broken)), provider.SecretMalformed, []string{noPEM}},
		{"one with broken base64, then a root", extra(pemText(broken, root)), provider.SecretMalformed, []string{noPEM}},
		{"a root, then one that is cut off", extra(pemText(root, root[:len(root)/2])), provider.SecretMalformed, []string{noPEM}},
		{"a root, then one without its first line", extra(pemText(root, root[len("-----BEGIN CERTIFICATE-----\n"):])), provider.SecretMalformed, []string{noPEM}},
		{"two on one line, as a lost line break leaves them", extra(pemText(strings.TrimSpace(root), root)), provider.SecretMalformed, []string{noPEM}},
		{"an empty certificate", extra(`"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"`), provider.SecretMalformed, []string{noPEM}},
		{
			"everything that is wrong, at once",
			`{"webhooks":[{"label":"ok","webhookId":"1","environment":"live"},{"webhookId":7,"environment":"hush"}],"certUrls":["` + certURL + `",""],"extraRootsPem":1}`,
			provider.SecretMalformed,
			[]string{
				`entry 2 of "webhooks": "label" is missing`, `entry 2 of "webhooks": "webhookId" is not`,
				`entry 2 of "webhooks": "environment" is neither`, noURL, noPEM,
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
