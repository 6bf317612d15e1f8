package template

import (
	"maps"
	"slices"

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
	reasons    reasons
}

// addAlarms adds all alarms. Nothing that a stranger with a URL can send sets
// off one that pages: what is turned away by either gate, answered 503 for want
// of a secret, or made to wait for a certificate does not count for any of them.
func (s *stack) addAlarms(w watched, to severities) {
	s.addEventAlarms(w, to)
	s.addQueueAlarms(w, to)
	s.addAPIAlarm(w, to)
	for i, p := range w.providers {
		s.addProcessorAlarms(p, w.processors[i], to)
		if untrusted, ok := w.reasons.untrusted[p.Name]; ok {
			s.addCertificateAlarm(p, untrusted, to)
		}
	}
	s.addFunctionAlarms("Authorizer", contract.AuthorizerName, w.authorizer, to.page, to.ticket)
	s.addFunctionAlarms("Consumer", contract.ConsumerName, w.consumer, to.page, to.page)
	s.addFunctionAlarms("Archiver", contract.ArchiverName, w.archiver, to.page, to.page)
}

// addEventAlarms are about what became of events.
func (s *stack) addEventAlarms(w watched, to severities) {
	once := func(a alarm) {
		a.threshold, a.minutes, a.outOf, a.datapoints = 1, 5, 1, 1
		s.addAlarm(a)
	}
	once(alarm{
		id: "Redriven", name: "redriven", severity: to.page,
		means: "Events were received three times without being stored, and are in the archive now.",
		do: "Find the cause among the ERROR lines of event-consumer, which name the message, " +
			"remove it, then send the archived events again.",
		metric: w.reasons.redriven,
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
		means: "Most webhooks of the last 15 minutes, and at least 100, were turned away as not authentic.",
		do: "The log's reasons tell a stranger from a provider whose secret was changed on one side only. " +
			"For the latter, add the new secret beside the old one.",
		metrics: map[string]metric{
			"accepted": counted(contract.MetricAccepted),
			"rejected": counted(contract.MetricRejected),
		},
		// A provider signs all that it sends, so normal is none.
		expression: "IF(rejected >= 100, rejected / (rejected + FILL(accepted, 0)), 0)",
		threshold:  0.5, minutes: 15, outOf: 1, datapoints: 1,
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
		id: "DeadLetterDepth", name: "dlq-depth", severity: to.page,
		means: "There have been dead letters all the time for half an hour: dlq-archiver fails.",
		do:    archiverFails,
		// SQS leaves a message out of the age once it was received three times.
		metrics: map[string]metric{
			"waiting": ofQueue(w.deadLetter, "ApproximateNumberOfMessagesVisible", "Minimum"),
			"taken":   ofQueue(w.deadLetter, "ApproximateNumberOfMessagesNotVisible", "Minimum"),
		},
		expression: "waiting + taken",
		threshold:  1, minutes: 10, outOf: 3, datapoints: 3,
	})
}

// addAPIAlarm is about what providers are answered.
func (s *stack) addAPIAlarm(w watched, to severities) {
	metrics := map[string]metric{
		"answered":      ofStage("5XXError"),
		"accepted":      counted(contract.MetricAccepted),
		"quarantined":   counted(contract.MetricQuarantined),
		"notConfigured": counted(contract.MetricNotConfigured),
	}
	// What anybody may be answered.
	failed := "answered - FILL(notConfigured, 0)"
	for _, provider := range slices.Sorted(maps.Keys(w.reasons.certUnreachable)) {
		id := provider + "CertUnreachable"
		metrics[id] = w.reasons.certUnreachable[provider]
		failed += " - FILL(" + id + ", 0)"
	}
	s.addAlarm(alarm{
		id: "ServerErrors", name: "5xx", severity: to.page,
		means:   "Over five per cent of authentic webhooks, and at least five, are answered 5xx. The providers send them again for some days.",
		do:      "The access log's integrationStatus and authorizerError, then the processors' ERROR lines, say where it fails: SQS, the key, Lambda.",
		metrics: metrics,
		// The divisor is what passed both gates, so that a flood of what did not
		// does not hide a failure; and all that was answered 5xx, since API
		// Gateway may count one in another period than the function does.
		expression: "IF(" + failed + " >= 5, (" + failed + ") / (answered + FILL(accepted, 0) + FILL(quarantined, 0)), 0)",
		threshold:  0.05, minutes: 5, outOf: 3, datapoints: 2,
	})
}

// addProcessorAlarms are about one provider.
func (s *stack) addProcessorAlarms(p contract.Provider, function cfn.ID, to severities) {
	name := contract.ProcessorName(p)
	s.addFunctionAlarms(p.Title+"Processor", name, function, to.page, to.ticket)
	s.addAlarm(alarm{
		id: p.Title + "ProcessorDuration", name: name + "-duration", severity: to.page,
		means:     name + " takes over 80 % of its time-out again and again. Beyond it, webhooks are answered 5xx.",
		do:        "Look at the trace for the slow call: SQS, Secrets Manager, KMS or S3.",
		metric:    ofFunction(function, "Duration", "Maximum"),
		threshold: 0.8 * processorTimeoutSeconds * 1000, minutes: 5, outOf: 3, datapoints: 2,
	})
}

// addCertificateAlarm is about a provider whose certificates have changed.
func (s *stack) addCertificateAlarm(p contract.Provider, untrusted metric, to severities) {
	s.addAlarm(alarm{
		id: p.Title + "Untrusted", name: p.Name + "-untrusted", severity: to.page,
		means: "A valid certificate from " + p.Title + "'s own host does not lead to a root that we trust. Its webhooks are answered 503.",
		do: "See whether " + p.Title + " has announced new certificates. If so, put their root into extraRootsPem " +
			"of the secret; if not, somebody stands between us and " + p.Title + ".",
		metric:    untrusted,
		threshold: 1, minutes: 5, outOf: 1, datapoints: 1,
	})
}

// addFunctionAlarms are about a function that fails or is not let run.
func (s *stack) addFunctionAlarms(id, name string, function cfn.ID, errors, throttles severity) {
	s.addAlarm(alarm{
		id: id + "Errors", name: name + "-errors", severity: errors,
		means:     name + " crashes or runs into its time-out again and again.",
		do:        "Its log has the panic or the line before the time-out. Deploy the version before, if there was a change.",
		metric:    ofFunction(function, "Errors", "Sum"),
		threshold: 1, minutes: 5, outOf: 3, datapoints: 2,
	})
	s.addAlarm(alarm{
		id: id + "Throttles", name: name + "-throttles", severity: throttles,
		means:     name + " is not let run: the account's concurrency is used up.",
		do:        "See which function uses it, and ask for a higher quota of concurrent executions. What was turned away comes again.",
		metric:    ofFunction(function, "Throttles", "Sum"),
		threshold: 1, minutes: 5, outOf: 3, datapoints: 2,
	})
}
