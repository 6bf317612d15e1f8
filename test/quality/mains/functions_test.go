package mains

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/handlers/publisher"
	"github.com/paysluice/paysluice/handlers/reconciler"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

const (
	bucket       = "failed-webhooks-000000000000-test"
	stripeSecret = "whsec_test"
	stripeBody   = `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","created":1780000000,` +
		`"data":{"object":{"id":"pi_1","object":"payment_intent","amount_received":1250,"currency":"eur"}}}`
)

// configuration returns the variables that the template and Lambda set for a
// function.
func configuration(binary string) []string {
	lambda := []string{
		client.RegionVar + "=us-east-1",
		client.AccessKeyVar + "=id",
		client.SecretKeyVar + "=secret",
	}
	if binary == contract.AuthorizerBinary {
		lambda = nil // it makes no calls
	}
	return append(lambda, map[string][]string{
		contract.AuthorizerBinary: {
			contract.EnvironmentVar + "=test",
			contract.LogLevelVar + "=INFO",
		},
		contract.ProcessorBinary: {
			contract.EnvironmentVar + "=test",
			contract.LogLevelVar + "=INFO",
			contract.ProviderVar + "=stripe",
			contract.SecretARNVar + "=arn:aws:secretsmanager:us-east-1:000000000000:secret:stripe-secret-test",
			contract.QueueURLVar + "=https://sqs.us-east-1.amazonaws.com/000000000000/webhook-queue-test",
			contract.DeadLetterQueueURLVar + "=https://sqs.us-east-1.amazonaws.com/000000000000/webhook-dlq-test",
			contract.BucketNameVar + "=" + bucket,
			contract.EndpointURLVar + "=https://abc.execute-api.us-east-1.amazonaws.com/live/stripe",
		},
		contract.ArchiverBinary: {
			contract.EnvironmentVar + "=test",
			contract.LogLevelVar + "=INFO",
			contract.BucketNameVar + "=" + bucket,
		},
		contract.EmptierBinary: {
			contract.LogLevelVar + "=INFO",
		},
		contract.ConsumerBinary: {
			contract.EnvironmentVar + "=test",
			contract.LogLevelVar + "=INFO",
			contract.TableNameVar + "=WebhookEvents-test",
			contract.DeadLetterQueueURLVar + "=https://sqs.us-east-1.amazonaws.com/000000000000/webhook-dlq-test",
		},
		contract.PublisherBinary: {
			contract.EnvironmentVar + "=test",
			contract.LogLevelVar + "=INFO",
			contract.EventSourceVar + "=" + cloudevent.Source("000000000000", "us-east-1", "test"),
			contract.UnpublishedQueueURLVar + "=https://sqs.us-east-1.amazonaws.com/000000000000/webhook-unpublished-test",
			contract.TableNameVar + "=WebhookEvents-test",
			contract.BucketNameVar + "=" + bucket,
		},
		contract.ReconcilerBinary: {
			contract.EnvironmentVar + "=test",
			contract.LogLevelVar + "=INFO",
			contract.TableNameVar + "=WebhookEvents-test",
			contract.BucketNameVar + "=" + bucket,
			contract.QueueURLVar + "=https://sqs.us-east-1.amazonaws.com/000000000000/webhook-queue-test",
			contract.SecretARNVar + "=arn:aws:secretsmanager:us-east-1:000000000000:secret:provider-api-keys-test",
			contract.EndpointURLsVar + "=stripe=https://abc.execute-api.us-east-1.amazonaws.com/live/stripe",
			contract.ReconcileEveryVar + "=24",
		},
	}[binary]...)
}

func TestFunctionsNameEveryMissingVariable(t *testing.T) {
	for _, binary := range contract.Binaries() {
		t.Run(binary, func(t *testing.T) {
			message := startError(t, binary, nil)
			for _, variable := range configuration(binary) {
				name, _, _ := strings.Cut(variable, "=")
				assert.Contains(t, message, name+" is not set")
			}
		})
	}
}

func TestProcessorRejectsAnUnknownProvider(t *testing.T) {
	env := append(configuration(contract.ProcessorBinary), contract.ProviderVar+"=imaginary") // the last value counts
	assert.Contains(t, startError(t, contract.ProcessorBinary, env), "imaginary")
}

func TestReconcilerRejectsAnUnknownProvider(t *testing.T) {
	env := append(configuration(contract.ReconcilerBinary), contract.EndpointURLsVar+"=imaginary=https://x")
	assert.Contains(t, startError(t, contract.ReconcilerBinary, env), "imaginary")
}

