package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/contract"
)

// command runs a command line.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Run(t.Context(), args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestSendWithAnInvalidCommandLine(t *testing.T) {
	big := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(big, make([]byte, maxBody+1), 0o600))
	t.Setenv("EDITOR", "")
	for _, tt := range []struct {
		why  string
		args []string
		code int
		want string
	}{
		{"nothing", nil, 2, "PROVIDER must be one of stripe, paypal, square; TYPE is missing: --list prints the types, --file sends a body of your own"},
		{"an unknown provider", []string{"adyen", "x"}, 2, "PROVIDER must be one of stripe, paypal, square"},
		{"an unknown type", []string{"stripe", "charge.refund"}, 2, `unknown event type: "charge.refund"; the nearest are charge.refunded, `},
		{"how to find a type", []string{"square", "x"}, 2, "; --list square prints all: see paysluice help"},
		{"a type and a file", []string{"stripe", "charge.refunded", "--file", "x"}, 2, "--file replaces TYPE: leave one of the two out"},
		{"no webhook", []string{"stripe", "charge.refunded", "--count", "0"}, 2, "--count must be 1 to 100000"},
		{"no rate", []string{"stripe", "charge.refunded", "--rate", "501"}, 2, "--rate must be 1 to 500"},
		{"a dry run with something to wait for", []string{"stripe", "charge.refunded", "--dry-run", "--wait"}, 2, "--dry-run sends nothing: leave --wait and --tamper out"},
		{"a value without a path", []string{"stripe", "charge.refunded", "--set", "x"}, 2, "--set x is not path=value, such as data.object.amount=1200"},
		{"an unknown part", []string{"stripe", "charge.refunded", "--tamper", "all"}, 2, "must be signature, timestamp, body, duplicate-header or unsigned"},
		{"a seed that is no number", []string{"stripe", "charge.refunded", "--seed", "x"}, 2, `invalid argument "x" for "--seed" flag`},
		{"three words", []string{"a", "b", "c"}, 2, "accepts at most 2 arg(s), received 3"},
		{"a list of two providers", []string{"--list", "stripe", "square"}, 2, "--list takes one provider of stripe, paypal, square, or none"},
		{"a list of another provider", []string{"--list", "adyen"}, 2, "--list takes one provider"},
		{"a file that does not exist", []string{"stripe", "--file", "none", "--dry-run"}, 1, "--file: open none: no such file or directory"},
		{"such a file without a dry run", []string{"stripe", "--file", "none"}, 1, "--file: open none"},
		{"a file that is too large", []string{"stripe", "--file", big, "--dry-run"}, 1, "more than 10 MB, the most that API Gateway takes"},
		{"a change of a file that is not JSON", []string{"stripe", "--file", os.DevNull, "--set", "a=1", "--dry-run"}, 1, "the body is not JSON"},
		{"a value that is not there", []string{"stripe", "charge.refunded", "--unset", "data.x", "--dry-run"}, 2, `--set or --unset: path "data.x": the body has no x there`},
		{"no editor", []string{"stripe", "charge.refunded", "--edit", "--dry-run"}, 2, "--edit needs the variable EDITOR, for example EDITOR=nano"},
		{"PayPal on AWS", []string{"paypal", "PAYMENT.SALE.DENIED"}, 1, "only PayPal can sign PayPal's webhooks"},
		{"no local stack", []string{"square", "refund.updated", "--local"}, 1, "no local stack is running; make up starts one"},
	} {
		t.Chdir(t.TempDir())
		code, stdout, stderr := command(t, append([]string{"send"}, tt.args...)...)
		assert.Equal(t, tt.code, code, tt.why)
		assert.Contains(t, stderr, tt.want, tt.why)
		assert.Empty(t, stdout, tt.why)
	}
}

func TestSendListsTypesWithCategories(t *testing.T) {
	code, stdout, stderr := command(t, "send", "--list", "square", "-o", "csv")
	assert.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "provider,category,type\nsquare,customer.created,customer.created\n")
	_, stdout, _ = command(t, "send", "--list", "-o", "json")
	var rows []typeRow
	require.NoError(t, json.Unmarshal([]byte(stdout), &rows))
	assert.Greater(t, len(rows), 200)
	assert.Contains(t, rows, typeRow{"paypal", "PAYMENT.CAPTURE.COMPLETED", "payment.succeeded"})
	for range (&app{now: time.Now}).types(contract.Providers()) {
		break // a reader may stop
	}

	adyen := contract.Provider{Name: "adyen"}
	for _, err := range (&app{now: time.Now}).typesOf(adyen) {
		assert.ErrorContains(t, err, `no bodies of provider "adyen"`)
	}
	assert.Error(t, new(sendFlags).checkType(adyen))
	_, err := new(app).bodies(&sendFlags{bodyFlags: bodyFlags{file: "x"}}, adyen)
	assert.Error(t, err)
}

// dryRun returns the bodies of a dry run.
func dryRun(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, append([]string{"send", "--dry-run"}, args...)...)
	require.Equal(t, 0, code, stderr)
	return stdout
}

