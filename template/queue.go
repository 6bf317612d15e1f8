package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/sqs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

const daySeconds = 24 * 3600

const (
	maxMessageBytes = 1 << 20 // the maximum of SQS

	queueRetentionDays = 7
	// deadLetterRetentionDays is longer, because a redriven message keeps its original
	// send time. 14 days is the maximum of SQS.
	deadLetterRetentionDays = 14
)

// Ids of the queues.
const (
	webhookQueueID    = "WebhookQueue"
	deadLetterQueueID = "DeadLetterQueue"
)

type queues struct {
	events     cfn.ID // webhook-queue
	deadLetter cfn.ID // webhook-dlq
}

type redrivePolicy struct {
	DeadLetterTargetARN string `json:"deadLetterTargetArn"`
	MaxReceiveCount     string `json:"maxReceiveCount"`
}

type redriveAllowPolicy struct {
	RedrivePermission string   `json:"redrivePermission"`
	SourceQueueARNs   []string `json:"sourceQueueArns"`
}

// addQueues adds both queues.
func (s *stack) addQueues() queues {
	deadLetter := s.addQueue(deadLetterQueueID, DeadLetterQueueName, &sqs.Queue{
		MessageRetentionPeriod: new(deadLetterRetentionDays * daySeconds),
		// By name, because webhook-queue refers to this queue.
		RedriveAllowPolicy: redriveAllowPolicy{
			RedrivePermission: "byQueue",
			SourceQueueARNs:   []string{namedARN("sqs", "", QueueName)},
		},
		AWSCloudFormationMetadata: suppressed(suppression{rule: "Serverless-SQSRedrivePolicy",
			reason: "It is the dead-letter queue. Messages that cannot be archived stay in it and page."}),
	})
	events := s.addQueue(webhookQueueID, QueueName, &sqs.Queue{
		MessageRetentionPeriod: new(queueRetentionDays * daySeconds),
		RedrivePolicy: redrivePolicy{
			DeadLetterTargetARN: deadLetter.Att("Arn"),
			MaxReceiveCount:     cfn.Ref(maxReceiveCount),
		},
	})
	s.Output("QueueUrl", cfn.Output{Description: "URL of " + QueueName + ".", Value: events.Ref()})
	s.Output("DeadLetterQueueUrl", cfn.Output{Description: "URL of " + DeadLetterQueueName + ".", Value: deadLetter.Ref()})
	return queues{events: events, deadLetter: deadLetter}
}

// addQueue adds a queue with the properties that all share, and its policy.
func (s *stack) addQueue(id, name string, q *sqs.Queue) cfn.ID {
	q.QueueName = new(named(name))
	q.VisibilityTimeout = new(contract.QueueVisibilitySeconds)
	q.MaximumMessageSize = new(maxMessageBytes)
	q.KmsMasterKeyId = new(keyARN())
	q.AWSCloudFormationDeletionPolicy = destroy
	q.AWSCloudFormationUpdateReplacePolicy = destroy
	queue := s.Add(id, q)
	s.Add(id+"Policy", &sqs.QueuePolicy{
		Queues:         []string{queue.Ref()},
		PolicyDocument: newPolicy(denyPlainHTTP("sqs:*", queue.Att("Arn"))),

		AWSCloudFormationCondition: q.AWSCloudFormationCondition,
	})
	return queue
}
