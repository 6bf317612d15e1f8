package operator_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

func aws(t *testing.T, args ...string) {
	t.Helper()
	_, err := stack.AWS(context.WithoutCancel(t.Context()), args...)
	require.NoError(t, err)
}

// outage takes the table's permission from the consumer until three webhooks are in
// the archive and the alarm fires. The result gives the permission back.
func outage(t *testing.T) (mend func()) {
	t.Helper()
	const role, name = "event-consumer-role-operator", "outage"
	aws(t, "iam", "put-role-policy", "--role-name", role, "--policy-name", name, "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"dynamodb:PutItem","Resource":"*"}]}`)
	denied := true
	mend = func() {
		if denied {
			aws(t, "iam", "delete-role-policy", "--role-name", role, "--policy-name", name)
			denied = false
		}
	}
	t.Cleanup(mend)
	visibility(t, "1")
	t.Cleanup(func() { visibility(t, "300") })
	failed := func() int {
		return strings.Count(paysluice(t, "failures", "list", "--since", "3h", "--limit", "0", "-o", "ndjson").stdout, contract.ReasonReceivesExhausted)
	}
	before := failed()
	require.Equal(t, 0, paysluice(t, "send", "stripe", "payment_intent.succeeded", "--count", "3").code)
	require.Eventually(t, func() bool { return failed() == before+3 }, 2*waitTime, time.Second)
	visibility(t, "300")
	fire(t, "page-redriven")
	return mend
}

// visibility sets for how long a received message is hidden, in seconds.
func visibility(t *testing.T, seconds string) {
	t.Helper()
	for _, output := range []string{"QueueUrl", "DeadLetterQueueUrl"} {
		_, err := sqs.NewFromConfig(stack.Config()).SetQueueAttributes(context.WithoutCancel(t.Context()), &sqs.SetQueueAttributesInput{
			QueueUrl: new(stack.Outputs[output]), Attributes: map[string]string{"VisibilityTimeout": seconds},
		})
		require.NoError(t, err)
	}
}

// fire sets an alarm, which the emulator does not evaluate, until the test ends.
func fire(t *testing.T, alarm string) {
	t.Helper()
	set := func(state string) {
		aws(t, "cloudwatch", "set-alarm-state", "--alarm-name", alarm+"-operator", "--state-value", state, "--state-reason", "test")
	}
	set("ALARM")
	t.Cleanup(func() { set("OK") })
}

// From alarm to proof in three commands, and what TestReadmeDeploysLikeThePage compares.
func TestPageReadme(t *testing.T) {
	mend := outage(t)
	s := atHome()
	s.stdin = "y\n"
	s.play(t, "README.md", plan{before: map[string]func(){
		"paysluice --local replay --since 3h --reason receives-exhausted": mend,
	}, elsewhere: map[string]string{
		"make demo": "TestReadmeShowsTheDemo", "version=…": "TestPageDeploying", "aws s3 cp …": "TestPageDeploying", "aws cloudformation deploy …": "TestPageDeploying",
	}})
}

func TestPageRunbook(t *testing.T) {
	mend := outage(t)
	stripe := accounts["stripe"]
	restore(t, stripe)
	s := root()
	s.stdin, s.dir = "y\n", t.TempDir()
	api := providerapi.New(stripe.Provider)
	t.Cleanup(api.Close)
	api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: stack.Outputs["StripeUrl"], Types: []string{"*"}})
	for name, value := range providerapi.Play(t, nil, api) {
		s.env = append(s.env, name+"="+value)
	}
	s.env = append(s.env, "STRIPE_API_KEY="+providerapi.Key().Token)
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), content, 0o600))
	}
	poll := func(function, flag string) {
		var mapping string
		require.NoError(t, stack.Query(context.WithoutCancel(t.Context()), &mapping, "lambda", "list-event-source-mappings", "--function-name", function+"-operator",
			"--query", "EventSourceMappings[0].UUID"))
		aws(t, "lambda", "update-event-source-mapping", "--uuid", mapping, flag)
	}
	for _, function := range []string{contract.ConsumerName, contract.PublisherName} {
		t.Cleanup(func() { poll(function, "--enabled") })
	}
	s.play(t, "docs/runbook.md", plan{before: map[string]func(){
		"paysluice replay --since 3h --reason receives-exhausted": mend,
		"paysluice doctor":    func() { poll(contract.ConsumerName, "--no-enabled") },
		"paysluice doctor #2": func() { poll(contract.PublisherName, "--no-enabled") },
		"paysluice secrets list stripe": func() {
			poll(contract.ConsumerName, "--enabled")
			require.NoError(t, stack.PutSecret(t.Context(), stripe.Provider, map[string]any{"endpoints": []any{map[string]string{"label": "main"}}}))
		},
		"paysluice secrets test stripe": func() {
			require.NoError(t, stack.PutSecret(t.Context(), stripe.Provider, stripe.Document(stripe.secret)))
		},
		"paysluice verify square --event event.json": func() {
			square := accounts["square"]
			body := square.Body(square.NewID(), 4999, senders.Created)
			slash := senders.Square(stack.Outputs["SquareUrl"] + "/")
			content, err := os.ReadFile(captured(t, square, slash.Header(body, square.secret, time.Now()), body))
			require.NoError(t, err)
			write("event.json", content)
		},
		"paysluice failures unpublished": func() {
			poll(contract.PublisherName, "--enabled")
			sent := s.run(t, "send", "stripe", "payment_intent.succeeded", "--set", "data.object.id=pi_3PgcT2", "--wait")
			require.Equal(t, 0, sent.code, sent.stderr)
			aws(t, "sqs", "send-message", "--queue-url", stack.Outputs["UnpublishedQueueUrl"], "--message-body",
				fmt.Sprintf(`{"eventId":%q,"timestamp":%d,"reason":%q}`, regexp.MustCompile(`stripe:evt_\w+`).FindString(sent.stdout),
					time.Now().UnixMilli(), contract.ReasonRefused))
		},
		"paysluice reconcile stripe --since 7d -o ndjson": func() {
			id, at := stripe.NewID(), time.Now().Add(-4*24*time.Hour).Truncate(time.Second) // TestReconcile's are of the last hours
			api.Add(providerapi.Event{ID: id, Created: at, Body: listed(stripe.Provider, 0, stripe.Body(id, 4999, at.UnixMilli()))})
		},
		"paysluice send stripe --file body.json --wait": func() {
			body := stripe.Body(stripe.NewID(), 4999, senders.Created)
			write("body.json", body)
			status, _, err := stack.Post(t.Context(), stripe.Provider, stripe.Header(body, stripe.secret, time.Now()), body)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, 0, s.run(t, "send", "stripe", "--file", "body.json", "--wait").code)
		},
	}})
}
