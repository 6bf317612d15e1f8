package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/sqs"

	"github.com/paysluice/paysluice/template/cfn"
)

const (
	// queueVisibilitySeconds is at least six times the timeout of the queue's
	// consumer, which leaves Lambda room to retry a throttled batch (Lambda
	// Developer Guide, "Using Lambda with Amazon SQS").
	queueVisibilitySeconds = 300
	maxReceiveCount        = 3
	maxMessageBytes        = 1 << 20 // the most SQS takes

	queueRetentionSeconds = 7 * 24 * 3600
	// A redriven message keeps the time it was first sent, so the dead-letter
	// queue must keep longer; 14 days is the most SQS allows.
	deadLetterRetentionSeconds = 14 * 24 * 3600
)

type queues struct {
	events     cfn.ID // webhook-queue
	deadLetter cfn.ID // webhook-dlq
}

type redrivePolicy struct {
	DeadLetterTargetARN string `json:"deadLetterTargetArn"`
	MaxReceiveCount     int    `json:"maxReceiveCount"`
}

type redriveAllowPolicy struct {
	RedrivePermission string   `json:"redrivePermission"`
	SourceQueueARNs   []string `json:"sourceQueueArns"`
}

func (s *stack) addQueues() queues {
	deadLetter := s.addQueue("DeadLetterQueue", &sqs.Queue{
		QueueName:              new(named(DeadLetterQueueName)),
		MessageRetentionPeriod: new(deadLetterRetentionSeconds),
		// By name, since webhook-queue already refers to this queue.
		RedriveAllowPolicy: redriveAllowPolicy{
			RedrivePermission: "byQueue",
			SourceQueueARNs:   []string{namedARN("sqs", "", QueueName)},
		},
	})
	events := s.addQueue("WebhookQueue", &sqs.Queue{
		QueueName:              new(named(QueueName)),
		MessageRetentionPeriod: new(queueRetentionSeconds),
		RedrivePolicy: redrivePolicy{
			DeadLetterTargetARN: deadLetter.Att("Arn"),
			MaxReceiveCount:     maxReceiveCount,
		},
	})
	return queues{events: events, deadLetter: deadLetter}
}

// addQueue adds a queue with what both have in common, and its policy.
func (s *stack) addQueue(id string, q *sqs.Queue) cfn.ID {
	q.VisibilityTimeout = new(queueVisibilitySeconds)
	q.MaximumMessageSize = new(maxMessageBytes)
	q.KmsMasterKeyId = new(keyARN())
	q.AWSCloudFormationDeletionPolicy = destroy
	q.AWSCloudFormationUpdateReplacePolicy = destroy
	queue := s.Add(id, q)
	s.Add(id+"Policy", &sqs.QueuePolicy{
		Queues:         []string{queue.Ref()},
		PolicyDocument: newPolicy(denyPlainHTTP("sqs:*", queue.Att("Arn"))),
	})
	return queue
}
