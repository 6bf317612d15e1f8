package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/verification"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

const (
	stripeBody = `{"id":"evt_1","object":"event","type":"charge.succeeded","created":1775001600,"livemode":true,"data":{"object":{"id":"ch_1","object":"charge"}}}`
	squareBody = `{"event_id":"1","type":"payment.updated","created_at":"2026-04-01T00:00:00Z","data":{}}`
	squareURL  = "https://hooks.example.com/square"
	received   = "2026-04-01T00:00:00Z"
)

// run runs a command in a folder with files, and checks that it prints no key.
func run(t *testing.T, stdin string, files map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	var out, problems bytes.Buffer
	code = Run(t.Context(), args, strings.NewReader(stdin), &out, &problems)
	assert.NotContains(t, out.String()+problems.String(), "hush")
	return code, out.String(), problems.String()
}

func stripeHeader(body string) string {
	at, _ := time.Parse(time.RFC3339, received)
	return providertest.Sign(stripe.Signer{Secret: "whsec_hush"}, []byte(body), at)["Stripe-Signature"]
}

func squareHeader(body, url string) string {
	return providertest.Sign(square.Signer{SignatureKey: "hush", NotificationURL: url}, []byte(body), time.Time{})["x-square-hmacsha256-signature"]
}

// TestVerifyOffline: each form of a capture, each source of a secret.
func TestVerifyOffline(t *testing.T) {
	quoted := func(text string) string {
		q, _ := json.Marshal(text)
		return string(q)
	}
	files := map[string]string{
		"headers":  "POST /stripe HTTP/1.1\nStripe-Signature: " + stripeHeader(stripeBody) + "\n",
		"body":     stripeBody,
		"longer":   stripeBody + "\n",
		"har":      `{"log":{"entries":[{"startedDateTime":"` + received + `","request":{"url":"https://x","headers":[{"name":"Stripe-Signature","value":"` + stripeHeader(stripeBody) + `"}],"postData":{"text":` + quoted(stripeBody) + `}}}]}}`,
		"curl":     "curl https://x -H 'Stripe-Signature: " + stripeHeader(stripeBody) + "' --data-raw '" + stripeBody + "'",
		"event":    `{"httpMethod":"POST","headers":{"Stripe-Signature":"` + stripeHeader(stripeBody) + `"},"body":` + quoted(stripeBody) + `,"requestContext":{"requestTimeEpoch":1775001600000}}`,
		"garbage":  "curl https://x -H 'Stripe-Signature: " + stripeHeader("hello") + "' -d hello",
		"square":   "curl " + squareURL + " -H 'x-square-hmacsha256-signature: " + squareHeader(squareBody, squareURL) + "' -d '" + squareBody + "'",
		"slash":    "curl " + squareURL + " -H 'x-square-hmacsha256-signature: " + squareHeader(squareBody, squareURL+"/") + "' -d '" + squareBody + "'",
		"document": `{"endpoints":[{"label":"main","secret":"whsec_hush","environment":"live"}]}`,
		"sandbox":  `{"endpoints":[{"label":"test","secret":"whsec_hush","environment":"sandbox"}]}`,
		"wrong":    `{"endpoints":[{"label":"main","secret":"whsec_hush2"}]}`,
		"key":      "whsec_hush\n",
		"spaced":   " whsec_hush \n",
		"spoilt":   " whsec_hush2",
		"squares":  "hush\r\n",
		"bad":      `{"endpoints":[]}`,
		"empty":    "\n",
	}
	paypal := "PAYPAL-TRANSMISSION-ID: a\nPAYPAL-TRANSMISSION-TIME: " + received + "\nPAYPAL-TRANSMISSION-SIG: AAAA\nPAYPAL-AUTH-ALGO: SHA256withRSA\nPAYPAL-CERT-URL: https://api.sandbox.paypal.com/v1/notifications/certs/../x\n"
	files["paypal"] = paypal
	for _, row := range []struct {
		why    string
		args   string
		stdin  string
		code   int
		result string // contained in stdout
	}{
		{"headers and body, at a time", "stripe --header-file headers --body-file body --secret-file document --at " + received, "", 0, "endpoint  main"},
		{"the time of a HAR file's entry", "stripe --har har --secret-file key", "", 0, "eventId   stripe:evt_1"},
		{"the time of an event, a secret on stdin", "stripe --event event --secret-stdin", "whsec_hush", 0, "result    accepted"},
		{"a capture on stdin", "stripe --curl - --secret-file key --at " + received, files["curl"], 0, "result    accepted"},
		{"now is too late", "stripe --curl curl --secret-file key", "", 3, "cause    clock (proven)"},
		{"an editor's line break", "stripe --header-file headers --body-file longer --secret-file key --at " + received, "", 3, "cause    body_end (proven)"},
		{"another secret", "stripe --har har --secret-file wrong --other-secret-file document", "", 3, `for the entry "main" of the file document`},
		{"a key with white space", "stripe --har har --secret-file spaced", "", 3, "The key has white space around it, and the signature is right without."},
		{"a wrong key with white space", "stripe --har har --secret-file spoilt", "", 3, "does not match without either"},
		{"signed, and not an event", "stripe --curl garbage --secret-file key --at " + received, "", 3, "reason    envelope_unreadable"},
		{"signed, and of another mode", "stripe --har har --secret-file sandbox", "", 3, "result    accepted, and archived instead of stored"},
		{"Square's key with the capture's URL", "square --curl square --secret-file squares --at " + received, "", 0, "endpoint  given"},
		{"Square's key with a URL", "square --curl slash --secret-file squares --at " + received + " --url " + squareURL, "", 3, "Square has a slash at its end"},
		{"PayPal's webhook id", "paypal --header-file paypal --body-file body --secret-stdin --at " + received, "hushID", 3, "reason   cert_url_refused"},
		{"a malformed document", "stripe --har har --secret-file bad", "", 1, ""},
		{"another malformed document", "stripe --har har --secret-file wrong --other-secret-file bad", "", 1, ""},
		{"an empty secret", "stripe --har har --secret-file empty", "", 1, ""},
		{"no such file", "stripe --har none --secret-file key", "", 1, ""},
		{"no such secret", "stripe --har har --secret-file none", "", 1, ""},
		{"no such other secret", "stripe --har har --secret-file key --other-secret-file none", "", 1, ""},
		{"a capture of another form", "stripe --har curl --secret-file key", "", 1, ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			code, stdout, stderr := run(t, row.stdin, files, append([]string{"verify"}, strings.Fields(row.args)...)...)
			assert.Equal(t, row.code, code, "%s%s", stdout, stderr)
			assert.Contains(t, stdout, row.result)
			assert.Equal(t, row.code == 1, strings.HasPrefix(stderr, "paysluice verify: "), stderr)
		})
	}

	code, stdout, _ := run(t, "", files, "verify", "square", "--curl", "slash", "--secret-file", "squares", "--at", received, "-o", "json")
	assert.Equal(t, 3, code)
	var result verification.Result
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	assert.Equal(t, provider.OtherURL, result.Diagnosis.Cause)
	assert.Equal(t, provider.Proven, result.Diagnosis.Certainty)
}

