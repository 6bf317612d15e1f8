package operator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

// answer is what paysluice send -o json prints about a webhook.
type answer struct {
	EventID, Outcome, Reason string
	Status                   int
}

// send runs paysluice send and returns the answers.
func (s session) send(t *testing.T, args ...string) []answer {
	t.Helper()
	r := s.run(t, append([]string{"send", "--wait", "-o", "json"}, args...)...)
	require.Equal(t, 0, r.code, r.stderr)
	var all []answer
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &all))
	return all
}

// atHome is a session of somebody whose stack is local.
func atHome() session { return session{dir: here} }

func TestSendStoresAnEvent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why  string
		from session
		args []string
		want event.Category
	}{
		{"an event of Stripe", root(), []string{"stripe", "charge.dispute.closed", "--set", "data.object.status=won"}, event.DisputeWon},
		{"an event of Square", root(), []string{"square", "refund.updated"}, event.RefundSucceeded},
		{"a thin event", root(), []string{"stripe", "v1.payout.paid"}, event.PayoutUpdated},
		{"PayPal on a local stack", atHome(), []string{"paypal", "PAYMENT.CAPTURE.REFUNDED", "--local"}, event.RefundSucceeded},
		{"an entry by its label", root(), []string{"square", "payment.created", "--endpoint", "test"}, event.PaymentAuthorized},
	} {
		got := tt.from.send(t, tt.args...)
		require.Len(t, got, 1, tt.why)
		assert.Equal(t, "stored", got[0].Outcome, tt.why)
		var stored event.Event
		r := paysluice(t, "events", "get", got[0].EventID, "-o", "json")
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &stored), r.stderr)
		assert.Equal(t, tt.want, stored.Category, tt.why)
	}
}

func TestSendSaysWhatBecameOfARepetition(t *testing.T) {
	t.Parallel()
	body := paysluice(t, "send", "stripe", "refund.created", "--dry-run")
	require.Equal(t, 0, body.code, body.stderr)
	file := filepath.Join(t.TempDir(), "body.json")
	require.NoError(t, os.WriteFile(file, []byte(body.stdout), 0o600))

	assert.Equal(t, "stored", root().send(t, "stripe", "--file", file)[0].Outcome)
	assert.Equal(t, "duplicate", root().send(t, "stripe", "--file", file)[0].Outcome)
	conflict := root().send(t, "stripe", "--file", file, "--set", "data.object.amount=1")[0]
	assert.Equal(t, []string{"archived", "conflict"}, []string{conflict.Outcome, conflict.Reason})
}

func TestSendManyAtARate(t *testing.T) {
	t.Parallel()
	got := root().send(t, "square", "payment.updated", "--count", "12", "--rate", "100")
	ids := map[string]bool{}
	for _, a := range got {
		assert.Equal(t, "stored", a.Outcome)
		ids[a.EventID] = true
	}
	assert.Len(t, ids, 12)
}

// TestTamperedWebhooks: the stack answers what paysluice says beforehand, by the
// gate that it names.
func TestTamperedWebhooks(t *testing.T) {
	t.Parallel()
	for _, provider := range [][]string{
		{"stripe", "charge.refunded"}, {"square", "payout.failed"}, {"paypal", "PAYMENT.SALE.DENIED"},
	} {
		for tamper, want := range map[string]string{
			"signature":        "401 from the processor: signature_mismatch",
			"timestamp":        "401 from the authorizer: timestamp_stale",
			"body":             "401 from the processor: signature_mismatch",
			"duplicate-header": "401 from the authorizer: header_repeated",
			"unsigned":         "401 from the authorizer: header_missing",
		} {
			if provider[0] == "square" && tamper == "timestamp" { // it signs the body's time alone
				want = "401 from the processor: timestamp_stale"
			}
			r := atHome().run(t, append([]string{"send", "--local", "--tamper", tamper}, provider...)...)
			assert.Equal(t, 0, r.code, r.stderr)
			assert.Contains(t, r.stderr, "expected: "+want+"\n")
			assert.Contains(t, r.stdout, "401 Unauthorized")
		}
	}
}

func TestSendWithASecretFromStdin(t *testing.T) {
	t.Parallel()
	s := root()
	s.stdin = accounts["stripe"].secret + "\n"
	r := s.run(t, "send", "stripe", "charge.succeeded", "--secret-stdin")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.NotContains(t, r.stdout+r.stderr, accounts["stripe"].secret)

	s.stdin = "another"
	r = s.run(t, "send", "square", "payment.updated", "--secret-stdin")
	assert.Equal(t, 3, r.code, "an answer that was not expected")
	assert.Contains(t, r.stderr, "expected: 200, and the event is stored once\n1 of 1 answer is not 200")
	assert.Contains(t, r.stdout, "401 Unauthorized")
}

func TestSendThatCannotSign(t *testing.T) {
	t.Parallel()
	r := paysluice(t, "send", "paypal", "PAYMENT.SALE.DENIED")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "only PayPal has the private key of its certificates: send to the stack of make up with --local")

	r = paysluice(t, "send", "stripe", "charge.refunded", "--endpoint", "nobody")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, `the secret has no such entry: "nobody"; its labels are test`)

	r = user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "send", "stripe", "charge.refunded")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "access denied: secretsmanager:GetSecretValue on ")

	r = paysluice(t, "send", "stripe", "charge.refunded", "--set", "data.object.amount.x=1")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, `--set or --unset: path "data.object.amount.x": x is a member of a number, not of an object`)

	s := root()
	s.env = append(s.env, "PAYSLUICE_STACK=other")
	assert.Contains(t, s.run(t, "send", "stripe", "charge.refunded").stderr, "no such stack")
}

func TestInterruptedSendSaysHowManyWereSent(t *testing.T) {
	t.Parallel()
	r := root().interrupted(t, func(stdout, _ string) bool { return strings.Count(stdout, "\n") > 2 },
		"send", "stripe", "charge.updated", "--count", "1000", "--rate", "20", "-o", "ndjson")
	assert.Equal(t, 130, r.code)
	assert.Regexp(t, `\d+ of 1000 webhooks (is|are) sent\n`, r.stderr)
	assert.Less(t, strings.Count(r.stdout, "\n"), 1000)
}
