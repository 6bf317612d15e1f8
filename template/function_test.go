package template

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
)

func TestFunctions(t *testing.T) {
	common := map[string]string{contract.EnvironmentVar: "dev", contract.LogLevelVar: logLevel}
	processor := func(provider, secret string) map[string]string {
		return with(common, map[string]string{
			contract.ProviderVar:           provider,
			contract.SecretARNVar:          secret + ".Id",
			contract.QueueURLVar:           "WebhookQueue",
			contract.DeadLetterQueueURLVar: "DeadLetterQueue",
		})
	}
	want := map[string]struct {
		name, binary string
		timeout      int
		environment  map[string]string
	}{
		"AuthorizerFunction":      {"webhook-authorizer-dev", "authorizer", 3, common},
		"StripeProcessorFunction": {"stripe-processor-dev", "processor", 9, processor("stripe", "StripeSecret")},
		"AcmeProcessorFunction":   {"acme-processor-dev", "processor", 9, processor("acme", "AcmeSecret")},
		"ConsumerFunction": {"event-consumer-dev", "consumer", 30, with(common, map[string]string{
			contract.TableNameVar:          "EventsTable",
			contract.RetentionDaysVar:      eventRetentionDays,
			contract.DeadLetterQueueURLVar: "DeadLetterQueue",
		})},
	}
	functions := build(t, withMadeUp(), "dev").ofType("AWS::Lambda::Function")
	assert.Equal(t, ids(want), ids(functions))
	for id, f := range functions {
		assert.Equal(t, want[id].name, f.Properties["FunctionName"], id)
		assert.Equal(t, "0123456789ab/"+want[id].binary+".zip", decode[string](t, f, "Code.S3Key"), id)
		assert.Equal(t, "code", decode[string](t, f, "Code.S3Bucket"), id)
		assert.Equal(t, want[id].timeout, decode[int](t, f, "Timeout"), id)
		assert.Equal(t, want[id].environment, decode[map[string]string](t, f, "Environment.Variables"), id)
		assert.Equal(t, "Key.Arn", f.Properties["KmsKeyArn"], id)
		assert.Equal(t, "provided.al2023", f.Properties["Runtime"], id)
		assert.Equal(t, []string{"arm64"}, decode[[]string](t, f, "Architectures"), id)
		assert.Equal(t, logLevel, decode[string](t, f, "LoggingConfig.ApplicationLogLevel"), id)
		assert.Contains(t, contract.Binaries(), want[id].binary, "the zip is built")
	}
}

func TestConsumerIsFedByItsQueue(t *testing.T) {
	d := build(t, Options{}, "dev")
	mapping := d.Resources["ConsumerMapping"]
	assert.Equal(t, "WebhookQueue.Arn", mapping.Properties["EventSourceArn"])
	assert.Equal(t, "ConsumerFunction", mapping.Properties["FunctionName"])
	assert.Equal(t, []string{"ReportBatchItemFailures"}, decode[[]string](t, mapping, "FunctionResponseTypes"))
	assert.Equal(t, 10, decode[int](t, mapping, "BatchSize"))
	// Lambda takes 2 to 1,000.
	assert.GreaterOrEqual(t, decode[int](t, mapping, "ScalingConfig.MaximumConcurrency"), 2)

	timeout := decode[int](t, d.Resources["ConsumerFunction"], "Timeout")
	visibility := decode[int](t, d.Resources["WebhookQueue"], "VisibilityTimeout")
	assert.GreaterOrEqual(t, visibility, 6*timeout, "what AWS advises")
}

func with(m, more map[string]string) map[string]string {
	all := maps.Clone(m)
	maps.Copy(all, more)
	return all
}
