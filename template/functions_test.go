package template

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// shipped is what each function of the stack with the made-up provider is.
func shipped() map[string]struct {
	name, binary      string
	memoryMB, timeout int
} {
	return map[string]struct {
		name, binary      string
		memoryMB, timeout int
	}{
		"AuthorizerFunction":      {"webhook-authorizer-dev", contract.AuthorizerBinary, 256, 3},
		"StripeProcessorFunction": {"stripe-processor-dev", contract.ProcessorBinary, 256, 9},
		"PayPalProcessorFunction": {"paypal-processor-dev", contract.ProcessorBinary, 256, 9},
		"SquareProcessorFunction": {"square-processor-dev", contract.ProcessorBinary, 256, 9},
		"AcmeProcessorFunction":   {"acme-processor-dev", contract.ProcessorBinary, 256, 9},
		"ConsumerFunction":        {"event-consumer-dev", contract.ConsumerBinary, 256, 30},
		"ArchiverFunction":        {"dlq-archiver-dev", contract.ArchiverBinary, 256, 30},
		"EmptierFunction":         {"bucket-emptier-dev", contract.EmptierBinary, 256, 900},
	}
}

func functionRequirements() []requirement {
	return []requirement{
		{
			says: "the functions are these, each from its own zip, with chosen memory and time-out",
			holds: func(t require.TestingT, d document) {
				functions := d.ofType("AWS::Lambda::Function")
				require.Equal(t, ids(shipped()), ids(functions))
				for id, want := range shipped() {
					f := functions[id]
					assert.Equal(t, want.name, f.Properties["FunctionName"])
					assert.Equal(t, "0123456789ab/"+want.binary+".zip", decode[string](t, f, "Code.S3Key"), id)
					assert.Equal(t, "code", decode[string](t, f, "Code.S3Bucket"), id)
					assert.Contains(t, contract.Binaries(), want.binary, "the zip is built")
					assert.Equal(t, want.memoryMB, decode[int](t, f, "MemorySize"), id)
					assert.Equal(t, want.timeout, decode[int](t, f, "Timeout"), id)
				}
			},
			breaks: []mutation{
				drop("ArchiverFunction"),
				set("ArchiverFunction.Properties.Code.S3Key", "0123456789ab/emptier.zip"),
				set("ConsumerFunction.Properties.FunctionName", "event-consumer"),
				drop("ConsumerFunction.Properties.Timeout"), // 3 s
				drop("StripeProcessorFunction.Properties.MemorySize"),
			},
		},
		{
			says: "they run on provided.al2023 and the architecture of the zips",
			holds: eachFunction(func(t require.TestingT, _ document, id string, f resource) {
				assert.Equal(t, "provided.al2023", f.Properties["Runtime"], id)
				assert.Equal(t, []string{"arm64"}, decode[[]string](t, f, "Architectures"), id)
			}),
			breaks: []mutation{
				set("ConsumerFunction.Properties.Runtime", "provided.al2"),
				drop("ArchiverFunction.Properties.Architectures"), // x86_64
			},
		},
		{
			says: "each logs JSON into a group of its own, at the stack's level, kept 30 days",
			holds: func(t require.TestingT, d document) {
				groups := map[string]string{}
				eachFunction(func(t require.TestingT, d document, id string, f resource) {
					assert.Equal(t, "JSON", decode[string](t, f, "LoggingConfig.LogFormat"), id)
					assert.Equal(t, logLevel, decode[string](t, f, "LoggingConfig.ApplicationLogLevel"), id)
					group := decode[string](t, f, "LoggingConfig.LogGroup")
					assert.Empty(t, groups[group], "%s logs into the group of %s", id, groups[group])
					groups[group] = id
					assert.Equal(t, "/aws/lambda/"+decode[string](t, f, "FunctionName"), d.Resources[group].Properties["LogGroupName"])
				})(t, d)
				groups["AccessLogGroup"] = "Stage"
				assert.Equal(t, ids(groups), ids(d.ofType("AWS::Logs::LogGroup")))
				for id, group := range d.ofType("AWS::Logs::LogGroup") {
					assert.Equal(t, 30, decode[int](t, group, "RetentionInDays"), id)
				}
			},
			breaks: []mutation{
				drop("ArchiverFunction.Properties.LoggingConfig.LogGroup"),
				set("ArchiverFunction.Properties.LoggingConfig.LogGroup", "ConsumerLogGroup"),
				drop("ArchiverFunction.Properties.LoggingConfig.LogFormat"),
				drop("EmptierLogGroup.Properties.RetentionInDays"), // for ever
			},
		},
		{
			says: "each knows its environment and level, and its variables are encrypted with the key",
			holds: eachFunction(func(t require.TestingT, _ document, id string, f resource) {
				variables := decode[map[string]string](t, f, "Environment.Variables")
				assert.Equal(t, "dev", variables[contract.EnvironmentVar], id)
				assert.Equal(t, logLevel, variables[contract.LogLevelVar], id)
				assert.Equal(t, "Key.Arn", f.Properties["KmsKeyArn"], id)
			}),
			breaks: []mutation{
				drop("EmptierFunction.Properties.Environment.Variables.ENVIRONMENT"),
				drop("ArchiverFunction.Properties.Environment.Variables.LOG_LEVEL"),
				drop("AuthorizerFunction.Properties.KmsKeyArn"),
			},
		},
		{
			says: "Go's runtime knows how much of a processor it has: less than one vCPU below 1,769 MB",
			holds: eachFunction(func(t require.TestingT, _ document, id string, f resource) {
				variables := decode[map[string]string](t, f, "Environment.Variables")
				assert.Less(t, decode[int](t, f, "MemorySize"), 1769, id)
				assert.Equal(t, "1", variables["GOMAXPROCS"], id)
			}),
			breaks: []mutation{
				drop("StripeProcessorFunction.Properties.Environment.Variables.GOMAXPROCS"),
				set("AuthorizerFunction.Properties.MemorySize", 1769),
			},
		},
		{
			says: "the consumer knows table, retention and dead-letter queue; the archiver the bucket",
			holds: func(t require.TestingT, d document) {
				for id, want := range map[string]map[string]string{
					"ConsumerFunction": {
						contract.TableNameVar:          "EventsTable",
						contract.RetentionDaysVar:      eventRetentionDays,
						contract.DeadLetterQueueURLVar: "DeadLetterQueue",
					},
					"ArchiverFunction": {contract.BucketNameVar: "FailedWebhooks"},
				} {
					variables := decode[map[string]string](t, d.Resources[id], "Environment.Variables")
					assert.Subset(t, variables, want, id)
				}
			},
			breaks: []mutation{
				set("ConsumerFunction.Properties.Environment.Variables.EVENT_RETENTION_DAYS", "0"),
				drop("ConsumerFunction.Properties.Environment.Variables.DEAD_LETTER_QUEUE_URL"),
				drop("ArchiverFunction.Properties.Environment.Variables.BUCKET_NAME"),
			},
		},
		{
			says:  "each queue feeds its function in batches of ten, of which only what failed comes again, with bounded concurrency",
			holds: eachQueueFeeds,
			breaks: []mutation{
				set("ConsumerMapping.Properties.EventSourceArn", "DeadLetterQueue.Arn"),
				set("ArchiverMapping.Properties.FunctionName", "ConsumerFunction"),
				drop("ArchiverMapping.Properties.FunctionResponseTypes"),
				drop("ConsumerMapping.Properties.ScalingConfig"),
				set("ConsumerMapping.Properties.ScalingConfig.MaximumConcurrency", 1), // Lambda takes 2 to 1,000
				set("ConsumerMapping.Properties.BatchSize", 100),
				set("ConsumerMapping.Properties.Enabled", false),
				set("ConsumerFunction.Properties.Timeout", 60),
				set("DeadLetterQueue.Properties.VisibilityTimeout", 30),
			},
		},
	}
}