// startError returns the error in the only log line of a function that does not
// start.
func startError(t *testing.T, binary string, env []string) string {
	t.Helper()
	got := run(t, binary, env)
	assert.Equal(t, 1, got.code)
	assert.Empty(t, got.stderr)
	assert.Equal(t, 1, strings.Count(got.stdout, "\n"), got.stdout)
	var line struct{ Level, Message, Error string }
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &line), got.stdout)
	assert.Equal(t, "ERROR", line.Level)
	assert.Equal(t, "cannot start", line.Message)
	return line.Error
}

// signed returns the headers of a body that Stripe signs now.
func signed(body string) map[string][]string {
	return providertest.Multi(providertest.Sign(stripe.Signer{Secret: stripeSecret}, []byte(body), time.Now()))
}

func TestAuthorizerDecides(t *testing.T) {
	request := events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn:         "arn:aws:execute-api:us-east-1:000000000000:api/live/POST/stripe",
		Resource:          "/stripe",
		MultiValueHeaders: signed(stripeBody),
	}
	var policy events.APIGatewayCustomAuthorizerResponse
	invoke(t, contract.AuthorizerBinary, configuration(contract.AuthorizerBinary), request, &policy)
	require.Len(t, policy.PolicyDocument.Statement, 1)
	assert.Equal(t, "Allow", policy.PolicyDocument.Statement[0].Effect)
}

// The consumer stores the processor's message: both mains use the same format.
func TestConsumerStoresTheProcessorsMessage(t *testing.T) {
	aws := newCloud(t, `{"endpoints":[{"label":"main","secret":"`+stripeSecret+`"}]}`)

	request := events.APIGatewayProxyRequest{
		Body:              stripeBody,
		MultiValueHeaders: signed(stripeBody),
	}
	var answer events.APIGatewayProxyResponse
	invoke(t, contract.ProcessorBinary, slices.Concat(configuration(contract.ProcessorBinary), aws.environment(),
		[]string{contract.RetentionDaysVar + "=9999"}), request, &answer)
	assert.Equal(t, 200, answer.StatusCode, answer.Body)
	sent := aws.inputs("AmazonSQS.SendMessage")
	require.Len(t, sent, 1)
	message := sent[0]["MessageBody"].(string)
	sentEvent, err := event.Decode(message)
	require.NoError(t, err)
	assert.Equal(t, "stripe:evt_1", sentEvent.ID)

	batch := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m-1", Body: message}}}
	var failures events.SQSEventResponse
	log := invoke(t, contract.ConsumerBinary, slices.Concat(configuration(contract.ConsumerBinary), aws.environment(),
		[]string{contract.GuardTableNameVar + "=WebhookGuards-test"}), batch, &failures)
	assert.Empty(t, failures.BatchItemFailures)
	stored := aws.inputs("DynamoDB_20120810.PutItem")
	require.Len(t, stored, 1, "Stripe's events need no guard")
	assert.Equal(t, "WebhookEvents-test", stored[0]["TableName"])
	item := stored[0]["Item"].(map[string]any)
	assert.Equal(t, map[string]any{"S": "stripe:evt_1"}, item[contract.EventIDAttribute])
	assert.Contains(t, item, contract.ExpiresAtAttribute, "EVENT_RETENTION_DAYS is not 0")
	assert.Contains(t, log, `"Environment":"test"`, "the dimension of the alarms")
}

// The processor finds the trace header where aws-lambda-go puts it.
func TestProcessorSendsTheTraceOfItsRequest(t *testing.T) {
	aws := newCloud(t, `{"endpoints":[{"label":"main","secret":"`+stripeSecret+`"}]}`)
	function, err := runtimeapi.Start(t.Context(), filepath.Join(binaries, contract.ProcessorBinary),
		withCounters(slices.Concat(configuration(contract.ProcessorBinary), aws.environment())))
	require.NoError(t, err)
	function.Trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:5759e988:0"
	request, err := json.Marshal(events.APIGatewayProxyRequest{Body: stripeBody, MultiValueHeaders: signed(stripeBody)})
	require.NoError(t, err)

	_, err = function.Invoke(t.Context(), request)

	require.NoError(t, errors.Join(err, function.Stop()))
	require.Len(t, aws.inputs("AmazonSQS.SendMessage"), 1, function.Logs())
	sent, err := event.Decode(aws.inputs("AmazonSQS.SendMessage")[0]["MessageBody"].(string))
	require.NoError(t, err)
	assert.Equal(t, "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01", sent.Traceparent)
}

