package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestQueues(t *testing.T) {
	d := build(t, Options{}, "dev")
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
}

func TestFailedEventsGoToTheDeadLetterQueue(t *testing.T) {
	d := build(t, Options{}, "dev")
	assert.Equal(t, redrivePolicy{DeadLetterTargetARN: "DeadLetterQueue.Arn", MaxReceiveCount: 3},
		decode[redrivePolicy](t, d.Resources["WebhookQueue"], "RedrivePolicy"))
	assert.Equal(t, redriveAllowPolicy{
		RedrivePermission: "byQueue",
		SourceQueueARNs:   []string{"arn:aws:sqs:us-east-1:123456789012:webhook-queue-dev"},
	}, decode[redriveAllowPolicy](t, d.Resources["DeadLetterQueue"], "RedriveAllowPolicy"))
}

func TestQueuesRefusePlainHTTP(t *testing.T) {
	d := build(t, Options{}, "dev")
	covered := map[string]statement{}
	for _, p := range d.ofType("AWS::SQS::QueuePolicy") {
		all := statements(t, p, "PolicyDocument")
		assert.Len(t, all, 1)
		for _, queue := range decode[[]string](t, p, "Queues") {
			covered[queue] = all[0]
		}
	}
	assert.Equal(t, ids(d.ofType("AWS::SQS::Queue")), ids(covered))
	for queue, s := range covered {
		assert.Equal(t, statement{
			Sid:       "DenyPlainHttp",
			Effect:    "Deny",
			Principal: &principal{AWS: "*"},
			Action:    []string{"sqs:*"},
			Resource:  []string{queue + ".Arn"},
			Condition: &condition{Bool: map[string]string{"aws:SecureTransport": "false"}},
		}, s)
	}
}
