package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/body"
	"github.com/paysluice/paysluice/handlers/aws/topic"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/event/ledger"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// deploy deploys a stack that publishes to a topic, and the subscriber.
func deploy(t *testing.T) (root string, stack *emulator.Stack, subscribed *emulator.Subscriber) {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	shared, err := emulator.Use(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, shared.Stop()) })
	stack, err = shared.Deploy(t.Context(), emulator.Deployment{
		Template: filepath.Join(root, "out", "stack.json"), Zips: zips, Suffix: "consuming",
		Parameters: map[string]string{"PublishTo": "topic"},
	})
	require.NoError(t, err)
	subscribed, err = stack.Subscribe(t.Context(), root)
	require.NoError(t, err)
	return root, stack, subscribed
}

// webhooks are about one payment, the newest first, and about a customer, with a body that is too
// large for the table.
func webhooks() []string {
	webhook := func(n int, kind, object string) string {
		return fmt.Sprintf(`{"id":"evt_consuming%d","object":"event","api_version":"2026-01-28","created":%d,"livemode":false,"type":%q,"data":{"object":{%s}}}`,
			n, senders.Created/1000+int64(n), kind, object)
	}
	return []string{
		webhook(4, "charge.dispute.created", `"id":"du_1","object":"dispute","amount":1500,"currency":"usd","status":"needs_response","payment_intent":"pi_c"`),
		webhook(3, "refund.updated", `"id":"re_1","object":"refund","amount":500,"currency":"usd","status":"succeeded","payment_intent":"pi_c"`),
		webhook(2, "payment_intent.succeeded", `"id":"pi_c","object":"payment_intent","amount":2000,"amount_received":2000,"currency":"usd","status":"succeeded"`),
		webhook(1, "payment_intent.processing", `"id":"pi_c","object":"payment_intent","amount":2000,"currency":"usd","status":"processing"`),
		webhook(0, "customer.created", `"id":"cus_1","object":"customer","description":"`+strings.Repeat("x", event.MaxInline)+`"`),
	}
}

// TestSubscriber sends a payment's webhooks in the wrong order and publishes their events again
// in another: the sums are right, and stay so.
func TestSubscriber(t *testing.T) {
	root, stack, subscribed := deploy(t)
	stripe := senders.Stripe()
	secret := stripe.NewSecret()
	require.NoError(t, stack.PutSecret(t.Context(), stripe.Provider, stripe.Document(secret)))
	for _, w := range webhooks() {
		status, answer, err := stack.Post(t.Context(), stripe.Provider, stripe.Header([]byte(w), secret, time.Now()), []byte(w))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "%s", answer)
	}

	want := []ledger.Payment{{
		Provider: "stripe", ID: "pi_c", State: event.PaymentSucceeded,
		Totals: []ledger.Totals{{Currency: "USD", Paid: "20.00", Refunded: "5.00", Disputed: "15.00", Lost: "0.00"}},
	}}
	requireOutcomes(t, subscribed, map[string]int{"applied": 4})
	requirePayments(t, subscribed, want)

	events := publishedEvents(t, stack)
	require.Len(t, events, len(webhooks()))
	again := topic.New(sns.NewFromConfig(stack.Config()), stack.Outputs["EventTopicArn"], 10*time.Second)
	for _, e := range events {
		require.NoError(t, again.Publish(t.Context(), e, "run-1"))
	}
	requireOutcomes(t, subscribed, map[string]int{"applied": 4, "duplicate": 4})
	requirePayments(t, subscribed, want)

	requireUsed(t, stack)
	t.Run("Body", func(t *testing.T) { testBody(t, stack, events) })
	t.Run("Python", func(t *testing.T) { testPython(t, root, stack, events) })
}

// publishedEvents returns the events of the stack, oldest first.
func publishedEvents(t *testing.T, stack *emulator.Stack) []cloudevent.Event {
	t.Helper()
	rows, err := stack.Events(t.Context())
	require.NoError(t, err)
	slices.SortFunc(rows, func(a, b event.Event) int { return int(a.Timestamp - b.Timestamp) })
	var events []cloudevent.Event
	for _, row := range rows {
		e, err := cloudevent.From(cloudevent.Source("000000000000", emulator.Region, stack.Suffix), row,
			cloudevent.Stores{Table: stack.Outputs["TableName"], Bucket: stack.Outputs["BucketName"]})
		require.NoError(t, err)
		events = append(events, e)
	}
	return events
}

// requireOutcomes waits until the subscriber has logged each outcome so often. What its filter
// leaves out never arrives.
func requireOutcomes(t *testing.T, s *emulator.Subscriber, want map[string]int) {
	t.Helper()
	require.NoError(t, emulator.Await(t.Context(), func(ctx context.Context) error {
		lines, err := s.Logs(ctx, emulator.SubscriberName)
		log, got := strings.Join(lines, "\n"), map[string]int{}
		for outcome := range want {
			if n := strings.Count(log, `"msg":"`+outcome+`"`); n > 0 {
				got[outcome] = n
			}
		}
		if err == nil && !assert.ObjectsAreEqual(want, got) {
			err = fmt.Errorf("the subscriber should have logged %v:\n%s", want, log)
		}
		return err
	}))
	lines, err := s.Logs(t.Context(), emulator.SubscriberName)
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(lines, "\n"), "customer")
}

