package flow_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// TestRolesAreRefused makes the calls of docs/security.md with the credentials of each
// role: everything that the role does not need is refused.
func TestRolesAreRefused(t *testing.T) {
	skipShort(t)
	can := map[string][]string{
		contract.AuthorizerName: nil,
		contract.PublisherName:  nil, // beside its target and webhook-unpublished
		contract.ConsumerName: {
			"sqs:ReceiveMessage QueueUrl", "sqs:DeleteMessage QueueUrl", "sqs:SendMessage DeadLetterQueueUrl",
			"dynamodb:PutItem " + contract.TableName, "dynamodb:PutItem " + contract.GuardTableName,
		},
		contract.ArchiverName: {
			"sqs:ReceiveMessage DeadLetterQueueUrl", "sqs:DeleteMessage DeadLetterQueueUrl", "s3:PutObject unknown/2026/01/02/x.json",
		},
		contract.EmptierName: {"s3:ListObjectVersions"},
		// With a refill.
		contract.ReconcilerName: {"sqs:SendMessage QueueUrl", "s3:ListObjects", "s3:GetObject reconciliations/x", "s3:PutObject reconciliations/x"},
	}
	for _, p := range contract.Providers() {
		can[contract.ArchiverName] = append(can[contract.ArchiverName], "s3:PutObject "+p.Name+"/2026/01/02/x.json")
		own := []string{
			"sqs:SendMessage QueueUrl", "sqs:SendMessage DeadLetterQueueUrl", "secretsmanager:GetSecretValue " + p.Name,
			"s3:PutObject oversize/0d/" + p.Name + "/2026-01-02/x",
		}
		if p.HasCertificates() {
			own = append(own, "s3:GetObject certificates/x", "s3:PutObject certificates/x", "s3:PutObject fetches/2026-01-02T03:04/live/1")
		}
		can[contract.ProcessorName(p)] = own
		can[contract.ReconcilerName] = append(can[contract.ReconcilerName], "s3:PutObject oversize/0d/"+p.Name+"/2026-01-02/x")
	}
	for _, key := range probedObjects() {
		can[contract.EmptierName] = append(can[contract.EmptierName], "s3:DeleteObject "+key)
	}
	for function, allowed := range can {
		t.Run(function, func(t *testing.T) {
			role := roles.TypeOf(function) + "-" + stack.Suffix
			config, err := roles.Assume(t.Context(), stack, role)
			require.NoError(t, err)
			who, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			require.NoError(t, err)
			require.Contains(t, *who.Arn, ":assumed-role/"+role+"/")

			calls := probes(config)
			require.Subset(t, slices.Collect(maps.Keys(calls)), allowed)
			for name, call := range calls {
				if !slices.Contains(allowed, name) {
					assert.True(t, isDenied(call(t.Context())), "%s may %s", function, name)
				}
			}
		})
	}
}

