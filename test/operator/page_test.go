package operator_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

func aws(tb testing.TB, args ...string) {
	tb.Helper()
	_, err := stack.AWS(context.WithoutCancel(tb.Context()), args...)
	require.NoError(tb, err)
}

// poll starts or stops a function's poller: flag is --enabled or --no-enabled.
func poll(tb testing.TB, function, flag string) {
	tb.Helper()
	var mapping string
	require.NoError(tb, stack.Query(context.WithoutCancel(tb.Context()), &mapping, "lambda", "list-event-source-mappings", "--function-name", function+"-operator",
		"--query", "EventSourceMappings[0].UUID"))
	aws(tb, "lambda", "update-event-source-mapping", "--uuid", mapping, flag)
}

// deny takes a permission from a function. The result gives it back.
func deny(t *testing.T, function, action string) (mend func()) {
	t.Helper()
	role, denied := []string{"--role-name", function + "-role-operator", "--policy-name", "outage"}, true
	aws(t, append(append([]string{"iam", "put-role-policy"}, role...), "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"`+action+`","Resource":"*"}]}`)...)
	mend = func() {
		if denied {
			aws(t, append([]string{"iam", "delete-role-policy"}, role...)...)
			denied = false
		}
	}
	t.Cleanup(mend)
	return mend
}

// outage takes the table's permission from the consumer until three webhooks are in
// the archive and the alarm fires. The result gives the permission back.
func outage(t *testing.T) (mend func()) {
	t.Helper()
	mend = deny(t, contract.ConsumerName, "dynamodb:PutItem")
	visibility(t, "1")
	t.Cleanup(func() { visibility(t, "300") })
	failed := func() int {
		return strings.Count(paysluice(t, "failures", "list", "--since", "3h", "--limit", "0", "-o", "ndjson").stdout, contract.ReasonReceivesExhausted)
	}
	before := failed()
	require.Equal(t, 0, paysluice(t, "send", "stripe", "payment_intent.succeeded", "--count", "3").code)
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Equal(c, before+3, failed()) }, 2*waitTime, time.Second)
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
	s := reader(t)
	api := providerapi.New(stripe.Provider)
	t.Cleanup(api.Close)
	api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: stack.Outputs["StripeUrl"], Types: []string{"*"}})
	for name, value := range providerapi.Play(t, nil, api) {
		s.env = append(s.env, name+"="+value)
	}
	s.env = append(s.env, "STRIPE_API_KEY="+providerapi.Key().Token)
	for _, function := range []string{contract.ConsumerName, contract.PublisherName} {
		t.Cleanup(func() { poll(t, function, "--enabled") })
	}
	c := newComparing(t, "runbook", "24")
	const reconcilerLog = "aws logs filter-log-events --region us-east-1 --log-group-name /aws/lambda/event-reconciler-prod --filter-pattern '{ $."
	values := map[string]string{"event-reconciler-prod": contract.ReconcilerName + "-" + c.Suffix, "stripe:evt_1PgcT2": ""}
	s.play(t, "docs/runbook.md", plan{replace: values, before: map[string]func(){
		"paysluice replay --since 3h --reason receives-exhausted": mend,
		"paysluice doctor":    func() { poll(t, contract.ConsumerName, "--no-enabled") },
		"paysluice doctor #2": func() { poll(t, contract.PublisherName, "--no-enabled") },
		"paysluice secrets list stripe": func() {
			poll(t, contract.ConsumerName, "--enabled")
			require.NoError(t, stack.PutSecret(t.Context(), stripe.Provider, map[string]any{"endpoints": []any{map[string]string{"label": "main"}}}))
		},
		"paysluice secrets test stripe": func() {
			require.NoError(t, stack.PutSecret(t.Context(), stripe.Provider, stripe.Document(stripe.secret)))
		},
		"paysluice verify square --event event.json": func() { s.slashed(t) },
		"aws logs filter-log-events --region us-east-1 --log-group-name /aws/lambda/event-publisher-prod…": func() {
			mend := deny(t, contract.PublisherName, "sns:Publish")
			store(t, stripe.Provider)
			logs(t, stack, contract.PublisherName, `"WARN"`)
			mend()
		},
		"paysluice failures unpublished": func() {
			poll(t, contract.PublisherName, "--enabled")
			sent := s.run(t, "send", "stripe", "payment_intent.succeeded", "--set", "data.object.id=pi_3PgcT2", "--wait")
			require.Equal(t, 0, sent.code, sent.stderr)
			aws(t, "sqs", "send-message", "--queue-url", stack.Outputs["UnpublishedQueueUrl"], "--message-body",
				fmt.Sprintf(`{"eventId":%q,"timestamp":%d,"reason":%q}`, regexp.MustCompile(`stripe:evt_\w+`).FindString(sent.stdout),
					time.Now().UnixMilli(), contract.ReasonRefused))
		},
		reconcilerLog + "message…": func() {
			c.putKeys(t, "stripe", "paypal", "square")
			c.list(stripe, time.Now().Add(-3*time.Hour))
			c.compare(t, "comparison finished")
		},
		"paysluice reconcile stripe --since 7d -o ndjson": func() {
			id, at := stripe.NewID(), time.Now().Add(-4*24*time.Hour).Truncate(time.Second) // TestReconcile's are of the last hours
			api.Add(providerapi.Event{ID: id, Created: at, Body: listed(stripe.Provider, 0, stripe.Body(id, 4999, at.UnixMilli()))})
		},
		reconcilerLog + "level…": func() {
			c.putKeys(t, "paypal", "square")
			c.compare(t, `"no_key"`)
		},
		"aws logs filter-log-events --region us-east-1 --log-group-name /aws/apigateway/webhook-api-prod…": func() { // the emulator writes no access log
			accessLog(t, map[string]string{"requestId": "8d7f9a1c-5e6b-4c1d-9a53-0f3b8f1f2a44", "requestTime": "30/Nov/2026:09:04:31 +0000", "status": "413", "httpMethod": "POST",
				"resourcePath": "/stripe", "identity.sourceIp": "203.0.113.7", "responseLatency": "9", "error.responseType": "REQUEST_TOO_LARGE"})
		},
		"paysluice send stripe --file body.json --wait": func() {
			body := stripe.Body(stripe.NewID(), 4999, senders.Created)
			s.write(t, "body.json", body)
			status, _, err := stack.Post(t.Context(), stripe.Provider, stripe.Header(body, stripe.secret, time.Now()), body)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, 0, s.run(t, "send", "stripe", "--file", "body.json", "--wait").code)
		},
		"paysluice events payload stripe:evt_1PgcT2": func() {
			sent := s.run(t, "send", "stripe", "v2.core.health.event_generation_failure.resolved", "--wait")
			require.Equal(t, 0, sent.code, sent.stderr)
			values["stripe:evt_1PgcT2"] = regexp.MustCompile(`stripe:evt_\w+`).FindString(sent.stdout)
		},
	}})
}

// logs waits until a function of a stack has logged a text.
func logs(t *testing.T, s *emulator.Stack, function, text string) {
	t.Helper()
	require.Eventually(t, func() bool {
		lines, err := s.Logs(t.Context(), function)
		return err == nil && strings.Contains(strings.Join(lines, ""), text)
	}, waitTime, pollTime, text)
}