func TestProcessorStoresALargeBodyInTheBucket(t *testing.T) {
	aws := newCloud(t, `{"endpoints":[{"label":"main","secret":"`+stripeSecret+`"}]}`)
	body := stripeBody + strings.Repeat(" ", 200<<10)

	request := events.APIGatewayProxyRequest{
		Body:              body,
		MultiValueHeaders: signed(body),
	}
	var answer events.APIGatewayProxyResponse
	invoke(t, contract.ProcessorBinary, slices.Concat(configuration(contract.ProcessorBinary), aws.environment()), request, &answer)

	assert.Equal(t, 200, answer.StatusCode, answer.Body)
	sent := aws.inputs("AmazonSQS.SendMessage")
	require.Len(t, sent, 1)
	e, err := event.DecodeReceipt(sent[0]["MessageBody"].(string))
	require.NoError(t, err)
	kept := aws.inputs("PUT")
	require.Len(t, kept, 1)
	assert.Equal(t, "/"+bucket+"/oversize/0d/stripe/"+time.UnixMilli(e.ReceivedAt).UTC().Format(time.DateOnly)+"/"+event.HashPayload([]byte(body)), kept[0]["path"],
		"kept, without EVENT_RETENTION_DAYS")
	assert.Equal(t, body, kept[0]["body"])
}

// Lambda may freeze an environment as soon as it asks for its first request. It
// has read its secret by then.
func TestProcessorReadsItsSecretBeforeTheFirstRequest(t *testing.T) {
	reads, took := 0, processor.ReadyTimeout
	// On a loaded machine the secret can come after the second that a start waits. Only then is there another try.
	for try := 0; try < 10 && reads == 0 && took >= processor.ReadyTimeout; try++ {
		aws := newCloud(t, `{"endpoints":[{"label":"main","secret":"`+stripeSecret+`"}]}`)
		aws.secretDelay = processor.ReadyTimeout / 2 // longer than a start that does not wait

		function, err := runtimeapi.Start(t.Context(), filepath.Join(binaries, contract.ProcessorBinary),
			withCounters(slices.Concat(configuration(contract.ProcessorBinary), aws.environment())))

		require.NoError(t, err)
		reads, took = len(aws.inputs("secretsmanager.GetSecretValue")), function.Init()
		assert.NoError(t, function.Stop())
	}
	assert.Equal(t, 1, reads)
}

// A start waits a second for its secret, and no longer. The first request waits for
// the rest.
func TestProcessorStartsWhileItsSecretHangs(t *testing.T) {
	aws := newCloud(t, `{"endpoints":[{"label":"main","secret":"`+stripeSecret+`"}]}`)
	aws.secretDelay = time.Minute

	function, err := runtimeapi.Start(t.Context(), filepath.Join(binaries, contract.ProcessorBinary),
		withCounters(slices.Concat(configuration(contract.ProcessorBinary), aws.environment())))

	require.NoError(t, err)
	assert.GreaterOrEqual(t, function.Init(), processor.ReadyTimeout)
	assert.NotContains(t, function.Logs(), "secret not read", "that takes three seconds")
	aws.stop()
	assert.NoError(t, function.Stop())
}

func TestProcessorLogsAnInvalidSecret(t *testing.T) {
	aws := newCloud(t, `{"endpoints":[]}`)

	var answer events.APIGatewayProxyResponse
	log := invoke(t, contract.ProcessorBinary, slices.Concat(configuration(contract.ProcessorBinary), aws.environment()),
		events.APIGatewayProxyRequest{Body: stripeBody}, &answer)

	assert.Equal(t, 503, answer.StatusCode)
	assert.Contains(t, log, `"level":"WARN","message":"secret not read"`)
}

func TestArchiverStoresADeadLetter(t *testing.T) {
	aws := newCloud(t, "")
	batch := events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: "m-1", Body: "poison", Attributes: map[string]string{"SentTimestamp": "1780000000000"},
	}}}

	var failures events.SQSEventResponse
	invoke(t, contract.ArchiverBinary, slices.Concat(configuration(contract.ArchiverBinary), aws.environment()), batch, &failures)

	assert.Empty(t, failures.BatchItemFailures)
	kept := aws.inputs("PUT")
	require.Len(t, kept, 1)
	assert.Regexp(t, `^/`+bucket+`/unknown/2026/05/28/m-1-[0-9a-f]{16}\.json$`, kept[0]["path"])
	m, err := event.DecodeArchived([]byte(kept[0]["body"].(string)))
	require.NoError(t, err)
	assert.Equal(t, "poison", string(m.Message))
}