// TestProcessorSpeaksForItsProviderOnly sends messages with the credentials of several
// roles: SQS names the sender, and consumer and archiver compare it with the processors.
func TestProcessorSpeaksForItsProviderOnly(t *testing.T) {
	skipShort(t)
	paypal := contract.ProcessorName(contract.PayPal())
	var sent []string              // event ids
	foreign := map[string]string{} // the senders that the consumer logs, by event id
	for _, a := range accounts {
		genuine := a.newWebhook()
		deliver(t, genuine, http.StatusOK)
		requireRow(t, genuine.eventID())
		sent = append(sent, genuine.eventID())
	}
	for _, row := range []struct {
		why, from, queue, provider, origin string
		archived                           string // as sender-mismatch below this prefix, "" if it is stored
	}{
		{"its own", paypal, "QueueUrl", "paypal", "", ""},
		{"an event of Stripe", paypal, "QueueUrl", "stripe", "", "stripe/"},
		{"an event of Stripe past the consumer", paypal, "DeadLetterQueueUrl", "stripe", "", contract.UnknownPrefix},
		{"the reconciler refills", contract.ReconcilerName, "QueueUrl", "stripe", event.OriginReconcile, ""},
		{"the reconciler claims a webhook", contract.ReconcilerName, "QueueUrl", "stripe", "", "stripe/"},
		{"the account, as an operator who replays", "", "QueueUrl", "stripe", "", ""},
	} {
		config, err := stack.Config(), error(nil)
		if row.from != "" {
			config, err = roles.Assume(t.Context(), stack, roles.TypeOf(row.from)+"-"+stack.Suffix)
			require.NoError(t, err)
		}
		e := event.Event{
			Schema: event.Schema, ID: event.NewID(row.provider, rand.Text()), Provider: row.provider, Origin: row.origin, Timestamp: senders.Created,
			ReceivedAt: time.Now().UnixMilli(), Payload: []byte("{}"), PayloadSHA256: event.HashPayload([]byte("{}")),
		}
		message := event.Encode(e)
		_, err = sqs.NewFromConfig(config).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: new(stack.Outputs[row.queue]), MessageBody: &message})
		require.NoError(t, err, row.why)
		sent = append(sent, e.ID)
		if row.from == "" {
			foreign[e.ID] = "000000000000"
		}
		if row.archived == "" {
			assert.Equal(t, row.origin, requireRow(t, e.ID).Origin, row.why)
			continue
		}
		m := requireArchived(t, row.archived, func(m event.Archived) bool { return string(m.Message) == message })
		assert.Equal(t, contract.ReasonSender, m.FailureReason, row.why)
		stored, err := rows(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Empty(t, stored, row.why)
	}
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		lines, err := stack.Logs(t.Context(), contract.ConsumerName)
		require.NoError(c, err)
		found := map[string]string{}
		for _, line := range lines {
			var l struct{ Message, EventID, SenderID string }
			if json.Unmarshal([]byte(line), &l) == nil && l.Message == contract.OtherSenderMessage && slices.Contains(sent, l.EventID) {
				found[l.EventID] = l.SenderID
			}
		}
		assert.Equal(c, foreign, found)
	}, waitTime, 100*time.Millisecond)
}

// TestObjectsAreNotReplaced: who may create an object cannot replace it, read it or
// delete it.
func TestObjectsAreNotReplaced(t *testing.T) {
	skipShort(t)
	config, err := roles.Assume(t.Context(), stack, roles.TypeOf(contract.ProcessorName(contract.Stripe()))+"-"+stack.Suffix)
	require.NoError(t, err)
	const key = "oversize/0d/stripe/2026-01-02/replaced"
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	put := func(body string) error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: new(stack.Outputs["BucketName"]), Key: new(key), Body: strings.NewReader(body), IfNoneMatch: new("*"),
		})
		return err
	}
	require.NoError(t, put("first"))
	assert.ErrorContains(t, put("second"), "PreconditionFailed")
	calls := probes(config, key)
	for _, name := range []string{"s3:GetObject ", "s3:DeleteObject "} {
		assert.True(t, isDenied(calls[name+key](t.Context())), name)
	}
	out, err := objectClient().GetObject(t.Context(), &s3.GetObjectInput{Bucket: new(stack.Outputs["BucketName"]), Key: new(key)})
	require.NoError(t, err)
	defer out.Body.Close()
	assert.EqualValues(t, len("first"), *out.ContentLength)
}

