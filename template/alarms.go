package template

import (
	"fmt"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// watched are the parts of the stack that have alarms.
type watched struct {
	queues
	providers  []contract.Provider
	processors []cfn.ID // functions, in the order of providers
	authorizer cfn.ID
	consumer   cfn.ID
	archiver   cfn.ID
	publishing
}

// addAlarms adds all alarms. Unauthenticated senders can cause only one page, that
// of addIntakeAlarm, by keeping everybody out. Requests that either gate rejects, and
// responses 503 for an empty secret or a certificate that anybody can name, count for no
// alarm that pages.
// Throttles are tickets for every function, because all functions share the
// account's concurrency, which a flood of requests can exhaust. If throttling
// delays events, consumer-lag, dlq-age or dlq-retries page.
func (s *stack) addAlarms(w watched, to severities) {
	s.addEventAlarms(to)
	s.addDuplicatesAlarm(to)
	s.addIntakeAlarm(to)
	s.addAPIAlarms(to)
	s.addQueueAlarms(w, to)
	for i, p := range w.providers {
		s.addProcessorAlarms(p, w.processors[i], to)
		s.addSilenceAlarm(p, to)
		s.addQuietAlarm(p, to)
		if p.UntrustedReason != "" {
			s.addCertificateAlarm(p, to)
		}
	}
	s.addFunctionAlarms("Authorizer", contract.AuthorizerName, w.authorizer, to)
	s.addFunctionAlarms("Consumer", contract.ConsumerName, w.consumer, to)
	s.addFunctionAlarms("Archiver", contract.ArchiverName, w.archiver, to)
	s.addPublishingAlarms(w.publishing, to)
	s.addReconcilingAlarms(to)
}

// addEventAlarms adds alarms about events that were not stored.
func (s *stack) addEventAlarms(to severities) {
	s.addAlarm(alarm{
		id: "Redriven", name: "redriven", severity: to.page,
		means: contract.ConsumerName + " failed to store events as often as " + maxReceiveCount + " allows. They are in the archive, not in the table.",
		do: "Find the cause in the ERROR lines of " + contract.ConsumerName + ", which contain the message id. " +
			"Fix it, then replay the archived events with paysluice replay.",
		metric: s.addRedrivenMetric(), threshold: 1, window: once(),
	})
	s.addAlarm(alarm{
		id: "Unstored", name: "unstored", severity: to.page,
		means: fmt.Sprintf("%s failed to store events %v. SQS delivers each again, as often as %s allows. Then it goes to the archive.",
			contract.ConsumerName, steadily(), maxReceiveCount),
		do: "Find the cause in the ERROR lines of " + contract.ConsumerName + ", for example an error of DynamoDB or the key. " +
			"paysluice doctor checks table, key and role. Events that fail until they are archived need paysluice replay.",
		metric: s.addUnstoredMetric(), threshold: 1, window: steadily(),
	})
	s.addAlarm(alarm{
		id: "SecretUnavailable", name: "secret-unavailable", severity: to.page,
		means: "A provider's secret is malformed, was emptied or deleted, or cannot be read. Its webhooks are answered 503, and the provider retries.",
		do: "Read the processor's ERROR lines: they name the secret's problem. Correct the secret, " +
			"or restore access to Secrets Manager and the key.",
		metric: eventMetric(contract.MetricSecretUnavailable), threshold: 1, window: once(),
	})
	s.addAlarm(alarm{
		id: "Quarantined", name: "quarantined", severity: to.ticket,
		means: "A webhook with a valid signature is archived, not stored: it is not an event in a known format, " +
			"it has another mode than the secret's entry, it is older than EventRetentionDays, or the processor of another provider sent it.",
		do:     "Read failureReason and body of the archived object. For other_mode, check the entry's environment. For sender-mismatch, suspect that the role of a processor is in other hands.",
		metric: eventMetric(contract.MetricQuarantined), threshold: 1, window: once(),
	})
	s.addAlarm(alarm{
		id: "Conflicts", name: "conflicts", severity: to.ticket,
		means:  "Two different bodies arrived for one event, or with one signature. The first is stored, the other is archived.",
		do:     "Compare both bodies, and look the event up at the provider before acting on either.",
		metric: eventMetric(contract.MetricConflicts), threshold: 1, window: once(),
	})
	s.addAlarm(alarm{
		id: "Missed", name: "missed", severity: to.ticket,
		means: "A provider reports that it could not make some events. It never sends them.",
		do: "Fetch the event of the WARN line's eventId from the provider's API. It names the types of the missing events and " +
			"the object that they are about: fetch that object and act on its state.",
		metric: eventMetric(contract.MetricMissed), threshold: 1, window: once(),
	})
	const rejections, minutes = 100, 15
	s.addAlarm(alarm{
		id: "Rejected", name: "rejected", severity: to.ticket,
		means: fmt.Sprintf("At least %d webhooks were rejected as not authentic within %d minutes. "+
			"Providers sign every webhook, so they cause no rejections.", rejections, minutes),
		do: "Read the reason codes in the log. They distinguish an unauthenticated sender from a provider that signs with " +
			"a secret unknown to the stack. In the latter case, add the provider's new secret beside the old one.",
		metric: eventMetric(contract.MetricRejected), threshold: rejections, window: window{minutes: minutes, periods: 1, needed: 1},
	})
}

// addDuplicatesAlarm adds an alarm about webhooks that are sent again and again.
// The age bounds stop old deliveries; this one tells of what remains.
func (s *stack) addDuplicatesAlarm(to severities) {
	const duplicates, minutes = 5000, 15
	s.addAlarm(alarm{
		id: "Duplicates", name: "duplicates", severity: to.ticket,
		means: fmt.Sprintf("At least %d webhooks within %d minutes had been received before. They are stored once and cost money. "+
			"Either a provider repeats what was answered 200, or somebody sends captured webhooks again.", duplicates, minutes),
		do: "Find the eventId that repeats in the log of the processor, and its sourceIp in the access log. " +
			"If the sender is not the provider, lower the stage's throttle or block the address with a web ACL.",
		metric: eventMetric(contract.MetricDuplicates), threshold: duplicates, window: window{minutes: minutes, periods: 1, needed: 1},
	})
}

// addIntakeAlarm adds an alarm about an intake that lets nothing through. It reads
// API Gateway's own metrics: they exist also if no function starts and no log is
// written, such as without the key.
func (s *stack) addIntakeAlarm(to severities) {
	const failurePercent = 50
	s.addAlarm(alarm{
		id: "Intake", name: "intake", severity: to.page,
		means: fmt.Sprintf("At least %d %% of all requests were answered 5xx and no event was accepted, %v. "+
			"Responses 503 for an empty secret or a certificate without a trusted chain do not count. Providers retry.",
			failurePercent, repeatedly()),
		do: "Read authorizerError, integrationError and errorResponseType in the access log. If it has no lines, check the key: " +
			"no function starts without it. If functions are throttled, request a higher quota of concurrent executions.",
		metric: intakeFailures(), threshold: failurePercent / 100.0, window: repeatedly(),
	})
}

// addAPIAlarms adds alarms about responses that API Gateway may send without
// invoking a function. They are tickets, because anybody can cause such responses.
func (s *stack) addAPIAlarms(to severities) {
	s.addAlarm(alarm{
		id: "ApiThrottled", name: "api-throttled", severity: to.ticket,
		means: fmt.Sprintf("API Gateway answered requests 429 %v: they exceeded the stage's throttle. Providers retry.", repeatedly()),
		do: "Find the sourceIp of the requests in the access log. If they are a provider's, raise the stage's throttle. " +
			"If not, block the address with a web ACL.",
		metric: s.addResponseMetric("ApiThrottled", `{ $.errorResponseType = "THROTTLED" }`), threshold: 1, window: repeatedly(),
	})
	s.addAlarm(alarm{
		id: "ApiTooLarge", name: "api-413", severity: to.ticket,
		means: "API Gateway answered a request 413: its body is too large for API Gateway or Lambda, and was not received.",
		do: "Find the sourceIp of the request in the access log. If it is a provider's, fetch the event from the provider, " +
			"which retries in vain.",
		metric: s.addResponseMetric("ApiTooLarge", `{ $.status = "413" }`), threshold: 1, window: once(),
	})
	s.addAlarm(alarm{
		id: "ApiFailures", name: "api-5xx", severity: to.ticket,
		means: fmt.Sprintf("The API responded 5xx %v: authorizer or processor failed, was throttled or timed out, "+
			"or a processor responded 503. Responses 503 for an empty secret count too.", repeatedly()),
		do: "Read status, authorizerError and integrationError in the access log. " +
			"If all are 503, read the processor's log. For the reason secret_empty, fill the secret or leave the URL unused.",
		metric: apiMetric("5XXError"), threshold: 1, window: repeatedly(),
	})
}

// addQueueAlarms adds alarms about messages that wait.
func (s *stack) addQueueAlarms(w watched, to severities) {
	const lateSeconds = 2 * contract.QueueVisibilitySeconds
	s.addAlarm(alarm{
		id: "ConsumerLag", name: "consumer-lag", severity: to.page,
		means: fmt.Sprintf("The oldest event in %s is at least %d minutes old: %s is not invoked, fails or is too slow.",
			QueueName, lateSeconds/60, contract.ConsumerName),
		do: fmt.Sprintf("Check errors and throttles of %s and of the table. %s keeps events for %d days, "+
			"but an event that fails as often as %s allows goes to the archive.", contract.ConsumerName, QueueName, queueRetentionDays, maxReceiveCount),
		metric:    queueMetric(w.events, "ApproximateAgeOfOldestMessage", "Maximum"),
		threshold: lateSeconds, window: window{minutes: 5, periods: 2, needed: 2},
	})
	fixArchiver := fmt.Sprintf("Read the ERROR lines of %s, and check its permissions on bucket and key, and S3. "+
		"A dead letter is lost %d days after it was first sent.", contract.ArchiverName, deadLetterRetentionDays)
	s.addAlarm(alarm{
		id: "DeadLetterAge", name: "dlq-age", severity: to.page,
		means: fmt.Sprintf("The oldest message in %s is at least %d minutes old: %s fails.",
			DeadLetterQueueName, lateSeconds/60, contract.ArchiverName),
		do:        fixArchiver,
		metric:    queueMetric(w.deadLetter, "ApproximateAgeOfOldestMessage", "Maximum"),
		threshold: lateSeconds, window: once(),
	})
	// SQS excludes messages from the age after three receives. A message that fails
	// is invisible for the visibility timeout after each receive; one that is
	// archived, for less than a second.
	retries := window{minutes: 10, periods: 3, needed: 3}
	s.addAlarm(alarm{
		id: "DeadLetterRetries", name: "dlq-retries", severity: to.page,
		means: fmt.Sprintf("Messages in %s were retried without success for %d minutes: %s fails.",
			DeadLetterQueueName, retries.minutes*retries.needed, contract.ArchiverName),
		do:        fixArchiver,
		metric:    queueMetric(w.deadLetter, "ApproximateNumberOfMessagesNotVisible", "Average"),
		threshold: 0.5, window: retries,
	})
}

// addProcessorAlarms adds the alarms of one provider.
func (s *stack) addProcessorAlarms(p contract.Provider, function cfn.ID, to severities) {
	const (
		failurePercent = 5
		timeoutPercent = 80
	)
	name := contract.ProcessorName(p)
	s.addFunctionAlarms(p.Title+"Processor", name, function, to)
	s.addAlarm(alarm{
		id: p.Title + "Failures", name: name + "-5xx", severity: to.page,
		means: fmt.Sprintf("At least %d %% of %s's webhooks were answered 503 although they are authentic, or 500 because API Gateway cannot invoke %s, %v. "+
			"%s retries them.", failurePercent, p.Title, name, repeatedly(), p.Title),
		do: "Read the ERROR lines of " + name + ": they name the failing service (SQS, Secrets Manager, KMS or S3). If there are none, " +
			"read integrationError in the access log, and run paysluice doctor: it checks the function, its role and the permission to invoke it.",
		metric: s.addFailureMetric(p), threshold: failurePercent / 100.0, window: repeatedly(),
	})
	s.addAlarm(alarm{
		id: p.Title + "ProcessorDuration", name: name + "-duration", severity: to.page,
		means: fmt.Sprintf("%s ran for at least %d %% of its timeout of %d s, %v. After the timeout, webhooks are answered 5xx.",
			name, timeoutPercent, processorTimeoutSeconds, repeatedly()),
		do:        "Find the slow call in its log and in the latency metrics of SQS, Secrets Manager, KMS and S3.",
		metric:    functionMetric(function, "Duration", "Maximum"),
		threshold: timeoutPercent * processorTimeoutSeconds * 10, window: repeatedly(), // in ms
	})
}

// addSilenceAlarm adds an alarm about a provider that sends while nothing is
// accepted, whatever the volume: a secret that was changed only at the provider, a
// certificate that cannot be fetched, a clock.
func (s *stack) addSilenceAlarm(p contract.Provider, to severities) {
	const hours = 6
	s.addAlarm(alarm{
		id: p.Title + "Unaccepted", name: p.Name + "-unaccepted", severity: to.ticket,
		means: fmt.Sprintf("Webhooks arrived at %s's URL within %d hours, and none had a valid signature.", p.Title, hours),
		do: "Read the reason codes in the logs of " + contract.ProcessorName(p) + " and " + contract.AuthorizerName + ". " +
			"For signature_mismatch, compare the secret with the one at " + p.Title + ", and add the missing entry. " +
			"If you do not use " + p.Title + ", leave it out of the stack.",
		metric: s.addSilenceMetric(p), threshold: 1, window: window{minutes: hours * 60, periods: 1, needed: 1},
	})
}

// addQuietAlarm adds an alarm, if the operator wants it, about a provider of which
// nothing was accepted for a number of hours: it sends nothing, or what it sends
// does not arrive.
func (s *stack) addQuietAlarm(p contract.Provider, to severities) {
	hours := p.Title + maxQuietHours
	s.addHours(hours, fmt.Sprintf("Hours without an accepted event after which an alarm pages that %s is quiet, at most %d. 0 for no alarm.",
		p.Title, maxQuietPeriods), maxQuietPeriods)
	expected := s.Condition(p.Title+"IsExpected", cfn.Not(cfn.Equals(cfn.Ref(hours), "0")))
	accepted := providerMetric(contract.MetricAccepted, p)
	id := s.Add(p.Title+"QuietAlarm", cfn.With{
		Resource: &cloudwatch.Alarm{
			AlarmName: new(named(to.page.name + "-" + p.Name + "-quiet")),
			AlarmDescription: new(cfn.Sub("Means: No event of " + p.Title + " was accepted for ${" + hours + "} hours. " +
				"Do: Check at " + p.Title + " that the webhook is enabled and has the stack's URL, and look for failed deliveries there. " +
				"Compare with the requests in the access log. If " + p.Title + " has nothing to send, raise " + hours + ".")),
			Namespace:  new(accepted.namespace),
			MetricName: new(accepted.name),
			Dimensions: accepted.dimensions,
			Statistic:  new(accepted.statistic),
			// From an hour, the window can be as long as a week (CloudWatch API
			// Reference, PutMetricAlarm, Period).
			Period:             new(3600),
			ComparisonOperator: "LessThanThreshold",
			Threshold:          new(1.0),
			// A metric without data is the finding.
			TreatMissingData:           new("breaching"),
			AlarmActions:               []string{to.page.topic.Ref()},
			OKActions:                  []string{to.page.topic.Ref()},
			AWSCloudFormationCondition: expected.Name(),
		},
		Set: map[string]any{"EvaluationPeriods": cfn.Ref(hours), "DatapointsToAlarm": cfn.Ref(hours)},
	})
	s.optionalAlarms.add(conditional{id, expected})
}

// addCertificateAlarm adds an alarm about a provider's signing certificates.
func (s *stack) addCertificateAlarm(p contract.Provider, to severities) {
	s.addAlarm(alarm{
		id: p.Title + "Untrusted", name: p.Name + "-untrusted", severity: to.page,
		means: fmt.Sprintf("A valid certificate that signed webhooks of an entry, or that the secret lists, chains to no trusted root, %v. "+
			"%s's webhooks are answered 503.", severally(), p.Title),
		do: "Check whether " + p.Title + " announced new certificates. If so, add their root to extraRootsPem " +
			"in the secret. If not, suspect an attack on the connection to " + p.Title + ".",
		metric: s.addUntrustedMetric(p), threshold: 1, window: severally(),
	})
}

// addFunctionAlarms adds alarms about a function that fails or is throttled.
func (s *stack) addFunctionAlarms(id, name string, function cfn.ID, to severities) {
	s.addAlarm(alarm{
		id: id + "Errors", name: name + "-errors", severity: to.page,
		means:  fmt.Sprintf("%s crashed or timed out %v.", name, repeatedly()),
		do:     "Read its log for the panic, or for the last line before the timeout. If it began with a deployment, deploy the previous version.",
		metric: functionMetric(function, "Errors", "Sum"), threshold: 1, window: repeatedly(),
	})
	s.addAlarm(alarm{
		id: id + "Throttles", name: name + "-throttles", severity: to.ticket,
		means: fmt.Sprintf("%s was throttled %v: the account's Lambda concurrency is exhausted, or the function's reserved concurrency.", name, repeatedly()),
		do: "Run paysluice doctor: it shows a reserved concurrency that somebody changed. Otherwise find the function that uses the concurrency, " +
			"and request a higher quota of concurrent executions. Throttled requests and messages are retried.",
		metric: functionMetric(function, "Throttles", "Sum"), threshold: 1, window: repeatedly(),
	})
}
