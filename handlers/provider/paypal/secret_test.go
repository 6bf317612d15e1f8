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

const liveEntry = `{"label":"shop","webhookId":"4JH86294D6297924G","environment":"live"}`

// with returns a valid document with one more member.
func with(name, value string) string {
	return `{"webhooks":[` + liveEntry + `],"` + name + `":` + value + `}`
}

func quote(t testing.TB, parts ...string) string {
	t.Helper()
	text, err := json.Marshal(strings.Join(parts, ""))
	require.NoError(t, err)
	return string(text)
}

func TestVerifierAcceptsDocument(t *testing.T) {
	for why, document := range map[string]string{
		"one entry":                  `{"webhooks":[` + liveEntry + `]}`,
		"both environments":          `{"webhooks":[` + liveEntry + `,{"label":"test","webhookId":"1","environment":"sandbox"}]}`,
		"two webhooks with a label":  `{"webhooks":[` + liveEntry + `,` + liveEntry + `]}`,
		"certificate URLs":           with("certUrls", `["`+certURL+`","`+sandboxCerts+`CERT"]`),
		"no certificate URLs":        with("certUrls", `null`),
		"empty certificate URLs":     with("certUrls", `[]`),
		"no roots":                   with("extraRootsPem", `null`),
		"empty roots":                with("extraRootsPem", `""`),
		"roots with text in between": with("extraRootsPem", quote(t, "DigiCert\n", string(authority.Root.PEM()), "\n", string(authority.Intermediate.PEM()))),
	} {
		v, err := paypal.New(nil).Verifier([]byte(document))
		assert.NoError(t, err, why)
		assert.NotNil(t, v, why)
	}
}

func TestVerifierRefusesDocument(t *testing.T) {
	webhook := func(id, environment string) string {
		return `{"webhooks":[{"label":"shop","webhookId":"` + id + `","environment":"` + environment + `"}]}`
	}
	const (
		noID  = `entry 1 of "webhooks": "webhookId" is not 1 to 50 letters and digits`
		noURL = `entry 2 of "certUrls": it is not ` + liveCerts + ` or ` + sandboxCerts + ` followed by a name`
		noPEM = `"extraRootsPem" is not a string of complete PEM certificates`
	)
	root := string(authority.Root.PEM())
	broken := root[:60] + "!" + root[61:]

	for _, tt := range []struct {
		why, document string
		says          []string
	}{
		{"another provider's document", `{"endpoints":[{"label":"hush"}]}`, []string{`no list "webhooks"`}},
		{"the simulator's id, which signs for anybody", webhook("WEBHOOK_ID", "live"), []string{`entry 1 of "webhooks": "webhookId" is that of PayPal's simulator`}},
		{"no id", webhook("", "live"), []string{noID}},
		{"separator of the signed text in an id", webhook("a|b", "live"), []string{noID}},
		{"space after an id, as pasted", webhook("hush ", "live"), []string{noID}},
		{"long id", webhook(strings.Repeat("x", 51), "live"), []string{noID}},
		{"unknown environment", webhook("1", "production"), []string{`"environment" is neither "live" nor "sandbox"`}},
		{"certificate URL on another host", with("certUrls", `["`+certURL+`","https://hush.example.net/CERT"]`), []string{noURL}},
		{"certificate URL that is no string", with("certUrls", `["`+certURL+`",7]`), []string{noURL}},
		{"certificate URL outside a list", with("certUrls", `"`+certURL+`"`), []string{`no list "certUrls"`}},
		{"text instead of roots", with("extraRootsPem", `"hush"`), []string{noPEM}},
		{"list of roots", with("extraRootsPem", `["hush"]`), []string{noPEM}},
		{"key", with("extraRootsPem", `"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"`), []string{noPEM}},
		{"root, then broken base64", with("extraRootsPem", quote(t, root, broken)), []string{noPEM}},
		{"broken base64, then root", with("extraRootsPem", quote(t, broken, root)), []string{noPEM}},
		{"root, then half of one", with("extraRootsPem", quote(t, root, root[:len(root)/2])), []string{noPEM}},
		{"root, then one without its first line", with("extraRootsPem", quote(t, root, root[len("-----BEGIN CERTIFICATE-----\n"):])), []string{noPEM}},
		{"lost line break between two roots", with("extraRootsPem", quote(t, strings.TrimSpace(root), root)), []string{noPEM}},
		{"empty certificate", with("extraRootsPem", `"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"`), []string{noPEM}},
		{
			"all problems are named at once",
			`{"webhooks":[{"webhookId":7,"environment":"hush"}],"certUrls":["` + certURL + `",""],"extraRootsPem":1}`,
			[]string{`"label" is missing`, noID, `"environment" is neither`, noURL, noPEM},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v, err := paypal.New(nil).Verifier([]byte(tt.document))
			assert.Nil(t, v)
			assert.ErrorIs(t, err, provider.SecretMalformed)
			for _, part := range tt.says {
				assert.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "hush", "an error repeats no value")
		})
	}
	_, err := paypal.New(nil).Verifier(nil)
	assert.ErrorIs(t, err, provider.SecretEmpty)
	assert.ErrorContains(t, err, `put {"webhooks":`)
}