// TestSampledTraceHeaderCausesNoTrace: a sender can ask for a trace, which costs money.
func TestSampledTraceHeaderCausesNoTrace(t *testing.T) {
	skipShort(t)
	a := accounts[0]
	w := a.newWebhook()
	header := w.header()
	header.Set("X-Amzn-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
	status, answer, err := stack.Post(t.Context(), a.Provider, header, w.body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	requireRow(t, w.eventID())

	var traced bool
	query(t, &traced, "apigateway", "get-stages", "--rest-api-id", stack.Outputs["ApiId"], "--query", "item[0].tracingEnabled")
	assert.False(t, traced)
	var active []string
	query(t, &active, "lambda", "list-functions", "--query", "Functions[?TracingConfig.Mode=='Active'].FunctionName")
	assert.Empty(t, active)
	all, err := roles.Find(t.Context(), stack)
	require.NoError(t, err)
	for _, r := range all {
		for _, p := range r.Policy.Permissions() {
			assert.False(t, strings.HasPrefix(p.Action, "xray:"), "%s may %s", r.Name, p.Action)
		}
	}
}

// probedObjects are keys below all prefixes that functions write to.
func probedObjects() []string {
	keys := []string{"unknown/2026/01/02/x.json", "certificates/x", "fetches/2026-01-02T03:04/live/1", "replays/x", contract.ReconciliationsPrefix + "x"}
	for _, p := range contract.Providers() {
		keys = append(keys, p.Name+"/2026/01/02/x.json", "oversize/0d/"+p.Name+"/2026-01-02/x")
	}
	return keys
}

// probes returns calls by their action and target, on objects of some more keys too.
func probes(config awssdk.Config, keys ...string) map[string]func(context.Context) error {
	queues, tables, functions := sqs.NewFromConfig(config), dynamodb.NewFromConfig(config), lambda.NewFromConfig(config)
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	values := secretsmanager.NewFromConfig(config)
	calls := map[string]func(context.Context) error{}
	for _, output := range []string{"QueueUrl", "DeadLetterQueueUrl"} {
		url := new(stack.Outputs[output])
		calls["sqs:SendMessage "+output] = func(ctx context.Context) error {
			_, err := queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: new("x")})
			return err
		}
		calls["sqs:ReceiveMessage "+output] = func(ctx context.Context) error {
			_, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url})
			return err
		}
		calls["sqs:DeleteMessage "+output] = func(ctx context.Context) error {
			_, err := queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: new("x")})
			return err
		}
		calls["sqs:PurgeQueue "+output] = func(ctx context.Context) error {
			_, err := queues.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url})
			return err
		}
	}
	for table, key := range map[string]map[string]types.AttributeValue{
		contract.TableName: {
			contract.EventIDAttribute: &types.AttributeValueMemberS{Value: "x"}, contract.TimestampAttribute: &types.AttributeValueMemberN{Value: "1"},
		},
		contract.GuardTableName: {contract.GuardAttribute: &types.AttributeValueMemberS{Value: "x"}},
	} {
		name := new(table + "-" + stack.Suffix)
		calls["dynamodb:PutItem "+table] = func(ctx context.Context) error {
			_, err := tables.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: key})
			return err
		}
		calls["dynamodb:GetItem "+table] = func(ctx context.Context) error {
			_, err := tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: key})
			return err
		}
		calls["dynamodb:DeleteItem "+table] = func(ctx context.Context) error {
			_, err := tables.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: name, Key: key})
			return err
		}
		calls["dynamodb:Scan "+table] = func(ctx context.Context) error {
			_, err := tables.Scan(ctx, &dynamodb.ScanInput{TableName: name})
			return err
		}
	}
	for _, p := range contract.Providers() {
		id := new(stack.Outputs[p.Title+"SecretArn"])
		calls["secretsmanager:GetSecretValue "+p.Name] = func(ctx context.Context) error {
			_, err := values.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id})
			return err
		}
		calls["secretsmanager:PutSecretValue "+p.Name] = func(ctx context.Context) error {
			_, err := values.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: id, SecretString: new("x")})
			return err
		}
	}
	bucket := new(stack.Outputs["BucketName"])
	for _, key := range slices.Concat(probedObjects(), keys) {
		calls["s3:PutObject "+key] = func(ctx context.Context) error {
			_, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: new(key), IfNoneMatch: new("*")})
			return err
		}
		calls["s3:GetObject "+key] = func(ctx context.Context) error {
			_, err := objects.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: new(key)})
			return err
		}
		calls["s3:DeleteObject "+key] = func(ctx context.Context) error {
			_, err := objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: new(key)})
			return err
		}
	}
	calls["s3:ListObjects"] = func(ctx context.Context) error {
		_, err := objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})
		return err
	}
	calls["s3:ListObjectVersions"] = func(ctx context.Context) error {
		_, err := objects.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: bucket})
		return err
	}
	for _, function := range []string{contract.ConsumerName, contract.EmptierName} {
		name := new(function + "-" + stack.Suffix)
		calls["lambda:InvokeFunction "+function] = func(ctx context.Context) error {
			_, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: name})
			return err
		}
		calls["lambda:UpdateFunctionConfiguration "+function] = func(ctx context.Context) error {
			_, err := functions.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name, MemorySize: new(int32(128))})
			return err
		}
	}
	calls["sts:AssumeRole"] = func(ctx context.Context) error {
		_, err := sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: new("arn:aws:iam::000000000000:role/" + roles.TypeOf(contract.EmptierName) + "-" + stack.Suffix), RoleSessionName: new("x"),
		})
		return err
	}
	return calls
}

// isDenied reports whether AWS refused a call because of a policy.
func isDenied(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AccessDenied")
}
