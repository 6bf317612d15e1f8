package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// side runs doctor for the provider's side.
func (r *reconciled) side(t *testing.T, answer, args string) int {
	t.Helper()
	r.stdout.Reset()
	r.stderr.Reset()
	words := append([]string{"doctor", "--api-url", r.api.URL}, strings.Fields(args)...)
	code := Run(t.Context(), words, strings.NewReader(answer), r.out, &r.stderr)
	assert.NotContains(t, r.stdout.String()+r.stderr.String(), "marked-", "the key")
	return code
}

// intact makes a provider's side. Its endpoint subscribes all types that move money.
func (r *reconciled) intact(p contract.Provider) {
	known, _ := all.All(all.Settings{}).ByName(p.Name)
	var types []string
	for _, t := range known.EventTypes() {
		if t.Counts {
			types = append(types, t.Name)
		}
	}
	r.api.Change(func([]providerapi.Endpoint) []providerapi.Endpoint {
		return []providerapi.Endpoint{{ID: "we_1", URL: hook, Types: types, Key: "k", Created: time.Now()}}
	})
	list, key := map[string]string{"stripe": "endpoints", "paypal": "webhooks", "square": "subscriptions"}[p.Name],
		map[string]string{"stripe": `"secret":"whsec_1"`, "paypal": `"webhookId":"we1"`, "square": `"signatureKey":"k"`}[p.Name]
	r.secret = `{"` + list + `":[{"label":"main","environment":"sandbox",` + key + `}]}`
}

func TestDoctorOfASide(t *testing.T) {
	unset := func() {
		for _, name := range []string{"PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "SQUARE_ACCESS_TOKEN"} {
			t.Setenv(name, "")
		}
	}
	const stored = `{"eventId":{"S":"square:e9"},"timestamp":{"N":"1"},"receivedAt":{"N":"1"},"provider":{"S":"square"}}`
	const searchOff = "does not list the newest stored events"
	for _, row := range []struct {
		why      string
		provider contract.Provider
		args     string
		answer   string
		before   func(*reconciled)
		code     int
		says     string
	}{
		{"an intact side", contract.Stripe(), "--provider stripe", "", nil, exitDone, "signing-stripe     skipped: Stripe shows a signing secret only once"},
		{"a finding", contract.Stripe(), "--provider stripe --webhook-url https://other.example.com", "", nil, exitFound, "has no endpoint with the URL https://other.example.com"},
		{"which is left out", contract.Stripe(), "--provider stripe --webhook-url https://other.example.com --skip endpoint-stripe", "", nil, exitDone, "skipped: by --skip"},
		{"a slow provider", contract.Stripe(), "--provider stripe", "", func(r *reconciled) { r.api.Fault = providerapi.Throttle(2, "0") }, exitDone, "next attempt in 0s"},
		{"the search is switched on", contract.Square(), "--provider square --sandbox --fix", "yes\n", nil, exitDone, "Square's event search is on: it lists what happens from now on"},
		{"the operator declines", contract.Square(), "--provider square --sandbox --fix", "no\n", nil, exitFailed, "not confirmed: nothing was done"},
		{"Square refuses", contract.Square(), "--provider square --sandbox --fix --yes", "", func(r *reconciled) { r.api.Fault = providerapi.Refuse("/v2/events/enable", "") }, exitFailed, "PUT /v2/events/enable: status 403"},
		{"the search was off", contract.Square(), "--provider square --sandbox --fix --yes", "", func(r *reconciled) { r.rows = stored }, exitDone, searchOff},
		{"it stays a finding", contract.Square(), "--provider square --sandbox", "", func(r *reconciled) { r.rows = stored }, exitFound, searchOff},
		{"and another finding stays", contract.Square(), "--provider square --sandbox --fix --yes", "", func(r *reconciled) {
			r.rows = stored
			r.api.Change(func(all []providerapi.Endpoint) []providerapi.Endpoint { all[0].Disabled = true; return all })
		}, exitFound, "endpoint we_1 is disabled"},
		{"the result cannot be printed", contract.Stripe(), "--provider stripe", "", func(r *reconciled) { r.out = fullDisk{} }, exitFailed, errFull.Error()},
		{"all, with the keys that there are", contract.Stripe(), "--provider all", "", func(r *reconciled) { unset(); r.noKeys = true }, exitDone, "PayPal is not checked: no key for PayPal: set PAYPAL_CLIENT_ID"},
		{"none at all", contract.PayPal(), "--provider all", "", func(r *reconciled) {
			unset()
			t.Setenv("STRIPE_API_KEY", "")
			r.noKeys = true
		}, exitUsage, "no key for Square"},
		{"a key that is none", contract.Stripe(), "--provider stripe", "", func(*reconciled) { t.Setenv("STRIPE_API_KEY", "whsec_1") }, exitFailed, "begins with rk_live_"},
		{"no provider's API", contract.Stripe(), "--provider stripe --api-url http://example.com", "", nil, exitUsage, "not the URL of an API"},
	} {
		r := newReconciled(t, row.provider)
		r.intact(row.provider)
		if row.before != nil {
			row.before(r)
		}
		code := r.side(t, row.answer, row.args)
		assert.Equal(t, row.code, code, "%s: %s%s", row.why, &r.stdout, &r.stderr)
		assert.Contains(t, r.stdout.String()+r.stderr.String(), row.says, row.why)
	}
}

func TestDoctorRejectsFlagsOfSides(t *testing.T) {
	for args, says := range map[string]string{
		"--fix":                              "add --provider",
		"--sandbox":                          "add --provider",
		"--webhook-url x":                    "add --provider",
		"--provider adyen":                   "--provider must be stripe, paypal, square, or all",
		"--provider stripe --fix":            "use it with --provider square or all",
		"--provider all --webhook-url x":     "--webhook-url is one provider's",
		"--provider stripe --skip url-x":     "--skip url-x is no check: choose of key-stripe",
		"--skip endpoint-stripe":             "--skip endpoint-stripe is no check: choose of",
		"--provider stripe --skip mode-adye": "is no check",
	} {
		var stderr bytes.Buffer
		assert.Equal(t, exitUsage, Run(t.Context(), append([]string{"doctor"}, strings.Fields(args)...), nil, io.Discard, &stderr), args)
		assert.Contains(t, stderr.String(), says)
	}
}

func TestDoctorOfASideIsInterrupted(t *testing.T) {
	r := newReconciled(t, contract.Stripe())
	ctx, cancel := context.WithCancel(t.Context())
	r.api.Fault = func(http.ResponseWriter, *http.Request, int) bool {
		cancel()
		return false
	}
	assert.Equal(t, exitInterrupted, Run(ctx, []string{"doctor", "--provider", "stripe", "--api-url", r.api.URL}, nil, io.Discard, &r.stderr))
}
