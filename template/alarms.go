package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/sns"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// watched is what alarms look at.
type watched struct {
	queues
	providers  []contract.Provider
	processors []cfn.ID // a function for each of providers
	authorizer cfn.ID
	consumer   cfn.ID
	archiver   cfn.ID
}

// addAlarms adds all alarms. Nothing that a stranger with a URL can send sets
// off one that pages: what is turned away by either gate, answered 503 for want
// of a secret, or made to wait for a certificate does not count for any of them.
// Throttles are tickets for every function, since all of them share the
// account's concurrency, which a flood can use up: what of it does harm shows in
// consumer-lag, dlq-age and dlq-retries, which page.
func (s *stack) addAlarms(w watched, to severities) {
	s.addEventAlarms(to)
	s.addAPIAlarm(to)
	s.addQueueAlarms(w, to)
	for i, p := range w.providers {
		s.addProcessorAlarms(p, w.processors[i], to)
		if p.UntrustedReason != "" {
			s.addCertificateAlarm(p, to)
		}
	}
	s.addFunctionAlarms("Authorizer", contract.AuthorizerName, w.authorizer, to)
	s.addFunctionAlarms("Consumer", contract.ConsumerName, w.consumer, to)
	s.addFunctionAlarms("Archiver", contract.ArchiverName, w.archiver, to)
}

// addEventAlarms are about what became of events.
func (s *stack) addEventAlarms(to severities) {
	once := func(a alarm) {
		a.threshold, a.minutes, a.outOf, a.datapoints = 1, 5, 1, 1
		s.addAlarm(a)
	}
	once(alarm{
		id: "Redriven", name: "redriven", severity: to.page,
		means: "Events were received three times without being stored, and are in the archive now.",
		do: "Find the cause among the ERROR lines of event-consumer, which name the message, " +
			"remove it, then send the archived events again.",
		metric: s.addRedrivenMetric(),
	})
	once(alarm{
		id: "SecretUnavailable", name: "secret-unavailable", severity: to.page,
		means: "A provider's secret is malformed or cannot be read. Its webhooks are answered 503; the provider sends them again for some days.",
		do: "The processor's ERROR lines say which and why. Put a well-formed secret in, " +
			"or look at Secrets Manager and the key.",
		metric: counted(contract.MetricSecretUnavailable),
	})
	once(alarm{
		id: "Quarantined", name: "quarantined", severity: to.ticket,
		means:  "A provider signed something that is not an event as we know them. It is archived, not stored.",
		do:     "Read the archived body: either the provider's format has changed, or its key has signed something else.",
		metric: counted(contract.MetricQuarantined),
	})
	once(alarm{
		id: "Conflicts", name: "conflicts", severity: to.ticket,
		means:  "A provider sent two different bodies as one event. The first is stored, the other archived.",
		do:     "Compare the two. Look the event up at the provider before acting on either.",
		metric: counted(contract.MetricConflicts),
	})
	s.addAlarm(alarm{
		id: "Rejected", name: "rejected", severity: to.ticket,
		means: "At least 100 webhooks of 15 minutes were turned away as not authentic. A provider signs all that it sends, so none is normal.",
		do: "The log's reasons tell a stranger from a provider whose secret was changed on one side only. " +
			"For the latter, add the new secret beside the old one.",
		metric:    counted(contract.MetricRejected),
		threshold: 100, minutes: 15, outOf: 1, datapoints: 1,
	})
}

// addAPIAlarm is about answers of which no function may know. It is a ticket: a
// stranger gets a 503 wherever a secret was never filled.
func (s *stack) addAPIAlarm(to severities) {
	s.addAlarm(alarm{
		id: "ApiFailures", name: "api-5xx", severity: to.ticket,
		means: "The API answers 5xx again and again: for an authorizer or processor that fails, is throttled " +
			"or is late, or because a processor answers 503. The 503s for a secret that was never filled count too.",
		do: "The access log has status, authorizerError and integrationError of each. " +
			"If all are 503, see the processor's lines; for secret_empty, fill the secret or leave the URL unused.",
		metric:    answered("5XXError"),
		threshold: 1, minutes: 5, outOf: 3, datapoints: 2,
	})
}

