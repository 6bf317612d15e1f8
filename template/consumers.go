package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/lambda"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// consumerConcurrency bounds the load on the table, without the throttled
// invocations, each of which would use up a receive, that reserved concurrency
// brings. 50 batches of 10 in about 100 ms are 5,000 events a second: more
// than three providers at the stage's throttle can send.
const consumerConcurrency = 50

// addConsumer adds the function that stores events, and its queue poller.
func (s *stack) addConsumer(q queues, table, emptied cfn.ID) cfn.ID {
	consumer := s.addFunction(function{
		id:          "Consumer",
		name:        contract.ConsumerName,
		binary:      contract.ConsumerBinary,
		description: "Stores the events of " + QueueName + " in " + contract.TableName + ".",
		// A batch, at most 6 MB of JSON, fits many times over.
		memoryMB: 256,
		// Ten puts at once, with retries; a tenth of the queue's visibility.
		timeoutSeconds: 30,
		environment: map[string]string{
			contract.TableNameVar:          table.Ref(),
			contract.RetentionDaysVar:      cfn.Ref(eventRetentionDays),
			contract.DeadLetterQueueURLVar: q.deadLetter.Ref(),
		},
		policy: []statement{
			allow("ReceiveEvents", []string{
				"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
			}, q.events.Att("Arn")),
			allow("StoreEvents", []string{"dynamodb:PutItem"}, table.Att("Arn")),
			allow("KeepConflicts", []string{"sqs:SendMessage"}, q.deadLetter.Att("Arn")),
			// Decrypt to receive, both to send.
			useKey("UseKeyForQueues", "sqs", "kms:GenerateDataKey", "kms:Decrypt"),
			// DynamoDB decrypts the table's key in the caller's name, for
			// writes too (aws/aws-cdk#10010).
			useKey("UseKeyForTable", "dynamodb", "kms:Decrypt"),
		},
	})
	s.Add("ConsumerMapping", &lambda.EventSourceMapping{
		EventSourceArn:        new(q.events.Att("Arn")),
		FunctionName:          consumer.Ref(),
		BatchSize:             new(10),
		FunctionResponseTypes: []string{"ReportBatchItemFailures"},
		ScalingConfig: &lambda.EventSourceMapping_ScalingConfig{
			MaximumConcurrency: new(consumerConcurrency),
		},
		// A dead letter of the consumer's ends in the bucket too.
		AWSCloudFormationDependsOn: []string{string(emptied)},
	})
	return consumer
}

// archiverConcurrency is enough: 10 batches of 10 objects in some 300 ms each.
// There is no hurry, dead letters are kept for two weeks.
const archiverConcurrency = 10

// archivedKeys matches {provider}/{yyyy}/{mm}/{dd}/{name}.json for whatever
// provider, and no large payload. To list the providers would be narrower, and
// wrong: a dead letter of one that an update took out of the stack still has its
// name, and could never be archived.
const archivedKeys = "*/????/??/??/*.json"

// addArchiver adds the function that moves dead letters to the bucket, and its
// queue poller.
func (s *stack) addArchiver(q queues, bucket, emptied cfn.ID) cfn.ID {
	archiver := s.addFunction(function{
		id:          "Archiver",
		name:        contract.ArchiverName,
		binary:      contract.ArchiverBinary,
		description: "Moves what could not be stored from " + DeadLetterQueueName + " to the bucket.",
		// A batch, at most 6 MB of JSON, fits many times over.
		memoryMB: 256,
		// Ten objects at once, with retries; a tenth of the queue's visibility.
		timeoutSeconds: 30,
		environment:    map[string]string{contract.BucketNameVar: bucket.Ref()},
		policy: []statement{
			allow("ReceiveDeadLetters", []string{
				"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
			}, q.deadLetter.Att("Arn")),
			allow("ArchiveDeadLetters", []string{"s3:PutObject"}, objects(bucket, archivedKeys)),
			useKey("UseKeyForQueues", "sqs", "kms:Decrypt"),
			useKey("UseKeyForBucket", "s3", "kms:GenerateDataKey"),
		},
		wildcards: []suppression{objectsOnly(bucket, archivedKeys)},
	})
	s.Add("ArchiverMapping", &lambda.EventSourceMapping{
		EventSourceArn:        new(q.deadLetter.Att("Arn")),
		FunctionName:          archiver.Ref(),
		BatchSize:             new(10),
		FunctionResponseTypes: []string{"ReportBatchItemFailures"},
		ScalingConfig: &lambda.EventSourceMapping_ScalingConfig{
			MaximumConcurrency: new(archiverConcurrency),
		},
		AWSCloudFormationDependsOn: []string{string(emptied)},
	})
	return archiver
}
