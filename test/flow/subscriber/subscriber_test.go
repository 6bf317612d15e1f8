package main

import (
	"context"
	"fmt"
	"math/rand/v2"
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
	"github.com/paysluice/paysluice/test/flow/roles"
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

	requireMinimal(t, subscribed)
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

// requireMinimal requires that the subscriber's role has no permission that is not needed. The
// emulator checks no permission for the queue, the key and the logs.
func requireMinimal(t *testing.T, s *emulator.Subscriber) {
	t.Helper()
	all, err := roles.Find(t.Context(), s.Stack)
	require.NoError(t, err)
	require.Len(t, all, 1)
	calls, err := s.Calls()
	require.NoError(t, err)
	var unseen []string
	for _, e := range all[0].Unneeded(calls) {
		unseen = append(unseen, e.Sid+" "+e.Action)
	}
	assert.Equal(t, []string{
		"Receive sqs:ReceiveMessage", "Receive sqs:DeleteMessage", "Receive sqs:GetQueueAttributes",
		"DecryptMessages kms:Decrypt", "Log logs:CreateLogStream", "Log logs:PutLogEvents",
	}, unseen)
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
// refund with its correction, and two corrections of the state, the last one first. Then it gives
// everything again in the other order.
func testPython(t *testing.T, root string, stack *emulator.Stack, events []cloudevent.Event) {
	client := dynamodb.NewFromConfig(stack.Config())
	for name, key := range map[string]string{"PythonInbox": "event", "PythonPayments": "payment"} {
		_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &name, BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
		})
		require.NoError(t, err)
	}
	correct := func(e cloudevent.Event, category event.Category, later int64) (event.Event, string) {
		corrected := e.Data.Event
		corrected.Category, corrected.ReceivedAt = category, corrected.ReceivedAt+later
		corrected.PayloadSHA256, corrected.ContentSHA256 = event.HashPayload([]byte(fmt.Sprint(later))), ""
		correction, err := cloudevent.From(e.Source, corrected, cloudevent.Stores{Table: stack.Outputs["TableName"]})
		require.NoError(t, err)
		return corrected, correction.Encode()
	}
	processing, succeeded, refund, dispute := events[1].Encode(), events[2].Encode(), events[3].Encode(), events[4].Encode()
	refunded, repaired := correct(events[3], event.RefundSucceeded, 1)
	failed, last := correct(events[2], event.PaymentFailed, 2)
	canceled, earlier := correct(events[2], event.PaymentCanceled, 1)
	messages := []string{succeeded, processing, succeeded, processing, dispute, refund, repaired, refund, last, earlier}
	again := slices.Clone(messages)
	slices.Reverse(again)
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, ".venv/bin/python"), "subscriber.py", "PythonInbox", "PythonPayments")
	cmd.Env, cmd.Stdin = stack.ClientEnvironment(), strings.NewReader(strings.Join(append(messages, again...), "\n"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "applied stale duplicate duplicate applied applied applied duplicate applied stale"+strings.Repeat(" duplicate", len(again)),
		strings.Join(strings.Fields(string(out)), " "))

	got, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: new("PythonPayments")})
	require.NoError(t, err)
	require.Len(t, got.Items, 1)
	kept, _ := got.Items[0]["events"].(*types.AttributeValueMemberSS)
	require.NotNil(t, kept)
	delete(got.Items[0], "events")
	state, ok := ledger.StateOf(failed)
	require.True(t, ok)
	assert.Equal(t, map[string]types.AttributeValue{
		"payment":  &types.AttributeValueMemberS{Value: state.Object},
		"category": &types.AttributeValueMemberS{Value: string(state.Category)},
		"eventId":  &types.AttributeValueMemberS{Value: state.EventID},
		"version":  &types.AttributeValueMemberS{Value: state.Version},
		"revision": &types.AttributeValueMemberS{Value: state.Revision},
	}, got.Items[0], "as the ledger's states are")
	all := []event.Event{refunded, failed, canceled}
	for _, e := range events[1:] {
		all = append(all, e.Data.Event)
	}
	assert.Len(t, kept.Value, len(all))
	assert.Equal(t, ledgerTotals([][]event.Event{all}), pythonTotals(t, root, "["+strings.Join(kept.Value, ",")+"]"), "as the ledger counts")
}

// TestPythonCounts compares the sums in Python with the ledger's, for random sets of events of one
// payment: late, repeated, corrected and in two currencies.
func TestPythonCounts(t *testing.T) {
	root, err := emulator.Root()
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 0))
	kinds := slices.DeleteFunc(event.Categories(), func(c event.Category) bool {
		kind, _, _ := strings.Cut(string(c), ".")
		return !slices.Contains([]string{"payment", "refund", "dispute", "invoice"}, kind)
	})
	var sets [][]event.Event
	var lines []string
	for range 2000 {
		var set []event.Event
		for n := range 1 + rng.IntN(8) {
			kind := kinds[rng.IntN(len(kinds))]
			e := event.Event{
				ID: fmt.Sprint("stripe:evt_", rng.IntN(8)), Provider: "stripe", PaymentID: "pi_1", Category: kind,
				ObjectID:  fmt.Sprint(string(kind)[:3], rng.IntN(2)),
				Timestamp: senders.Created + 500*int64(rng.IntN(4)), ReceivedAt: senders.Created + int64(n),
			}
			if rng.IntN(4) > 0 {
				e.Money = event.Money{Amount: fmt.Sprintf("%d.%02d", 1+rng.IntN(20), rng.IntN(100)), Currency: []string{"EUR", "EUR", "USD"}[rng.IntN(3)]}
			}
			set = append(set, e)
		}
		sets, lines = append(sets, set), append(lines, marshal(set))
	}
	want := ledgerTotals(sets)
	assert.Greater(t, len(want), 2000, "most sets count something")
	assert.Equal(t, want, pythonTotals(t, root, lines...))
}

// ledgerTotals returns what the ledger counts in sets of events of one payment:
// "{set} {currency} {sum} {amount}".
func ledgerTotals(sets [][]event.Event) []string {
	var lines []string
	for n, set := range sets {
		var l ledger.Ledger
		for _, e := range set {
			l.Add(e)
		}
		for _, sum := range l.Totals() {
			for name, amount := range map[string]string{"paid": sum.Paid, "refunded": sum.Refunded, "disputed": sum.Disputed, "lost": sum.Lost} {
				lines = append(lines, fmt.Sprint(n, " ", sum.Currency, " ", name, " ", amount))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// pythonTotals returns the same of subscriber.py for sets in JSON.
func pythonTotals(t *testing.T, root string, sets ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, ".venv/bin/python"), "-c", `
import json, sys, subscriber
for n, line in enumerate(sys.stdin):
    for currency, sums in subscriber.totals(json.loads(line)).items():
        for name, amount in sums.items():
            print(n, currency, name, f"{amount:.2f}")`)
	cmd.Env, cmd.Stdin = append(cmd.Environ(), "PYTHONDONTWRITEBYTECODE=1"), strings.NewReader(strings.Join(sets, "\n"))
	out, err := cmd.Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	return lines
}