// addQueueAlarms are about what waits.
func (s *stack) addQueueAlarms(w watched, to severities) {
	s.addAlarm(alarm{
		id: "ConsumerLag", name: "consumer-lag", severity: to.page,
		means: "Events have waited for more than ten minutes: event-consumer fails or does not keep up.",
		do: "Look at its errors, its throttles and the table's. Nothing is lost for seven days, " +
			"but what fails three times goes to the archive.",
		metric: ofQueue(w.events, "ApproximateAgeOfOldestMessage", "Maximum"),
		// One failed receive costs 300 seconds, the queue's visibility.
		threshold: 2 * queueVisibilitySeconds, minutes: 5, outOf: 2, datapoints: 2,
	})
	archiverFails := "Look at its ERROR lines, its permissions on bucket and key, and S3. " +
		"A dead letter is lost 14 days after it was first sent."
	s.addAlarm(alarm{
		id: "DeadLetterAge", name: "dlq-age", severity: to.page,
		means:     "A dead letter has not been archived for ten minutes: dlq-archiver fails.",
		do:        archiverFails,
		metric:    ofQueue(w.deadLetter, "ApproximateAgeOfOldestMessage", "Maximum"),
		threshold: 2 * queueVisibilitySeconds, minutes: 5, outOf: 1, datapoints: 1,
	})
	s.addAlarm(alarm{
		id: "DeadLetterRetries", name: "dlq-retries", severity: to.page,
		means: "Dead letters have been tried again and again for half an hour: dlq-archiver fails.",
		do:    archiverFails,
		// SQS leaves a message out of the age once it was received three times.
		// One that fails is out of sight for 300 seconds each time, one that is
		// archived for less than one.
		metric:    ofQueue(w.deadLetter, "ApproximateNumberOfMessagesNotVisible", "Average"),
		threshold: 0.5, minutes: 10, outOf: 3, datapoints: 3,
	})
}

// addProcessorAlarms are about one provider.
func (s *stack) addProcessorAlarms(p contract.Provider, function cfn.ID, to severities) {
	name := contract.ProcessorName(p)
	s.addFunctionAlarms(p.Title+"Processor", name, function, to)
	s.addAlarm(alarm{
		id: p.Title + "Failures", name: name + "-5xx", severity: to.page,
		means:     "Over five per cent of " + p.Title + "'s authentic webhooks are answered 503. It sends them again for some days.",
		do:        "The ERROR lines of " + name + " say what fails: SQS, the secret, the key or S3.",
		metric:    s.addFailureMetric(p),
		threshold: 0.05, minutes: 5, outOf: 3, datapoints: 2,
	})
	s.addAlarm(alarm{
		id: p.Title + "ProcessorDuration", name: name + "-duration", severity: to.page,
		means:     name + " takes over 80 % of its time-out again and again. Beyond it, webhooks are answered 5xx.",
		do:        "Its log lines and the services' own latency metrics (SQS, Secrets Manager, KMS, S3) tell the slow call.",
		metric:    ofFunction(function, "Duration", "Maximum"),
		threshold: 0.8 * processorTimeoutSeconds * 1000, minutes: 5, outOf: 3, datapoints: 2,
	})
}

// addCertificateAlarm is about a provider whose certificates have changed.
func (s *stack) addCertificateAlarm(p contract.Provider, to severities) {
	s.addAlarm(alarm{
		id: p.Title + "Untrusted", name: p.Name + "-untrusted", severity: to.page,
		means: "A valid certificate from " + p.Title + "'s own host does not lead to a root that we trust. Its webhooks are answered 503.",
		do: "See whether " + p.Title + " has announced new certificates. If so, put their root into extraRootsPem " +
			"of the secret; if not, somebody stands between us and " + p.Title + ".",
		metric:    s.addUntrustedMetric(p),
		threshold: 1, minutes: 5, outOf: 1, datapoints: 1,
	})
}

// addFunctionAlarms are about a function that fails or is not let run.
func (s *stack) addFunctionAlarms(id, name string, function cfn.ID, to severities) {
	s.addAlarm(alarm{
		id: id + "Errors", name: name + "-errors", severity: to.page,
		means:     name + " crashes or runs into its time-out again and again.",
		do:        "Its log has the panic or the line before the time-out. Deploy the version before, if there was a change.",
		metric:    ofFunction(function, "Errors", "Sum"),
		threshold: 1, minutes: 5, outOf: 3, datapoints: 2,
	})
	s.addAlarm(alarm{
		id: id + "Throttles", name: name + "-throttles", severity: to.ticket,
		means:     name + " is not let run: the account's concurrency is used up.",
		do:        "See which function uses it, and ask for a higher quota of concurrent executions. What was turned away comes again.",
		metric:    ofFunction(function, "Throttles", "Sum"),
		threshold: 1, minutes: 5, outOf: 3, datapoints: 2,
	})
}

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