// The emulator's flow has a comparison with events.
func TestReconcilerReports(t *testing.T) {
	aws := newCloud(t, `{"stripe":{"apiKey":"`+providerapi.Key().Token+`"}}`)
	api := providerapi.New(contract.Stripe())
	t.Cleanup(api.Close)
	api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: "https://abc.execute-api.us-east-1.amazonaws.com/live/stripe", Types: []string{"*"}})
	api.Fault = providerapi.Throttle(3, "0")
	env := slices.Concat(configuration(contract.ReconcilerBinary), aws.environment(), []string{contract.ReconcileRefillVar + "=true"})
	for name, value := range providerapi.Play(t, nil, api) {
		env = append(env, name+"="+value)
	}

	var answer map[string]reconciler.Outcome
	log := invoke(t, contract.ReconcilerBinary, env, map[string]any{}, &answer)

	assert.Equal(t, reconciler.StateFinished, answer["stripe"].State, log)
	assert.Contains(t, log, "next attempt in 0s", "the provider throttled")
	kept := aws.inputs("PUT")
	require.NotEmpty(t, kept)
	assert.Equal(t, "/"+bucket+"/"+answer["stripe"].Report, kept[len(kept)-1]["path"])
	assert.Contains(t, kept[len(kept)-1]["body"], `"refill":{"found":0,`)
}

func TestEmptierRespondsToCloudFormation(t *testing.T) {
	aws := newCloud(t, "")
	request := cfn.Event{
		RequestType: cfn.RequestDelete, RequestID: "r-1", ResponseURL: aws.url + "/answer", PhysicalResourceID: bucket,
		StackID:            "arn:aws:cloudformation:us-east-1:000000000000:stack/paysluice-test/1",
		ResourceProperties: map[string]any{contract.BucketNameProperty: bucket},
	}

	var reason string
	invoke(t, contract.EmptierBinary, slices.Concat(configuration(contract.EmptierBinary), aws.environment()), request, &reason)

	assert.Empty(t, reason)
	assert.Len(t, aws.inputs("DescribeStacks"), 1)
	answers := aws.inputs("PUT")
	require.Len(t, answers, 1)
	assert.Equal(t, "/answer", answers[0]["path"])
	var answer cfn.Response
	require.NoError(t, json.Unmarshal([]byte(answers[0]["body"].(string)), &answer))
	assert.Equal(t, cfn.StatusSuccess, answer.Status)
	assert.Equal(t, bucket, answer.PhysicalResourceID)
}

// The publisher has one target, and names an item without a published form in the queue.
func TestPublisherPublishes(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:000000000000:webhook-events-test"
	keys, image := table.EncodeImage(table.ToItem(event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Timestamp: 1_780_000_000_000, Provider: "stripe", Category: event.PaymentSucceeded,
	}))
	change := publisher.Change{SequenceNumber: "1", Keys: keys, NewImage: image}
	poison := change
	poison.NewImage = nil
	batch := publisher.Batch{Records: []publisher.Record{
		{EventName: publisher.Inserted, Change: change}, {EventName: publisher.Inserted, Change: poison},
	}}
	for target, variable := range map[string]string{
		"Publish":             contract.TopicARNVar + "=" + topic,
		"AWSEvents.PutEvents": contract.EventBusVar + "=webhook-events-test",
	} {
		aws := newCloud(t, "")
		var failures events.DynamoDBEventResponse
		log := invoke(t, contract.PublisherBinary,
			slices.Concat(configuration(contract.PublisherBinary), aws.environment(), []string{variable}), batch, &failures)
		assert.Empty(t, failures.BatchItemFailures, log)
		require.Len(t, aws.inputs(target), 1, log)
		sent := fmt.Sprint(aws.inputs(target)[0])
		assert.Contains(t, sent, strings.SplitN(variable, "=", 2)[1])
		assert.Contains(t, sent, `"source":"urn:paysluice:000000000000:us-east-1:test"`)
		assert.Contains(t, sent, `"table":"WebhookEvents-test"`)
		unpublished := aws.inputs("AmazonSQS.SendMessage")
		require.Len(t, unpublished, 1, log)
		assert.Equal(t, `{"eventId":"stripe:evt_1","timestamp":1780000000000,"reason":"unreadable"}`, unpublished[0]["MessageBody"])
	}
}

func TestPublisherNeedsOneTarget(t *testing.T) {
	for _, targets := range [][]string{nil, {contract.TopicARNVar + "=arn", contract.EventBusVar + "=bus"}} {
		message := startError(t, contract.PublisherBinary, append(configuration(contract.PublisherBinary), targets...))
		assert.Equal(t, "set exactly one of the variables TOPIC_ARN and EVENT_BUS", message)
	}
}

// invoke starts a function, invokes it with one event and stops it. It returns
// the function's log.
func invoke(t *testing.T, binary string, env []string, event, response any) (log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // the reconciler keeps 20 s of it
	defer cancel()
	function, err := runtimeapi.Start(ctx, filepath.Join(binaries, binary), withCounters(env))
	require.NoError(t, err)
	payload, err := json.Marshal(event)
	require.NoError(t, err)
	answer, err := function.Invoke(ctx, payload)
	assert.NoError(t, function.Stop())
	require.NoError(t, err, function.Logs())
	require.NoError(t, json.Unmarshal(answer, response), "%s", answer)
	return function.Logs()
}