func TestBodiesOfADryRun(t *testing.T) {
	const status = "data.object.payment.status"
	body := dryRun(t, "square", "payment.updated", "--set", status+"=FAILED", "--unset", "merchant_id", "--seed", "3")
	assert.Contains(t, body, `"status":"FAILED"`)
	assert.NotContains(t, body, "merchant_id")
	two := dryRun(t, "square", "refund.updated", "--count", "2", "--seed", "3")
	assert.Equal(t, 2, strings.Count(two, "\n"))

	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("body", []byte("not JSON "), 0o600))
	assert.Equal(t, "not JSON \n", dryRun(t, "stripe", "--file", "body"), "the bytes of a file are sent as they are")

	live := &sendFlags{bodyFlags: bodyFlags{typ: "charge.refunded", seed: 1}}
	next, err := (&app{now: time.Now}).bodies(live, contract.Stripe())
	require.NoError(t, err)
	text, err := next(t.Context(), true)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"livemode": true,`, "the mode of the entry that signs")
}

func TestEdit(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("EDITOR", "sed -i s/false/true/")
	edited := dryRun(t, "stripe", "charge.refunded", "--edit", "--count", "2")
	assert.Contains(t, edited, `"livemode": true`)
	half := len(edited) / 2
	assert.Equal(t, edited[:half], edited[half:], "the editor opens once")
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)

	for editor, want := range map[string]string{
		"sed -i 1s/{/[/": "the body is not JSON: line 2: ",
		"false":          `EDITOR "false": exit status 1; the body is in ` + folder,
		"rm":             "no such file or directory; nothing was sent. Correct " + folder,
	} {
		t.Setenv("EDITOR", editor)
		code, _, stderr := command(t, "send", "stripe", "charge.refunded", "--edit", "--dry-run", "--unset", "api_version")
		assert.Equal(t, 1, code)
		assert.Contains(t, stderr, want)
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "text"), []byte("{"), 0o600))
	_, _, stderr := command(t, "send", "stripe", "--file", filepath.Join(folder, "text"), "--edit", "--dry-run")
	assert.Contains(t, stderr, "the body is not JSON")
	t.Setenv("TMPDIR", filepath.Join(folder, "none"))
	_, _, stderr = command(t, "send", "stripe", "charge.refunded", "--edit", "--dry-run")
	assert.Contains(t, stderr, "no such file or directory")
}

func TestSecretIsNotReadFromATerminal(t *testing.T) {
	for device, says := range map[string]string{ // both are character devices
		"/dev/ptmx": "--secret-stdin reads a pipe or a file, because a terminal would show the secret",
		os.DevNull:  "--secret-stdin: stdin is empty",
	} {
		file, err := os.Open(device)
		require.NoError(t, err)
		defer file.Close()
		_, err = (&app{in: file}).read(t.Context(), stdinFlag, "-")
		assert.ErrorContains(t, err, says)
		assert.Equal(t, device != os.DevNull, errors.Is(err, errUsage), device)
	}
	secret, err := (&app{in: strings.NewReader("whsec_1")}).read(t.Context(), stdinFlag, "-")
	require.NoError(t, err)
	assert.Equal(t, "whsec_1", string(secret))

	never, input := io.Pipe()
	defer input.Close()
	interrupted, stop := context.WithCancel(t.Context())
	stop()
	_, err = (&app{in: never}).read(interrupted, "--event", "-")
	assert.ErrorIs(t, err, context.Canceled, "an interrupt ends a command that waits for input")
}

// serveSecrets serves a stack with the documents of its secrets, by the provider's title. The
// document !code refuses the call with that code. It counts the webhooks that arrive.
func serveSecrets(t *testing.T, documents map[string]string) (webhooks *int) {
	t.Helper()
	webhooks = new(int)
	serveStack(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var in struct{ SecretId string }
			switch {
			case r.URL.Path == "/stripe":
				*webhooks++
			case json.NewDecoder(r.Body).Decode(&in) != nil:
				var outputs string
				for name, value := range map[string]string{
					"TableName": "t", "StripeUrl": "http://" + r.Host + "/stripe", "StripeSecretArn": "Stripe", "PayPalSecretArn": "PayPal", "SquareSecretArn": "Square",
				} {
					outputs += "<member><OutputKey>" + name + "</OutputKey><OutputValue>" + value + "</OutputValue></member>"
				}
				_, _ = io.WriteString(w, described("<Description>paysluice</Description><Outputs>" + outputs + "</Outputs>")["DescribeStacks"])
			case strings.HasPrefix(documents[in.SecretId], "!"):
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"__type":%q}`, documents[in.SecretId][1:])
			default:
				_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": documents[in.SecretId]})
			}
		})
	}, nil)
	return webhooks
}