// eachFunction holds where check does for each function.
func eachFunction(check func(t require.TestingT, d document, id string, f resource)) func(require.TestingT, document) {
	return func(t require.TestingT, d document) {
		functions := d.ofType("AWS::Lambda::Function")
		require.NotEmpty(t, functions)
		for id, f := range functions {
			check(t, d, id, f)
		}
	}
}

func eachQueueFeeds(t require.TestingT, d document) {
	for queue, stem := range map[string]string{"WebhookQueue": "Consumer", "DeadLetterQueue": "Archiver"} {
		mapping := d.Resources[stem+"Mapping"]
		assert.Equal(t, queue+".Arn", mapping.Properties["EventSourceArn"])
		assert.Equal(t, stem+"Function", mapping.Properties["FunctionName"])
		assert.NotEqual(t, false, mapping.Properties["Enabled"])
		assert.Equal(t, []string{"ReportBatchItemFailures"}, decode[[]string](t, mapping, "FunctionResponseTypes"))
		assert.Equal(t, 10, decode[int](t, mapping, "BatchSize"))
		concurrency := decode[int](t, mapping, "ScalingConfig.MaximumConcurrency")
		assert.True(t, 2 <= concurrency && concurrency <= 1000, "%d", concurrency)

		timeout := decode[int](t, d.Resources[stem+"Function"], "Timeout")
		visibility := decode[int](t, d.Resources[queue], "VisibilityTimeout")
		assert.GreaterOrEqual(t, visibility, 6*timeout, "what AWS advises")
	}
	assert.Len(t, d.ofType("AWS::Lambda::EventSourceMapping"), 2)
}

