package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

type shippedFunction struct {
	name, binary      string
	memoryMB, timeout int
}

// shippedFunctions returns the functions of the stack with the made-up providers,
// by the prefix of their logical ids.
func shippedFunctions() map[string]shippedFunction {
	all := map[string]shippedFunction{
		"Authorizer": {"webhook-authorizer", contract.AuthorizerBinary, 256, 3},
		"Consumer":   {"event-consumer", contract.ConsumerBinary, 256, 30},
		"Archiver":   {"dlq-archiver", contract.ArchiverBinary, 256, 30},
		"Emptier":    {"bucket-emptier", contract.EmptierBinary, 256, 900},
		"Publisher":  {"event-publisher", contract.PublisherBinary, 128, 30},
		"Reconciler": {"event-reconciler", contract.ReconcilerBinary, 512, 840},
	}
	for _, p := range withMadeUp().Providers {
		all[p.Title+"Processor"] = shippedFunction{p.Name + "-processor", contract.ProcessorBinary, 256, 9}
	}
	return all
}

func functionRequirements() []requirement {
	return []requirement{
		{
			says: "the functions, their names, zips, memory and timeouts",
			holds: func(t require.TestingT, d document) {
				require.Len(t, d.ofType("AWS::Lambda::Function"), len(shippedFunctions()))
				for id, want := range shippedFunctions() {
					f := d.Resources[id+"Function"]
					assert.Equal(t, want.name+"-dev", f.Properties["FunctionName"])
					assert.Equal(t, map[string]any{"S3Bucket": "code", "S3Key": "0123456789ab/" + want.binary + "-arm64.zip"}, f.Properties["Code"])
					assert.Contains(t, contract.Binaries(), want.binary, "the zip is built")
					assert.Equal(t, want.memoryMB, decode[int](t, f, "MemorySize"), id)
					assert.Equal(t, want.timeout, decode[int](t, f, "Timeout"), id)
				}
			},
			breaks: []mutation{
				drop("ArchiverFunction"),
				set("ArchiverFunction.Properties.Code.S3Key", "0123456789ab/emptier-arm64.zip"),
				set("ArchiverFunction.Properties.Code.S3Key", "0123456789ab/archiver.zip"),
				set("ConsumerFunction.Properties.FunctionName", "event-consumer"),
				drop("ConsumerFunction.Properties.Timeout"), // 3 s
				drop("StripeProcessorFunction.Properties.MemorySize"),
			},
		},
		{
			says: "each runs on provided.al2023, logs JSON to its own group for 30 days, and has an encrypted environment",
			holds: eachFunction(func(t require.TestingT, d document, id string, f resource) {
				assert.Equal(t, "provided.al2023", f.Properties["Runtime"], id)
				assert.Equal(t, []any{"arm64"}, f.Properties["Architectures"], id)
				group := stem(id) + "LogGroup"
				assert.Equal(t, map[string]any{"LogFormat": "JSON", "ApplicationLogLevel": logLevel, "LogGroup": group}, f.Properties["LoggingConfig"])
				assert.Equal(t, 30, decode[int](t, d.Resources[group], "RetentionInDays"), id)
				assert.Subset(t, decode[map[string]string](t, f, "Environment.Variables"), map[string]string{
					contract.EnvironmentVar: "dev", contract.LogLevelVar: logLevel, "GOMAXPROCS": "1",
				}, id)
				assert.Less(t, decode[int](t, f, "MemorySize"), 1769, "%s: less than one vCPU", id)
				assert.Equal(t, "Key.Arn", f.Properties["KmsKeyArn"], id)
			}),
			breaks: []mutation{
				set("ConsumerFunction.Properties.Runtime", "provided.al2"),
				drop("ArchiverFunction.Properties.Architectures"), // x86_64
				set("ArchiverFunction.Properties.LoggingConfig.LogGroup", "ConsumerLogGroup"),
				drop("ArchiverFunction.Properties.LoggingConfig.LogFormat"),
				drop("EmptierLogGroup.Properties.RetentionInDays"), // for ever
				drop("EmptierFunction.Properties.Environment.Variables.ENVIRONMENT"),
				drop("StripeProcessorFunction.Properties.Environment.Variables.GOMAXPROCS"),
				set("AuthorizerFunction.Properties.MemorySize", 1769),
				drop("AuthorizerFunction.Properties.KmsKeyArn"),
			},
		},
		{
			says: "the consumer knows table and dead-letter queue; the archiver the bucket; both the roles of the processors",
			holds: func(t require.TestingT, d document) {
				var roles string
				for _, p := range withMadeUp().Providers {
					roles += "," + p.Name + "=" + p.Title + "ProcessorRole.RoleId"
				}
				roles = strings.TrimPrefix(roles, ",") + ",*=ReconcilerRole.RoleId" // under the condition Refills
				for id, want := range map[string]map[string]string{
					"ConsumerFunction": {
						contract.TableNameVar:          "EventsTable",
						contract.GuardTableNameVar:     "GuardTable",
						contract.DeadLetterQueueURLVar: "DeadLetterQueue",
						contract.SendersVar:            roles,
					},
					"ArchiverFunction": {contract.BucketNameVar: "FailedWebhooks", contract.SendersVar: roles},
				} {
					assert.Subset(t, decode[map[string]string](t, d.Resources[id], "Environment.Variables"), want, id)
				}
			},
			breaks: []mutation{
				drop("ConsumerFunction.Properties.Environment.Variables.DEAD_LETTER_QUEUE_URL"),
				drop("ArchiverFunction.Properties.Environment.Variables.BUCKET_NAME"),
				drop("ArchiverFunction.Properties.Environment.Variables.SENDERS"),
				set("ConsumerFunction.Properties.Environment.Variables.SENDERS", "stripe=PayPalProcessorRole.RoleId"),
			},
		},
		{
			says: "the functions behind the API can have a reserved concurrency, the pollers' have none",
			holds: eachFunction(func(t require.TestingT, _ document, id string, f resource) {
				intake := id == "AuthorizerFunction" || strings.HasSuffix(id, "ProcessorFunction")
				assert.Equal(t, intake, f.Properties["ReservedConcurrentExecutions"] != nil, id)
			}),
			breaks: []mutation{
				drop("AuthorizerFunction.Properties.ReservedConcurrentExecutions"),
				set("ConsumerFunction.Properties.ReservedConcurrentExecutions", 5),
			},
		},
		{
			says:  "Lambda polls each queue for its function in batches of ten, retries only failed messages, with bounded concurrency",
			holds: eventSources,
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

// eachFunction returns a check that applies check to each function.
func eachFunction(check func(t require.TestingT, d document, id string, f resource)) func(require.TestingT, document) {
	return func(t require.TestingT, d document) {
		functions := d.ofType("AWS::Lambda::Function")
		require.NotEmpty(t, functions)
		for id, f := range functions {
			check(t, d, id, f)
		}
	}
}

func eventSources(t require.TestingT, d document) {
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
		assert.GreaterOrEqual(t, visibility, 6*timeout, "as AWS recommends")
	}
	assert.Len(t, d.ofType("AWS::Lambda::EventSourceMapping"), 3) // the third reads a stream
}

// stem returns the prefix of a function's logical ids.
func stem(function string) string { return strings.TrimSuffix(function, "Function") }

// Off, no role may send traces: a sender that asks for a trace causes none.
func TestTracingIsOneParameter(t *testing.T) {
	for _, on := range []bool{true, false} {
		without, mode := []string{"Traces"}, "PassThrough"
		if on {
			without, mode = nil, "Active"
		}
		d := build(t, withMadeUp(), "dev", without...)
		assert.Equal(t, "false", *d.Parameters[tracing].Default)
		assert.Equal(t, tracing, d.Resources["Stage"].Properties["TracingEnabled"])
		eachFunction(func(t require.TestingT, d document, id string, f resource) {
			assert.Equal(t, mode, decode[string](t, f, "TracingConfig.Mode"), id)
			assert.Equal(t, on, slices.Contains(grantsOf(t, d.Resources[stem(id)+"Role"]), "xray:PutTraceSegments on *"), id)
		})(t, d)
	}
}

// Lambda refuses a reservation of 0, which would stop the function.
func TestReservationNeedsANumber(t *testing.T) {
	for _, condition := range []string{"ReservesForAuthorizer", "ReservesForProcessors"} {
		d := build(t, withMadeUp(), "dev", condition)
		for id, f := range d.ofType("AWS::Lambda::Function") {
			of := id == "AuthorizerFunction" && condition == "ReservesForAuthorizer" ||
				strings.HasSuffix(id, "ProcessorFunction") && condition == "ReservesForProcessors"
			if of {
				assert.NotContains(t, f.Properties, "ReservedConcurrentExecutions", id)
			}
		}
	}
}

func TestGOMAXPROCS(t *testing.T) {
	for _, row := range []struct {
		why      string
		memoryMB int
		want     string
	}{
		{"a fourteenth of a vCPU is a thread", 128, "1"},
		{"exactly one", 1769, "1"},
		{"a little more than one", 1770, "2"},
		{"Lambda's maximum: six", 10_240, "6"},
	} {
		assert.Equal(t, row.want, goRuntime(row.memoryMB)["GOMAXPROCS"], row.why)
	}
}

func queueRequirements() []requirement {
	rows := []requirement{
		property("webhook-queue keeps messages 7 days", "WebhookQueue", "MessageRetentionPeriod", 7*24*3600),
		property("webhook-dlq keeps messages 14 days", "DeadLetterQueue", "MessageRetentionPeriod", 14*24*3600),
		property("a message received three times goes to webhook-dlq", "WebhookQueue", "RedrivePolicy",
			map[string]any{"deadLetterTargetArn": "DeadLetterQueue.Arn", "maxReceiveCount": 3}),
		property("webhook-dlq accepts only messages of webhook-queue", "DeadLetterQueue", "RedriveAllowPolicy",
			redriveAllowPolicy{RedrivePermission: "byQueue", SourceQueueARNs: []string{"arn:aws:sqs:us-east-1:123456789012:webhook-queue-dev"}}),
	}
	for _, id := range []string{"WebhookQueue", "DeadLetterQueue", "UnpublishedQueue"} {
		rows = append(rows,
			property(id+" hides a received message for 300 s", id, "VisibilityTimeout", 300),
			property(id+" takes the largest messages, 1 MiB", id, "MaximumMessageSize", 1024*1024),
			property(id+" has a policy", id+"Policy", "Queues", []string{id}),
			property(id+" denies everybody access without TLS", id+"Policy", "PolicyDocument.Statement",
				[]statement{plainHTTPDenied("sqs:*", id+".Arn")}),
		)
	}
	return rows
}

// plainHTTPDenied returns the statement that denies access without TLS.
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
