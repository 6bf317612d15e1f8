package template

import (
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