// stem is what begins the logical ids of a function and of what is its own.
func stem(function string) string { return strings.TrimSuffix(function, "Function") }

func queueRequirements() []requirement {
	return []requirement{
		{
			says: "webhook-queue keeps 7 days, webhook-dlq 14; both take 1 MiB and hide a message for 300 s",
			holds: func(t require.TestingT, d document) {
				for id, want := range map[string]struct {
					name string
					days int
				}{
					"WebhookQueue":    {"webhook-queue-dev", 7},
					"DeadLetterQueue": {"webhook-dlq-dev", 14},
				} {
					q := d.Resources[id]
					assert.Equal(t, want.name, q.Properties["QueueName"])
					assert.Equal(t, want.days*24*3600, decode[int](t, q, "MessageRetentionPeriod"), id)
					assert.Equal(t, 300, decode[int](t, q, "VisibilityTimeout"), id)
					assert.Equal(t, 1024*1024, decode[int](t, q, "MaximumMessageSize"), id)
				}
			},
			breaks: []mutation{
				drop("WebhookQueue.Properties.MessageRetentionPeriod"), // 4 days
				set("DeadLetterQueue.Properties.MessageRetentionPeriod", 7*24*3600),
				drop("WebhookQueue.Properties.VisibilityTimeout"),
				set("DeadLetterQueue.Properties.MaximumMessageSize", 256*1024),
			},
		},
		{
			says: "what is received three times goes to webhook-dlq, which takes it from webhook-queue only",
			holds: func(t require.TestingT, d document) {
				assert.Equal(t, redrivePolicy{DeadLetterTargetARN: "DeadLetterQueue.Arn", MaxReceiveCount: 3},
					decode[redrivePolicy](t, d.Resources["WebhookQueue"], "RedrivePolicy"))
				assert.Equal(t, redriveAllowPolicy{
					RedrivePermission: "byQueue",
					SourceQueueARNs:   []string{"arn:aws:sqs:us-east-1:123456789012:webhook-queue-dev"},
				}, decode[redriveAllowPolicy](t, d.Resources["DeadLetterQueue"], "RedriveAllowPolicy"))
			},
			breaks: []mutation{
				drop("WebhookQueue.Properties.RedrivePolicy"),
				set("WebhookQueue.Properties.RedrivePolicy.maxReceiveCount", 5),
				set("DeadLetterQueue.Properties.RedriveAllowPolicy.redrivePermission", "allowAll"),
			},
		},
		{
			says:  "both refuse plain HTTP, whoever asks",
			holds: queuesRefusePlainHTTP,
			breaks: []mutation{
				drop("DeadLetterQueuePolicy"),
				set("WebhookQueuePolicy.Properties.PolicyDocument.Statement.0.Effect", "Allow"),
				set("WebhookQueuePolicy.Properties.PolicyDocument.Statement.0.Action.0", "sqs:SendMessage"),
				set("WebhookQueuePolicy.Properties.PolicyDocument.Statement.0.Resource.0", "DeadLetterQueue.Arn"),
				drop("WebhookQueuePolicy.Properties.PolicyDocument.Statement.0.Condition"),
			},
		},
	}
}

func queuesRefusePlainHTTP(t require.TestingT, d document) {
	covered := map[string]statement{}
	for _, p := range d.ofType("AWS::SQS::QueuePolicy") {
		all := statements(t, p, "PolicyDocument")
		require.Len(t, all, 1)
		for _, queue := range decode[[]string](t, p, "Queues") {
			covered[queue] = all[0]
		}
	}
	require.Equal(t, ids(d.ofType("AWS::SQS::Queue")), ids(covered))
	for queue, s := range covered {
		assert.Equal(t, plainHTTPDenied("sqs:*", queue+".Arn"), s)
	}
}

// plainHTTPDenied is the statement that keeps connections without TLS off.
func plainHTTPDenied(action string, resources ...string) statement {
	return statement{
		Sid:       "DenyPlainHttp",
		Effect:    "Deny",
		Principal: &principal{AWS: "*"},
		Action:    []string{action},
		Resource:  resources,
		Condition: &condition{Bool: map[string]string{"aws:SecureTransport": "false"}},
	}
}

func TestGoUsesAsManyThreadsAsThereAreVCPUs(t *testing.T) {
	for _, row := range []struct {
		why      string
		memoryMB int
		want     string
	}{
		{"a fourteenth of a vCPU is still a thread", 128, "1"},
		{"exactly one", 1769, "1"},
		{"a little more than one", 1770, "2"},
		{"the most that Lambda has: six", 10_240, "6"},
	} {
		assert.Equal(t, row.want, goRuntime(row.memoryMB)["GOMAXPROCS"], row.why)
	}
}