// serveAsAWS lets the served stack be one on AWS, with VPC endpoints, or on an emulator.
func serveAsAWS(t *testing.T, emulator bool) {
	t.Helper()
	for _, service := range []string{"_CLOUDFORMATION", "_SECRETS_MANAGER"} {
		t.Setenv("AWS_ENDPOINT_URL"+service, os.Getenv("AWS_ENDPOINT_URL"))
	}
	if !emulator {
		t.Setenv("AWS_ENDPOINT_URL", "")
	}
}

// The console's page sends nothing to a stack for live events.
func TestConsoleTargetsTestStacks(t *testing.T) {
	serveSecrets(t, map[string]string{"Stripe": `{"endpoints":[{"label":"main","secret":"whsec_1","environment":"live"}]}`})
	serveAsAWS(t, false)
	a := &app{out: io.Discard, err: io.Discard, now: time.Now}
	s, err := a.find(t.Context())
	require.NoError(t, err)
	_, err = a.consoleOptions(s).Target(t.Context(), contract.Stripe())
	assert.ErrorIs(t, err, webhook.ErrNoTestStack)
}

func TestSendAsksOnAStackForLiveEvents(t *testing.T) {
	const denied = "!AccessDeniedException"
	entry := func(list, environment string) string {
		return fmt.Sprintf(`{%q:[{"label":"main","secret":"whsec_1","environment":%q}]}`, list, environment)
	}
	live, sandbox := entry("endpoints", "live"), entry("endpoints", "sandbox")
	for _, tt := range []struct {
		why, args, stdin string
		stripe, square   string // secrets
		emulator         bool
		code, webhooks   int
		says             []string
	}{
		{"a test stack", "", "", sandbox, "", false, exitDone, 1, nil},
		{"an emulator", "", "", live, "", true, exitDone, 1, nil},
		{"nobody answers", "--count 2", "", live, "", false, exitFailed, 0, []string{
			`this stack is not for tests: the entry "main" of Stripe's secret has not the environment sandbox` + "\nIt stores what you send as an event of Stripe, and all that read its events",
			"Send 2 webhooks to s all the same? [y/N] ", "not confirmed: nothing was done; --yes confirms without a question\n"}},
		{"no", "", "n\n", live, "", false, exitFailed, 0, []string{"choose it with --stack, or the local one with --local", "not confirmed: nothing was done\n"}},
		{"yes", "", "y\n", live, "", false, exitDone, 1, []string{"[y/N] "}},
		{"a script", "--yes", "", live, "", false, exitDone, 1, []string{"this stack is not for tests"}},
		{"a live entry of another provider", "", "", sandbox, entry("subscriptions", "live"), false, exitFailed, 0, []string{`the entry "main" of Square's secret`}},
		{"a request that is refused", "--tamper timestamp", "", live, "", false, exitFailed, 0, []string{"Its metrics and alarms count what it refuses."}},
		{"a role that may not read the secrets", "--secret-stdin", "whsec_1", denied, "", false, exitFailed, 0, []string{
			"whether this stack is for tests is not known: ", "access denied: secretsmanager:GetSecretValue", "--yes confirms without a question"}},
		{"such a script", "--secret-stdin --yes", "whsec_1", denied, "", false, exitDone, 1, nil},
		{"secrets that cannot be read now", "--yes", "", sandbox, "!DecryptionFailure", false, exitFailed, 0, []string{"DecryptionFailure"}},
	} {
		webhooks := serveSecrets(t, map[string]string{"Stripe": tt.stripe, "Square": tt.square})
		serveAsAWS(t, tt.emulator)
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), strings.Fields("send stripe charge.refunded "+tt.args), strings.NewReader(tt.stdin), &stdout, &stderr)
		assert.Equal(t, tt.code, code, "%s: %s", tt.why, &stderr)
		assert.Equal(t, tt.webhooks, *webhooks, tt.why)
		if tt.says == nil {
			assert.NotContains(t, stderr.String(), "all the same", tt.why)
		}
		for _, text := range tt.says {
			assert.Contains(t, stderr.String(), text, tt.why)
		}
	}
}

func TestAnswersThatFail(t *testing.T) {
	broken := errors.New("no answer")
	var all iter.Seq2[webhook.Sent, error] = func(yield func(webhook.Sent, error) bool) {
		_ = yield(webhook.Sent{Status: 200, Expected: true}, nil) && yield(webhook.Sent{}, broken)
	}
	var out, err bytes.Buffer
	a := &app{out: &out, err: &err, format: output.NDJSON}
	assert.ErrorIs(t, a.report(t.Context(), 2, webhook.Answer{Status: 200}, all), broken)
	assert.JSONEq(t, `{"status":200,"milliseconds":0,"expected":true}`, out.String())
}

func TestSendCompletesWords(t *testing.T) {
	_, stdout, _ := command(t, "__complete", "send", "")
	assert.Contains(t, stdout, "stripe\npaypal\nsquare\n")
	_, stdout, _ = command(t, "__complete", "send", "square", "payout.")
	assert.Contains(t, stdout, "payout.failed\n")
	_, stdout, _ = command(t, "__complete", "send", "square", "x", "--tamper", "")
	assert.Contains(t, stdout, "duplicate-header\n")
}