func requirePayments(t *testing.T, s *emulator.Subscriber, want []ledger.Payment) {
	t.Helper()
	got, err := s.Payments(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// requireUsed requires that the subscriber's role has no permission in vain. The emulator asks
// the role neither for the queue nor for the key, and writes logs itself.
func requireUsed(t *testing.T, stack *emulator.Stack) {
	t.Helper()
	calls, err := stack.Calls()
	require.NoError(t, err)
	used := map[string]bool{}
	for _, c := range calls {
		used[c.Sid+" "+c.Action] = true
	}
	for _, permission := range []string{"Remember dynamodb:PutItem", "KeepSums dynamodb:GetItem", "KeepSums dynamodb:UpdateItem"} {
		assert.True(t, used[permission], "%s was not used: %v", permission, used)
	}
}

// testBody fetches each event's body with the rights that docs/consuming.md names.
func testBody(t *testing.T, stack *emulator.Stack, events []cloudevent.Event) {
	const user = "consuming"
	policy := marshal(map[string]any{"Version": "2012-10-17", "Statement": []map[string]any{
		{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:*:*:table/" + stack.Outputs["TableName"]},
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + stack.Outputs["BucketName"] + "/oversize/*"},
	}})
	var key struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	for _, args := range [][]string{{"create-user"}, {"put-user-policy", "--policy-name", "fetch", "--policy-document", policy}} {
		_, err := stack.AWS(t.Context(), append([]string{"iam", args[0], "--user-name", user}, args[1:]...)...)
		require.NoError(t, err)
	}
	require.NoError(t, stack.Query(t.Context(), &key, "iam", "create-access-key", "--user-name", user))
	config := stack.Config()
	config.Credentials = credentials.NewStaticCredentialsProvider(key.AccessKey.AccessKeyId, key.AccessKey.SecretAccessKey, "")
	_, err := dynamodb.NewFromConfig(config).Scan(t.Context(), &dynamodb.ScanInput{TableName: new(stack.Outputs["TableName"])})
	require.ErrorContains(t, err, "AccessDenied", "it has no other right")

	fetcher := body.New(dynamodb.NewFromConfig(config), s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }))
	var got []string
	for _, e := range slices.Backward(events) {
		raw, err := fetcher.Fetch(t.Context(), e)
		require.NoError(t, err)
		got = append(got, string(raw))
	}
	assert.Equal(t, webhooks(), got)
}

// testPython gives the Python subscriber the newest state first, an older one, both again, a
// refund with its correction, and two corrections of the state, the last one first.
func testPython(t *testing.T, root string, stack *emulator.Stack, events []cloudevent.Event) {
	client := dynamodb.NewFromConfig(stack.Config())
	for name, key := range map[string]string{"PythonInbox": "event", "PythonStates": "payment"} {
		_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &name, BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
		})
		require.NoError(t, err)
	}
	processing, succeeded := events[1].Encode(), events[2].Encode()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, ".venv/bin/python"), "subscriber.py", "PythonInbox", "PythonStates")
	cmd.Env = stack.ClientEnvironment()
	correct := func(e cloudevent.Event, category event.Category, later int64) (event.Event, string) {
		corrected := e.Data.Event
		corrected.Category, corrected.ReceivedAt = category, corrected.ReceivedAt+later
		corrected.PayloadSHA256, corrected.ContentSHA256 = event.HashPayload([]byte(fmt.Sprint(later))), ""
		correction, err := cloudevent.From(e.Source, corrected, cloudevent.Stores{Table: stack.Outputs["TableName"]})
		require.NoError(t, err)
		return corrected, correction.Encode()
	}
	refund := events[3].Encode()
	_, repaired := correct(events[3], event.RefundSucceeded, 1)
	failed, last := correct(events[2], event.PaymentFailed, 2)
	_, earlier := correct(events[2], event.PaymentCanceled, 1)
	cmd.Stdin = strings.NewReader(strings.Join([]string{
		succeeded, processing, succeeded, processing, refund, repaired, refund, repaired, last, earlier,
	}, "\n"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	assert.Equal(t, "applied stale duplicate stale applied applied duplicate duplicate applied stale", strings.Join(strings.Fields(string(out)), " "))
	got, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: new("PythonStates")})
	require.NoError(t, err)
	state, ok := ledger.StateOf(failed)
	require.True(t, ok)
	assert.Equal(t, []map[string]types.AttributeValue{{
		"payment":  &types.AttributeValueMemberS{Value: state.Object},
		"category": &types.AttributeValueMemberS{Value: string(state.Category)},
		"eventId":  &types.AttributeValueMemberS{Value: state.EventID},
		"version":  &types.AttributeValueMemberS{Value: state.Version},
		"revision": &types.AttributeValueMemberS{Value: state.Revision},
	}}, got.Items, "as the ledger's states are")
}
