package template

import (
	"fmt"

	"github.com/awslabs/goformation/v7/cloudformation/events"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/sns"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// Values of publishTo.
const (
	publishToNone  = "none"
	publishToTopic = "topic"
	publishToBus   = "event-bus"
)

const (
	publisherMemoryMB       = 128
	publisherTimeoutSeconds = 30
	// publishWindowSeconds is the shortest that Lambda takes for batches above 10
	// (Lambda API Reference, CreateEventSourceMapping).
	publishWindowSeconds = 1
	// streamHours is how long the table's stream keeps records (DynamoDB Developer Guide,
	// "Change data capture for DynamoDB Streams").
	streamHours = 24
	// publishAgeSeconds leaves an outage of SNS or EventBridge time to end. The operator has
	// the other half of streamHours.
	publishAgeSeconds = streamHours / 2 * 3600
)

// publishing is the stage that publishes stored events. All of it exists under
// conditions.
type publishing struct {
	on, toTopic, toBus cfn.Cond

	unpublished cfn.ID // the queue that names events that were not published
	publisher   cfn.ID // the function
	mapping     cfn.ID // its event source mapping
}

// addPublishing adds the stage. Topic and bus have a logical id each, because a change
// of one resource's type would fail, and one id for both values would replace it.
func (s *stack) addPublishing(table, bucket cfn.ID) publishing {
	s.Parameter(publishTo, cfn.Parameter{
		Type: "String",
		Description: "Where stored events are published: an SNS topic, an EventBridge bus, or nowhere. " +
			"Another value deletes the topic with its subscriptions, or the bus. Delete the bus's rules first: EventBridge deletes no bus that has rules.",
		Default:       publishToNone,
		AllowedValues: []string{publishToNone, publishToTopic, publishToBus},
	})
	// One publisher at a time would be slower than a table takes events (docs/scaling.md).
	// The order of a shard means nothing for a payment. 10 is the maximum of Lambda.
	s.addNumber(publisherParallelism, "10", "[1-9]|10", "1 to 10",
		"Batches of each shard of the table's stream that "+contract.PublisherName+" publishes at the same time. They count towards the account's Lambda concurrency.")
	p := publishing{
		on:      s.Condition("Publishes", cfn.Not(cfn.Equals(cfn.Ref(publishTo), publishToNone))),
		toTopic: s.Condition("PublishesToTopic", cfn.Equals(cfn.Ref(publishTo), publishToTopic)),
		toBus:   s.Condition("PublishesToBus", cfn.Equals(cfn.Ref(publishTo), publishToBus)),
	}
	const noReader = "No function reads it. Its messages name events that the table has."
	topic, bus := s.addEventTopic(p.toTopic), s.addEventBus(p.toBus)
	p.unpublished = s.addQueue("UnpublishedQueue", contract.UnpublishedQueueName, &sqs.Queue{
		MessageRetentionPeriod:     new(deadLetterRetentionDays * daySeconds),
		AWSCloudFormationCondition: p.on.Name(),
		AWSCloudFormationMetadata: suppressed(
			suppression{rule: "AwsSolutions-SQS3", reason: noReader},
			suppression{rule: "Serverless-SQSRedrivePolicy", reason: noReader},
		),
	})
	s.Output("UnpublishedQueueUrl", cfn.Output{
		Description: "URL of " + contract.UnpublishedQueueName + ".", Value: p.unpublished.Ref(), Condition: p.on,
	})
	p.publisher = s.addPublisher(p, table, bucket, topic, bus)
	p.mapping = s.addStream(p, table)
	return p
}

// addEventTopic adds the topic of published events. The publisher is a role of this
// account, so the key's policy needs no statement for SNS.
func (s *stack) addEventTopic(on cfn.Cond) cfn.ID {
	topic := s.Add("EventTopic", &sns.Topic{
		TopicName:                  new(named(contract.EventTopicName)),
		KmsMasterKeyId:             new(keyARN()),
		AWSCloudFormationCondition: on.Name(),
	})
	s.Add("EventTopicPolicy", &sns.TopicPolicy{
		Topics:                     []string{topic.Ref()},
		PolicyDocument:             newPolicy(denyPlainHTTP("sns:Publish", topic.Ref())),
		AWSCloudFormationCondition: on.Name(),
	})
	s.Output("EventTopicArn", cfn.Output{
		Description: "ARN of the topic of published events. Subscribe queues and functions to it.",
		Value:       topic.Ref(), Condition: on,
	})
	return topic
}

// addEventBus adds the bus of published events. A key of EventBridge encrypts it. With the
// stack's key, EventBridge would send an event that it cannot encrypt to a dead-letter queue
// of the bus, or lose it, and the publisher would learn nothing (EventBridge User Guide,
// "Using dead-letter queues to capture encrypted event errors"). A queue of this stack needs
// the same key.
func (s *stack) addEventBus(on cfn.Cond) cfn.ID {
	bus := s.Add("EventBus", &events.EventBus{
		Name:                       named(contract.EventTopicName),
		AWSCloudFormationCondition: on.Name(),
	})
	s.Output("EventBusName", cfn.Output{
		Description: "Name of the bus of published events. Add rules to it.",
		Value:       bus.Ref(), Condition: on,
	})
	return bus
}

// addPublisher adds the function that publishes stored events.
func (s *stack) addPublisher(p publishing, table, bucket, topic, bus cfn.ID) cfn.ID {
	streams := variable(table+".Arn") + "/stream/*"
	return s.addFunction(function{
		id:             "Publisher",
		name:           contract.PublisherName,
		binary:         contract.PublisherBinary,
		description:    "Publishes the new events of " + contract.TableName + ".",
		when:           &p.on,
		memoryMB:       publisherMemoryMB,
		timeoutSeconds: publisherTimeoutSeconds,
		environment: map[string]string{
			// Subscribers that need a raw body find it by these names.
			contract.TableNameVar:           table.Ref(),
			contract.BucketNameVar:          bucket.Ref(),
			contract.TopicARNVar:            cfn.If(p.toTopic, topic.Ref(), cfn.NoValue()),
			contract.EventBusVar:            cfn.If(p.toBus, bus.Ref(), cfn.NoValue()),
			contract.UnpublishedQueueURLVar: p.unpublished.Ref(),
			contract.EventSourceVar:         cfn.Sub("urn:paysluice:${AWS::AccountId}:${AWS::Region}:" + variable(environmentSuffix)),
		},
		policy: []statement{
			allow("ReadStream", []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, table.Att("StreamArn")),
			// The request names the table, not a stream (AWS SAM, policy template
			// DynamoDBStreamReadPolicy).
			allow("ListStreams", []string{"dynamodb:ListStreams"}, cfn.Sub(streams)),
			// Lambda sends to the queue as this role too.
			allow("KeepUnpublished", []string{"sqs:SendMessage"}, p.unpublished.Att("Arn")),
			useKey("UseKeyForQueue", "sqs", "kms:GenerateDataKey", "kms:Decrypt"),
			useKey("UseKeyForStream", "dynamodb", "kms:Decrypt"),
		},
		choices: []string{
			cfn.If(p.toTopic, allow("Publish", []string{"sns:Publish"}, topic.Ref()), cfn.NoValue()),
			cfn.If(p.toTopic, useKey("UseKeyForTopic", "sns", "kms:GenerateDataKey", "kms:Decrypt"), cfn.NoValue()),
			cfn.If(p.toBus, allow("PutEvents", []string{"events:PutEvents"}, bus.Att("Arn")), cfn.NoValue()),
		},
		wildcards: []suppression{{
			rule:   fmt.Sprintf("AwsSolutions-IAM5[Resource::<%s.Arn>/stream/*]", table),
			reason: "ListStreams names a table. The pattern is all streams of this table.",
		}},
	})
}

// addStream makes Lambda poll the table's stream for the publisher. It sets no
// MaximumRetryAttempts, so that an outage costs only delay.
func (s *stack) addStream(p publishing, table cfn.ID) cfn.ID {
	return s.Add("PublisherMapping", cfn.With{Set: map[string]any{
		"ParallelizationFactor": cfn.Ref(publisherParallelism),
	}, Resource: &lambda.EventSourceMapping{
		EventSourceArn: new(table.Att("StreamArn")),
		FunctionName:   p.publisher.Ref(),
		// LATEST can miss events while the mapping is created. Those that come again
		// have the same ids.
		StartingPosition:               new("TRIM_HORIZON"),
		BatchSize:                      new(contract.PublishBatchSize),
		MaximumBatchingWindowInSeconds: new(publishWindowSeconds),
		MaximumRecordAgeInSeconds:      new(publishAgeSeconds),
		// A batch that crashes the function is halved, so that it holds up no other.
		BisectBatchOnFunctionError: new(true),
		FunctionResponseTypes:      []string{"ReportBatchItemFailures"},
		// Expired and erased events are no news.
		FilterCriteria: &lambda.EventSourceMapping_FilterCriteria{
			Filters: []lambda.EventSourceMapping_Filter{{Pattern: new(`{"eventName":["INSERT"]}`)}},
		},
		DestinationConfig: &lambda.EventSourceMapping_DestinationConfig{
			OnFailure: &lambda.EventSourceMapping_OnFailure{Destination: new(p.unpublished.Att("Arn"))},
		},
		AWSCloudFormationCondition: p.on.Name(),
	}})
}

// addPublishingAlarms adds alarms about events that are not published. A publisher
// that crashes is late, and one that is throttled is late or idle, so it needs no alarms
// of its own for that.
func (s *stack) addPublishingAlarms(p publishing, to severities) {
	const (
		lateMinutes = 10
		stuckHours  = 6
		hour        = 3600 * 1000 // of IteratorAge, in ms
	)
	do := "Read the WARN lines of " + contract.PublisherName + ": they name what SNS, EventBridge, SQS or KMS answered. " +
		"It publishes all that waits as soon as the cause is removed."
	late := alarm{
		id: "PublisherLate", name: "publisher-late", severity: to.ticket, when: &p.on,
		means: fmt.Sprintf("The oldest event that %s has not published is at least %d minutes old, %v. Subscribers get events late; all are stored.",
			contract.PublisherName, lateMinutes, repeatedly()),
		do:     do,
		metric: functionMetric(p.publisher, "IteratorAge", "Maximum"), threshold: lateMinutes * hour / 60, window: repeatedly(),
	}
	s.addAlarm(late)
	stuck := late
	stuck.id, stuck.name, stuck.severity = "PublisherStuck", "publisher-stuck", to.page
	// All periods: the publisher begins with the events of publishAgeSeconds, and is through soon.
	stuck.window = steadily()
	stuck.threshold = stuckHours * hour
	stuck.means = fmt.Sprintf("The oldest event that %s has not published is at least %d hours old, %v. After %d hours Lambda gives events up and names their place in the stream in %s.",
		contract.PublisherName, stuckHours, stuck.window, publishAgeSeconds/3600, contract.UnpublishedQueueName)
	s.addAlarm(stuck)
	// Without an invocation, Lambda reports no IteratorAge.
	s.addAlarm(alarm{
		id: "PublisherIdle", name: "publisher-idle", severity: to.page, when: &p.on,
		means: fmt.Sprintf("Events were stored and %s was not invoked since, %v. Subscribers get nothing; all events are stored. ",
			contract.PublisherName, steadily()) +
			"After publishing is switched on, the alarm may fire until Lambda reads the stream.",
		do: fmt.Sprintf("Run paysluice doctor: it says whether the event source mapping of %s is disabled or gone, and what its role lacks. ", contract.PublisherName) +
			fmt.Sprintf("Within %d hours the publisher then publishes all that waits; later, send the events with paysluice events republish.", publishAgeSeconds/3600),
		metric: waitingEvents(p.publisher), threshold: 1, window: steadily(),
		// Nothing was stored and nothing invoked: what was true is still true.
		missingData: "ignore",
		// CloudWatch also reads data from before the alarm was created.
		after: p.mapping,
	})
	s.addAlarm(alarm{
		id: "Unpublished", name: "unpublished", severity: to.ticket, when: &p.on,
		means: contract.UnpublishedQueueName + " has a message: an event is stored and was not published, and no retry would publish it. " +
			fmt.Sprintf("After publishing is switched on, the alarm is expected: Lambda gives up records that are older than %d hours.", publishAgeSeconds/3600),
		do: "List the messages with paysluice failures unpublished. Remove the cause, then send the events with paysluice events republish; " +
			"for what Lambda gave up, the list ends with that command. Empty the queue with paysluice failures unpublished --remove. " +
			fmt.Sprintf("A message is deleted after %d days; the event stays in the table.", deadLetterRetentionDays),
		metric: queueMetric(p.unpublished, "ApproximateNumberOfMessagesVisible", "Maximum"), threshold: 1, window: once(),
	})
}

// widgets returns the graphs of the stage.
func (p publishing) widgets() []widget {
	took := graph("How long does an event take? Milliseconds, of 99 % of the events and of half of them", []line{
		eventLine(contract.MetricEndToEndLatency), append(eventLine(contract.MetricEndToEndLatency), map[string]string{"stat": "p50"}),
		eventLine(contract.MetricReceiveLatency), eventLine(contract.MetricStoreLatency), eventLine(contract.MetricPublishLatency),
	})
	took.Properties["stat"] = "p99"
	late := graph("Is publishing late? Milliseconds since the oldest unpublished event", []line{
		{"AWS/Lambda", "IteratorAge", "FunctionName", variable(p.publisher)},
	})
	late.Properties["stat"] = "Maximum"
	published := graph("Is anything unpublished?", []line{
		eventLine(contract.MetricStored), {"AWS/Lambda", "Invocations", "FunctionName", variable(p.publisher)},
		eventLine(contract.MetricPublished), eventLine(contract.MetricUnpublished),
		{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", variable(p.unpublished + ".QueueName"), map[string]string{"stat": "Maximum"}},
	})
	return []widget{took, late, published}
}
