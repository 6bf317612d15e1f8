package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/lambda"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

const (
	// queueTimeoutSeconds allows a batch, which is handled concurrently, its
	// retries.
	queueTimeoutSeconds = 30
	// queueMemoryMB holds the largest batch, 6 MB of JSON, many times over.
	queueMemoryMB = 256
)

// addConsumer adds the function that stores events, and its event source mapping.
// guards is the table of guards, or "".
func (s *stack) addConsumer(q queues, table, guards cfn.ID) cfn.ID {
	f := function{
		id:             "Consumer",
		name:           contract.ConsumerName,
		binary:         contract.ConsumerBinary,
		description:    "Stores the events of " + QueueName + " in " + contract.TableName + ".",
		memoryMB:       queueMemoryMB,
		timeoutSeconds: queueTimeoutSeconds,
		environment: map[string]string{
			contract.TableNameVar:          table.Ref(),
			contract.SendersVar:            s.senders(),
			contract.DeadLetterQueueURLVar: q.deadLetter.Ref(),
		},
		policy: []statement{
			receive("ReceiveEvents", q.events),
			allow("StoreEvents", []string{"dynamodb:PutItem"}, table.Att("Arn")),
			allow("KeepConflicts", []string{"sqs:SendMessage"}, q.deadLetter.Att("Arn")),
			// Receiving needs Decrypt, sending needs both.
			useKey("UseKeyForQueues", "sqs", "kms:GenerateDataKey", "kms:Decrypt"),
			// DynamoDB decrypts the table's key with the caller's permissions, for
			// writes too (aws/aws-cdk#10010).
			useKey("UseKeyForTable", "dynamodb", "kms:Decrypt"),
		},
	}
	if guards != "" {
		f.environment[contract.GuardTableNameVar] = guards.Ref()
		f.policy = append(f.policy, allow("GuardEvents", []string{"dynamodb:PutItem"}, guards.Att("Arn")))
	}
	consumer := s.addFunction(f)
	// The archiver writes the consumer's dead letters to the bucket, so the consumer has
	// to stop before the bucket is emptied. It names the table, which is deleted before.
	s.addEventSource("Consumer", q.events, consumer, consumerConcurrency)
	return consumer
}

// archivedKeys matches {provider}/{yyyy}/{mm}/{dd}/{name}.json for every provider,
// and no large payload.
const archivedKeys = "*/????/??/??/*.json"

// addArchiver adds the function that moves dead letters to the bucket, and its
// event source mapping.
func (s *stack) addArchiver(q queues, bucket, emptied cfn.ID) cfn.ID {
	archiver := s.addFunction(function{
		id:             "Archiver",
		name:           contract.ArchiverName,
		binary:         contract.ArchiverBinary,
		description:    "Moves the messages of " + DeadLetterQueueName + " to the bucket.",
		memoryMB:       queueMemoryMB,
		timeoutSeconds: queueTimeoutSeconds,
		environment: map[string]string{
			contract.BucketNameVar: bucket.Ref(),
			contract.SendersVar:    s.senders(),
		},
		policy: []statement{
			receive("ReceiveDeadLetters", q.deadLetter),
			allow("ArchiveDeadLetters", []string{"s3:PutObject"}, objectARN(bucket, archivedKeys)),
			useKey("UseKeyForQueues", "sqs", "kms:Decrypt"),
			useKey("UseKeyForBucket", "s3", "kms:GenerateDataKey"),
		},
		wildcards: []suppression{objectWildcard(bucket, archivedKeys)},
	})
	// Deleting the stack stops the archiver before it empties the bucket.
	s.addEventSource("Archiver", q.deadLetter, archiver, archiverConcurrency, string(emptied))
	return archiver
}

// receive allows what Lambda needs to poll a queue for a function.
func receive(sid string, queue cfn.ID) statement {
	return allow(sid, []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}, queue.Att("Arn"))
}

// addEventSource makes Lambda poll a queue for a function. concurrency is the parameter
// that limits the load on table or bucket.
func (s *stack) addEventSource(id string, queue, function cfn.ID, concurrency string, dependsOn ...string) {
	s.Add(id+"Mapping", cfn.With{Set: map[string]any{
		"ScalingConfig.MaximumConcurrency": cfn.Ref(concurrency),
	}, Resource: &lambda.EventSourceMapping{
		EventSourceArn:             new(queue.Att("Arn")),
		FunctionName:               function.Ref(),
		BatchSize:                  new(contract.BatchSize),
		FunctionResponseTypes:      []string{"ReportBatchItemFailures"},
		AWSCloudFormationDependsOn: dependsOn,
		AWSCloudFormationMetadata: suppressed(suppression{rule: "Serverless-LambdaEventSourceMappingDestination",
			reason: "Lambda has on-failure destinations for streams. A message that fails stays in its queue."}),
	}})
}
