package operator_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// Names in the examples.
const (
	anEvent   = "stripe:evt_1PgcT2"
	aPayment  = "pi_3PgcT2"
	anObject  = "stripe/2026/11/01/stripe:evt_1PgcT2-e3b0c44298fc1c14.json"
	noEvent   = "stripe/2026/11/01/1d2e3f40-5a6b-4c7d-8e9f-0a1b2c3d4e5f-e3b0c44298fc1c14.json"
	aRun      = "20261101T093012Z-k3v7qa"
	aRequest  = "2d1f6c5e-6f0b-4f0e-9f5a-0a4ddc6f0c11"
	ofPayPal  = "8U481631H66031715"
	aCustomer = "cus_Q1"
)

// TestExamples plays the examples of each command's help, which are on its page.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("not run: the pages of docs/ have most of these commands; a step of make verify runs all")
	}
	stripe, square := accounts["stripe"], accounts["square"]
	restore(t, stripe)
	restore(t, square)
	s := root()
	s.stdin, s.dir = "y\n", t.TempDir()
	send := func(args ...string) string { return s.send(t, append([]string{"stripe"}, args...)...)[0].EventID }
	failed := func(n int) event.Archived {
		at, _ := day(n)
		return archive(t, 1, contract.ReasonReceivesExhausted, at, "")[0]
	}
	run := func(args ...string) string {
		r := s.run(t, append(args, "--yes")...)
		require.Equal(t, 0, r.code, r.stderr)
		return runID(t, r.stderr)
	}
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
	}
	get := func(id string) (e event.Event) {
		require.NoError(t, json.Unmarshal([]byte(s.run(t, "events", "get", id, "-o", "json").stdout), &e))
		return e
	}
	entries := func(a *account, list string, labels ...string) func() {
		return func() {
			var all []map[string]string
			for _, label := range labels {
				entry := map[string]string{"label": label, "secret": a.NewSecret()}
				if a == square {
					entry = map[string]string{"label": label, "signatureKey": a.NewSecret(), "notificationUrl": stack.Outputs["SquareUrl"], "environment": "sandbox"}
				}
				all = append(all, entry)
			}
			require.NoError(t, stack.PutSecret(t.Context(), a.Provider, map[string]any{list: all}))
		}
	}
	erased, paid, kept := send("charge.captured"), send("payment_intent.succeeded"), send("charge.captured")
	send("charge.captured", "--set", "data.object.customer=cus_example")
	shown := failed(20)
	paypal, _ := store(t, contract.PayPal())

	ofEvents := map[string]string{
		anEvent: erased, noEvent: archiveCopy(t, stripe.Provider, "", []byte("{}")), aPayment: get(paid).PaymentID, aCustomer: "cus_example", "2026-01-01": "1h", aRun: "",
	}
	ofReplay := map[string]string{anObject: failed(22).Key(), aRun: ""}
	plans := map[string]plan{
		"console": {elsewhere: map[string]string{"paysluice console": "TestConsole", "paysluice console --local…": "TestBrowserTakesPictures"}},
		"deploy": {elsewhere: map[string]string{
			"paysluice deploy --suffix…": "TestDeployAndDestroy", "paysluice deploy --dry-run": "TestDeployAndDestroy", "paysluice deploy --code-version…": "TestDeployAndDestroy",
		}},
		"destroy": {elsewhere: map[string]string{"paysluice destroy --stack…": "TestDeployAndDestroy"}},
		"doctor": {elsewhere: map[string]string{
			"paysluice doctor": "TestDoctor", "paysluice doctor --provider all": "TestDoctorOfProviders",
			"paysluice doctor --provider square --fix": "TestDoctorSwitchesSquaresSearchOn", "paysluice doctor --skip…": "TestDoctor",
		}},
		"events": {replace: ofEvents, before: map[string]func(){
			"paysluice events export --since…":     func() { ofEvents[anEvent] = kept },
			"paysluice events republish --resume…": func() { ofEvents[aRun] = run("events", "republish", kept) },
		}, elsewhere: map[string]string{
			"paysluice events tail -o ndjson": "TestTailShowsNewEvents", "paysluice events tail --since…": "TestTailForwardsWithoutGaps",
		}},
		"failures": {replace: map[string]string{anEvent: shown.Event.ID, anObject: shown.Key(), "2026-05-01": "2026-01-21", "2026-05-02": "2026-01-22"},
			before: map[string]func(){"paysluice failures restore…": func() {
				at, _ := day(21)
				archive(t, 1, contract.ReasonReceivesExhausted, at, types.StorageClassGlacier)
			}}},
		"package": {elsewhere: map[string]string{"paysluice package…": "TestPageDeploying"}},
		"payment": {replace: map[string]string{aPayment: get(paid).PaymentID, ofPayPal: get(paypal).PaymentID}},
		"policy":  {},
		"reconcile": {elsewhere: map[string]string{
			"paysluice reconcile stripe --since…": "TestReconcile", "paysluice reconcile paypal…": "TestReconcile",
			"paysluice reconcile stripe --account…": "TestReconcile", "paysluice reconcile square…": "TestReconcile",
		}},
		"replay": {replace: ofReplay, before: map[string]func(){
			"paysluice replay --resume…": func() { ofReplay[aRun] = run("replay", failed(23).Key()) },
		}},
		"secrets": {before: map[string]func(){
			"paysluice secrets retire stripe main-2025": entries(stripe, "endpoints", "main-2025", "main"),
			"paysluice secrets retire square main…":     entries(square, "subscriptions", "main", "main"),
		}, elsewhere: map[string]string{
			"paysluice secrets add…": "TestSecretIsAskedFor", "pass show square…": "TestSecretsRotation",
		}},
		"send":   {},
		"status": {elsewhere: map[string]string{"paysluice status": "TestStatus", "paysluice status --watch": "TestStatusWatchIsInterrupted"}},
		"trace":  {replace: map[string]string{anEvent: kept, aRequest: get(kept).RequestID}},
		"verify": {replace: map[string]string{"--secret-prompt": "--secret-stdin < secret"}, before: map[string]func(){
			"paysluice verify stripe…": func() {
				body := stripe.Body(stripe.NewID(), 4999, senders.Created)
				text, err := os.ReadFile(captured(t, stripe, stripe.Header(body, stripe.secret, time.Now()), body))
				require.NoError(t, err)
				write("event.json", string(text))
			},
			"paysluice verify square…": func() {
				const url = "https://hooks.example.com/square"
				body := square.Body(square.NewID(), 4999, senders.Created)
				header := senders.Square(url).Header(body, square.secret, time.Now()).Get(square.SignatureHeader)
				write("request.sh", fmt.Sprintf("curl %s -H '%s: %s' --data-binary '%s'", url, square.SignatureHeader, header, body))
				write("secret", square.secret)
			},
		}, elsewhere: map[string]string{"paysluice verify paypal…": "TestVerifyFetchesPayPalsCertificate"}},
	}
	root, err := emulator.Root()
	require.NoError(t, err)
	pages, err := filepath.Glob(filepath.Join(root, "docs/cli/[a-z]*.md"))
	require.NoError(t, err)
	names := []string{}
	for _, file := range pages {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); name != "secrets" {
			names = append(names, name)
		}
	}
	for _, name := range append(names, "secrets") { // last: the functions keep a secret for seconds
		known, ok := plans[name]
		require.True(t, ok, "the page of %s has no plan", name)
		s.play(t, "docs/cli/"+name+".md", known)
	}
}
