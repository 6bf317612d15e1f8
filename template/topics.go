package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/events"
	"github.com/awslabs/goformation/v7/cloudformation/sns"

	"github.com/paysluice/paysluice/template/cfn"
)

// addTopics adds a topic for each severity, so that a pager can subscribe to one.
// AlarmEmail receives both.
func (s *stack) addTopics() severities {
	wantsEmail := s.Condition("WantsEmail", cfn.Not(cfn.Equals(cfn.Ref(alarmEmail), "")))
	to := severities{
		page:   severity{name: "page", topic: s.addTopic("AlarmTopic", alarmTopicName, wantsEmail, keyRuleName), reportsRecovery: true},
		ticket: severity{name: "ticket", topic: s.addTopic("TicketTopic", ticketTopicName, wantsEmail)},
	}
	s.Output("AlarmTopicArn", cfn.Output{
		Description: "ARN of the topic for alarms that page. Subscribe a pager to it.",
		Value:       to.page.topic.Ref(),
	})
	s.Output("TicketTopicArn", cfn.Output{
		Description: "ARN of the topic for alarms that can wait for a working day.",
		Value:       to.ticket.topic.Ref(),
	})
	return to
}

// addTopic adds a topic for alarms and for EventBridge rules. It is not encrypted:
// with the stack's key, no alarm could report that the key is disabled; SNS's own
// key does not admit CloudWatch (SNS Developer Guide, "Enable compatibility between
// event sources from AWS services and encrypted topics").
func (s *stack) addTopic(id, name string, wantsEmail cfn.Cond, rules ...string) cfn.ID {
	topic := s.Add(id, &sns.Topic{
		TopicName: new(named(name)),
		AWSCloudFormationMetadata: suppressed(suppression{
			rule:   "CKV_AWS_26",
			reason: "Messages are alarm texts without any event data. A key that is disabled or deleted would silence the alarm about it.",
		}),
	})
	publish := allow("PublishAlarms", []string{"sns:Publish"}, topic.Ref())
	publish.Principal = &principal{Service: "cloudwatch.amazonaws.com"}
	publish.Condition = fromAlarms()
	policy := newPolicy(publish, denyPlainHTTP("sns:Publish", topic.Ref()))
	for _, rule := range rules {
		report := allow("PublishEvents", []string{"sns:Publish"}, topic.Ref())
		report.Principal = &principal{Service: "events.amazonaws.com"}
		report.Condition = &condition{ArnLike: map[string]string{"aws:SourceArn": namedARN("events", "rule/", rule)}}
		policy.Statement = append(policy.Statement, report)
	}
	s.Add(id+"Policy", &sns.TopicPolicy{Topics: []string{topic.Ref()}, PolicyDocument: policy})
	s.Add(id+"Email", &sns.Subscription{
		TopicArn:                   topic.Ref(),
		Protocol:                   "email",
		Endpoint:                   new(cfn.Ref(alarmEmail)),
		AWSCloudFormationCondition: wantsEmail.Name(),
		AWSCloudFormationMetadata: suppressed(suppression{rule: "Serverless-SNSRedrivePolicy",
			reason: "Nobody would read a queue of undelivered alarms. The alarm's state remains, and a pager is a subscription of its own."}),
	})
	return topic
}

// addKeyAlarm adds an alarm that pages when somebody calls an operation that makes
// the key unusable. Without the key no function starts, and a function that does
// not start has no Errors. The rule of addKeyRule counts the calls.
func (s *stack) addKeyAlarm(page severity) {
	rule := s.addKeyRule(page)
	s.addAlarm(alarm{
		id: "KeyChanges", name: "key-changes", severity: page,
		means: "Somebody called DisableKey, ScheduleKeyDeletion or PutKeyPolicy on the stack's key. " +
			keyNeeded + " The alarm ends by itself after some minutes, also if the key is still unusable.",
		do: "Run paysluice doctor: it says what is wrong with the key and its policy, and how to revert that. Revert it at once, " +
			"unless the stack is being removed. aws cloudtrail lookup-events names the caller (docs/runbook.md).",
		metric: ruleMatches(rule), threshold: 1, window: once(),
	})
}

// keyNeeded says in messages to operators what the stack cannot do without the key.
const keyNeeded = "Without the key no function starts, no message is read and no event is stored; the API answers 5xx."

// addKeyRule adds a rule that matches operations that make the key unusable, and sends
// each with its caller to the pager. SNS may refuse these messages: the topic's policy
// has a condition for them, and EventBridge supports none in the policies of SNS topics
// (EventBridge User Guide, "Using resource-based policies", Amazon SNS permissions).
// Without the condition, the rules of every account could publish to the pager. So the
// alarm pages, and the message adds the caller where it arrives. Operations of
// CloudFormation, which creates the key and deletes it with the stack, are excluded.
//
// The events come from CloudTrail (EventBridge Events Reference, "AWS Key
// Management Service events"; their fields: KMS Developer Guide,
// "ScheduleKeyDeletion"). EventBridge receives them only if the account has a
// trail (docs/deploying.md).
func (s *stack) addKeyRule(page severity) cfn.ID {
	type pattern = map[string]any
	return s.Add("KeyRule", &events.Rule{
		Name:        new(named(keyRuleName)),
		Description: new("Reports operations that make the key unusable."),
		EventPattern: pattern{
			"source":      []string{"aws.kms"},
			"detail-type": []string{"AWS API Call via CloudTrail"},
			"detail": pattern{
				"eventSource":     []string{"kms.amazonaws.com"},
				"eventName":       []string{"DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy"},
				"resources":       pattern{"ARN": []string{keyARN()}},
				"errorCode":       []pattern{{"exists": false}},
				"sourceIPAddress": []pattern{{"anything-but": "cloudformation.amazonaws.com"}},
			},
		},
		Targets: []events.Rule_Target{{
			Id:  "page",
			Arn: page.topic.Ref(),
			InputTransformer: &events.Rule_InputTransformer{
				InputPathsMap: map[string]string{
					"operation": "$.detail.eventName", "caller": "$.detail.userIdentity.arn", "key": "$.detail.resources[0].ARN",
				},
				// A template that is no JSON object has to be in quotation marks.
				InputTemplate: `"Means: <caller> called <operation> on the key <key>. ` + keyNeeded +
					` Do: enable the key, cancel its deletion or restore its policy at once, unless the stack is being removed."`,
			},
		}},
		AWSCloudFormationMetadata: suppressed(suppression{rule: "Serverless-EventBusDLQ",
			reason: "EventBridge retries for a day. A page that is later than that has no use, and the outage has pages of its own."}),
	})
}

// fromAlarms is the condition for requests that CloudWatch makes for an alarm of
// this account.
func fromAlarms() *condition {
	return &condition{
		StringEquals: map[string]string{"aws:SourceAccount": cfn.AccountID()},
		ArnLike: map[string]string{
			"aws:SourceArn": cfn.Sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"),
		},
	}
}
