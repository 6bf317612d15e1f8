package paypal_test

import (
	"encoding/json"
	"strings"

	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

// with returns a valid document with one more member.
func with(name, value string) string {
	return `{"webhooks":[{"label":"shop","webhookId":"4JH86294D6297924G","environment":"live"}],"` + name + `":` + value + `}`
}

func quote(parts ...string) string {
	text, _ := json.Marshal(strings.Join(parts, ""))
	return string(text)
}

func documents() []providertest.Document {
	webhook := func(id, environment string) string {
		return `{"webhooks":[{"label":"shop","webhookId":"` + id + `","environment":"` + environment + `"}]}`
	}
	problem := func(text string) []string { return []string{text} }
	var (
		noID  = problem(`entry 1 of "webhooks": "webhookId" is not 1 to 50 letters and digits`)
		noURL = problem(`entry 2 of "certUrls": it is not ` + liveCerts + ` or ` + sandboxCerts + ` followed by a name`)
		noPEM = problem(`"extraRootsPem" is not a string of complete PEM certificates`)
	)
	root := string(authority.Root.PEM())
	broken := root[:60] + "!" + root[61:]
	return []providertest.Document{
		{Why: "sandbox", Document: webhook("1", "sandbox")},
		{Why: "certificate URLs", Document: with("certUrls", `["`+certURL+`","`+sandboxCerts+`CERT"]`)},
		{Why: "no certificate URLs", Document: with("certUrls", `null`)},
		{Why: "empty certificate URLs", Document: with("certUrls", `[]`)},
		{Why: "no roots", Document: with("extraRootsPem", `null`)},
		{Why: "empty roots", Document: with("extraRootsPem", `""`)},
		{Why: "roots with text in between", Document: with("extraRootsPem", quote("DigiCert\n", root, "\n", string(authority.Intermediate.PEM())))},

		{Why: "the simulator's id, which signs for anybody", Document: webhook("WEBHOOK_ID", "live"), Problems: problem(`entry 1 of "webhooks": "webhookId" is the id of PayPal's simulator`)},
		{Why: "no id", Document: webhook("", "live"), Problems: noID},
		{Why: "separator of the signed text in an id", Document: webhook("a|b", "live"), Problems: noID},
		{Why: "space after an id, as pasted", Document: webhook("hush ", "live"), Problems: noID},
		{Why: "long id", Document: webhook(strings.Repeat("x", 51), "live"), Problems: noID},
		{Why: "unknown environment", Document: webhook("1", "production"), Problems: problem(`"environment" is neither "live" nor "sandbox"`)},
		{Why: "certificate URL on another host", Document: with("certUrls", `["`+certURL+`","https://hush.example.net/CERT"]`), Problems: noURL},
		{Why: "certificate URL that is no string", Document: with("certUrls", `["`+certURL+`",7]`), Problems: noURL},
		{Why: "certificate URL outside a list", Document: with("certUrls", `"`+certURL+`"`), Problems: problem(`no list "certUrls"`)},
		{Why: "text instead of roots", Document: with("extraRootsPem", `"hush"`), Problems: noPEM},
		{Why: "list of roots", Document: with("extraRootsPem", `["hush"]`), Problems: noPEM},
		{Why: "key", Document: with("extraRootsPem", `"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"`), Problems: noPEM},
		{Why: "root, then broken base64", Document: with("extraRootsPem", quote(root, broken)), Problems: noPEM},
		{Why: "broken base64, then root", Document: with("extraRootsPem", quote(broken, root)), Problems: noPEM},
		{Why: "root, then half of one", Document: with("extraRootsPem", quote(root, root[:len(root)/2])), Problems: noPEM},
		{Why: "root, then one without its first line", Document: with("extraRootsPem", quote(root, root[len("-----BEGIN CERTIFICATE-----\n"):])), Problems: noPEM},
		{Why: "lost line break between two roots", Document: with("extraRootsPem", quote(strings.TrimSpace(root), root)), Problems: noPEM},
		{Why: "empty certificate", Document: with("extraRootsPem", `"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"`), Problems: noPEM},
		{
			Why:      "all problems are named at once",
			Document: `{"webhooks":[{"webhookId":7,"environment":"hush"}],"certUrls":["` + certURL + `",""],"extraRootsPem":1}`,
			Problems: []string{`"label" is missing`, noID[0], `"environment" is neither`, noURL[0], noPEM[0]},
		},
	}
}