func TestVerifyCommandLine(t *testing.T) {
	for args, want := range map[string]string{
		"":                           "accepts 1 arg(s), received 0",
		"adyen --har x":              "PROVIDER must be one of stripe, paypal, square",
		"stripe":                     "name one capture: --header-file with --body-file, --har, --curl or --event",
		"stripe --har x --curl y":    "name one capture",
		"stripe --header-file x":     "--header-file and --body-file belong together",
		"stripe --curl x --entry 2":  "--entry is for --har",
		"stripe --har x --entry two": "invalid argument",
		"stripe --har x --secret-file y --secret-prompt": "name one of --secret-file, --secret-stdin and --secret-prompt",
		"stripe --har - --secret-stdin":                  "stdin can be one of the capture and the secrets only",
		"stripe --har - --other-secret-file -":           "stdin can be one of",
		"stripe --har x --url https://y":                 "--url is for Square, which signs it",
		"square --har x --url hooks.example.com":         "--url must begin with https://",
		"stripe --har x --at yesterday":                  `--at: "yesterday" must be a time before now`,
		"stripe --har x --local --region y":              "",
	} {
		code, stdout, stderr := run(t, "", map[string]string{"x": "{}"}, append([]string{"verify"}, strings.Fields(args)...)...)
		if want != "" {
			assert.Equal(t, 2, code, args)
		}
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, want, args)
	}
	code, _, stderr := run(t, "", map[string]string{"har": `{"log":{"entries":[{"request":{"headers":[{"name":"stripe-signature"}]}}]}}`},
		"verify", "stripe", "--har", "har", "--secret-prompt")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "stdin is no terminal to ask for a secret: use --secret-stdin")
	_, _, stderr = run(t, "", map[string]string{"x": "curl x"}, "verify", "stripe", "--curl", "x", "--local")
	assert.Contains(t, stderr, "no local stack is running; make up starts one")
	_, _, stderr = run(t, strings.Repeat(" ", 64<<20+1), nil, "verify", "stripe", "--curl", "-", "--secret-file", "x")
	assert.Contains(t, stderr, "--curl: it has more than 64 MB")
	_, _, stderr = run(t, "", map[string]string{"x": "/"}, "verify", "stripe", "--har", "x")
	assert.Contains(t, stderr, "--har: the capture cannot be read")
}
