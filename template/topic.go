package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/sns"

	"github.com/paysluice/paysluice/template/cfn"
)

// severity is what an alarm asks of people, and the topic that it tells.
type severity struct {
	name  string // begins the names of its alarms
	topic cfn.ID
}

// severities are all there are.
type severities struct {
	page   severity // somebody should look now: events are late or at risk
	ticket severity // somebody should look on a working day
}

// addTopics adds a topic for each severity, so that a pager can subscribe to
// one of them; AlarmEmail gets both.
func (s *stack) addTopics() severities {
	wantsEmail := s.Condition("WantsEmail", cfn.Not(cfn.Equals(cfn.Ref(alarmEmail), "")))
	return severities{
		page:   severity{"page", s.addTopic("AlarmTopic", alarmTopicName, wantsEmail)},
		ticket: severity{"ticket", s.addTopic("TicketTopic", ticketTopicName, wantsEmail)},
	}
}

func (s *stack) addTopic(id, name string, wantsEmail cfn.Cond) cfn.ID {
	topic := s.Add(id, &sns.Topic{
		TopicName:      new(named(name)),
		KmsMasterKeyId: new(keyARN()),
	})
	publish := statement{
		Sid:       "PublishAlarms",
		Effect:    "Allow",
		Principal: &principal{Service: "cloudwatch.amazonaws.com"},
		Action:    []string{"sns:Publish"},
		Resource:  []string{topic.Ref()},
		Condition: fromAlarms(),
	}
	s.Add(id+"Policy", &sns.TopicPolicy{
		Topics:         []string{topic.Ref()},
		PolicyDocument: newPolicy(publish, denyPlainHTTP("sns:Publish", topic.Ref())),
	})
	s.Add(id+"Email", &sns.Subscription{
		TopicArn:                   topic.Ref(),
		Protocol:                   "email",
		Endpoint:                   new(cfn.Ref(alarmEmail)),
		AWSCloudFormationCondition: wantsEmail.Name(),
	})
	return topic
}

// fromAlarms holds for what CloudWatch does for an alarm of this account. Both
// keys are there in calls of KMS, too (SNS Developer Guide, "Enable
// compatibility between event sources from AWS services and encrypted topics").
func fromAlarms() *condition {
	return &condition{
		StringEquals: map[string]string{"aws:SourceAccount": cfn.AccountID()},
		ArnLike: map[string]string{
			"aws:SourceArn": cfn.Sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"),
		},
	}
}
