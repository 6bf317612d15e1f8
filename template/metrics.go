package template

import (
	"maps"
	"slices"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"
	"github.com/awslabs/goformation/v7/cloudformation/logs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// metric is a CloudWatch metric and a statistic of it, or an expression of several
// such metrics.
type metric struct {
	namespace  string
	name       string
	statistic  string
	dimensions []cloudwatch.Alarm_Dimension

	expression string            // of metric math; "" for a single metric
	operands   map[string]metric // under their names in the expression
}

// putInto makes m the metric of an alarm. period is in seconds.
func (m metric) putInto(a *cloudwatch.Alarm, period int) {
	if m.expression == "" {
		a.Namespace, a.MetricName, a.Dimensions = new(m.namespace), new(m.name), m.dimensions
		a.Statistic, a.Period = new(m.statistic), new(period)
		return
	}
	a.Metrics = []cloudwatch.Alarm_MetricDataQuery{{Id: "result", Expression: new(m.expression), ReturnData: new(true)}}
	for _, id := range slices.Sorted(maps.Keys(m.operands)) {
		operand := m.operands[id]
		a.Metrics = append(a.Metrics, cloudwatch.Alarm_MetricDataQuery{
			Id: id,
			MetricStat: &cloudwatch.Alarm_MetricStat{
				Metric: &cloudwatch.Alarm_Metric{
					Namespace: new(operand.namespace), MetricName: new(operand.name), Dimensions: operand.dimensions,
				},
				Period: period,
				Stat:   operand.statistic,
			},
			ReturnData: new(false),
		})
	}
}

// apiNamespace is the namespace of API Gateway's own metrics (API Gateway
// Developer Guide, "Amazon API Gateway dimensions and metrics").
const apiNamespace = "AWS/ApiGateway"

func dimension(name, value string) cloudwatch.Alarm_Dimension {
	return cloudwatch.Alarm_Dimension{Name: name, Value: value}
}

// eventMetric returns the sum of a metric of package contract over all providers.
func eventMetric(name string) metric {
	return metric{
		namespace: contract.MetricNamespace, name: name, statistic: "Sum",
		dimensions: []cloudwatch.Alarm_Dimension{dimension(contract.EnvironmentDimension, cfn.Ref(environmentSuffix))},
	}
}

// providerMetric returns the sum of a metric of package contract for a provider.
func providerMetric(name string, p contract.Provider) metric {
	m := eventMetric(name)
	m.dimensions = append(m.dimensions, dimension(contract.ProviderDimension, p.Name))
	return m
}

func functionMetric(function cfn.ID, name, statistic string) metric {
	return metric{
		namespace: "AWS/Lambda", name: name, statistic: statistic,
		dimensions: []cloudwatch.Alarm_Dimension{dimension("FunctionName", function.Ref())},
	}
}

func queueMetric(queue cfn.ID, name, statistic string) metric {
	return metric{
		namespace: "AWS/SQS", name: name, statistic: statistic,
		dimensions: []cloudwatch.Alarm_Dimension{dimension("QueueName", queue.Att("QueueName"))},
	}
}

// ruleMatches returns the number of events that matched an EventBridge rule. On the
// default bus, the rule's name is the only dimension (EventBridge User Guide,
// "Monitoring Amazon EventBridge").
func ruleMatches(rule cfn.ID) metric {
	return metric{
		namespace: "AWS/Events", name: "TriggeredRules", statistic: "Sum",
		dimensions: []cloudwatch.Alarm_Dimension{dimension("RuleName", rule.Ref())},
	}
}

// apiMetric returns the sum of a metric of API Gateway over all responses, those
// of API Gateway itself included.
func apiMetric(name string) metric {
	return metric{
		namespace: apiNamespace, name: name, statistic: "Sum",
		dimensions: []cloudwatch.Alarm_Dimension{dimension("ApiName", named(contract.APIName)), dimension("Stage", contract.StageName)},
	}
}

// intakeFailures returns the share of requests that were answered 5xx, or 0 if an
// event was accepted. Responses 503 that anybody can cause are left out. A metric
// of package contract without data counts as 0.
//
// FILL may leave a metric empty that has no data at all in the time that CloudWatch
// looks at, and a condition without a value has no result. 0 * requests gives it one:
// missing values count as 0 in arithmetic (CloudWatch User Guide, "Using math
// expressions with CloudWatch metrics").
func intakeFailures() metric {
	requests := apiMetric("Count")
	requests.statistic = "SampleCount" // its Sum is not documented
	return metric{
		expression: "IF(FILL(accepted, 0) + 0 * requests > 0, 0, (failures - FILL(empty, 0) - FILL(undecided, 0)) / requests)",
		operands: map[string]metric{
			"accepted":  eventMetric(contract.MetricAccepted),
			"empty":     eventMetric(contract.MetricNotConfigured),
			"failures":  apiMetric("5XXError"),
			"requests":  requests,
			"undecided": eventMetric(contract.MetricUndecided),
		},
	}
}

// waitingEvents returns the number of events that were stored in the last period with
// stored events, or 0 if a function was invoked in it or since. REPEAT carries a result
// into periods without either, so it does not count an event that is published in the
// period after it was stored, however rare events are. The consumer
// gives stored the time at which its invocation starts. The function's invocation is later.
// 0 * stored has the same reason as in intakeFailures.
func waitingEvents(function cfn.ID) metric {
	return metric{
		expression: "FILL(IF(FILL(invocations, 0) + 0 * FILL(stored, 0) > 0, 0, stored), REPEAT)",
		operands: map[string]metric{
			"invocations": functionMetric(function, "Invocations", "Sum"),
			"stored":      eventMetric(contract.MetricStored),
		},
	}
}

// logMetric describes a metric that CloudWatch Logs extracts from lines of a
// function's log, for cases that the functions' own metrics do not distinguish.
type logMetric struct {
	id       string // of the resource, without "Filter"
	function string // prefix of the function's logical ids, or "Access" for the access log
	name     string // without the environment suffix
	pattern  string // CloudWatch Logs User Guide, "Filter pattern syntax for metric filters"
	value    string // a number, or a member of the line
}

// addLogMetric adds a metric filter. The metric's name contains the environment
// suffix, because not every line has the Environment that would be its dimension.
func (s *stack) addLogMetric(m logMetric) {
	s.Add(m.id+"Filter", &logs.MetricFilter{
		LogGroupName:  logGroupID(m.function).Ref(),
		FilterPattern: m.pattern,
		MetricTransformations: []logs.MetricFilter_MetricTransformation{{
			MetricNamespace: contract.MetricNamespace,
			MetricName:      named(m.name),
			MetricValue:     m.value,
		}},
	})
}

// filteredMetric returns a statistic of the metric that addLogMetric added under
// that name.
func filteredMetric(name, statistic string) metric {
	return metric{namespace: contract.MetricNamespace, name: named(name), statistic: statistic}
}

// addResponseMetric adds the number of lines of the access log that match a pattern.
func (s *stack) addResponseMetric(name, pattern string) metric {
	s.addLogMetric(logMetric{id: name, function: accessLogPrefix, name: name, pattern: pattern, value: "1"})
	return filteredMetric(name, "Sum")
}

const redrivenMetric = "Redriven"

// addRedrivenMetric adds the number of events that were archived after their last
// receive.
func (s *stack) addRedrivenMetric() metric {
	s.addLogMetric(logMetric{
		id: redrivenMetric, function: "Archiver", name: redrivenMetric,
		pattern: reasonPattern(contract.ReasonReceivesExhausted, " && $."+contract.MetricArchived+" > 0"),
		value:   "$." + contract.MetricArchived,
	})
	return filteredMetric(redrivenMetric, "Sum")
}

const unstoredMetric = "Unstored"

// addUnstoredMetric adds the number of records that the consumer could not store, each
// receive counted. Lambda counts no error for them, and SQS leaves a message out of the
// queue's age after three receives.
func (s *stack) addUnstoredMetric() metric {
	s.addLogMetric(logMetric{
		id: unstoredMetric, function: "Consumer", name: unstoredMetric,
		pattern: `{ $.level = "ERROR" && $.message = "` + contract.NotStoredMessage + `" }`, value: "1",
	})
	return filteredMetric(unstoredMetric, "Sum")
}

// addFailureMetric adds a provider's failures: 1 for each webhook that a processor
// could not accept because of a fault on our side and for each request that could not
// invoke it, 0 for each webhook that it accepted. The average is the failure rate.
// Requests from unauthenticated senders are not counted while the processor can be
// invoked; they never produce ERROR lines.
func (s *stack) addFailureMetric(p contract.Provider) metric {
	function, name := p.Title+"Processor", p.Title+"Failures"
	s.addLogMetric(logMetric{
		id: p.Title + "Failed", function: function, name: name,
		pattern: `{ $.level = "ERROR" && $.status = 503 }`, value: "1",
	})
	s.addLogMetric(logMetric{
		id: p.Title + "Accepted", function: function, name: name,
		pattern: "{ $." + contract.MetricAccepted + " > 0 }", value: "0",
	})
	s.addLogMetric(logMetric{
		id: p.Title + "Uninvoked", function: accessLogPrefix, name: name,
		pattern: uninvokedPattern(p), value: "1",
	})
	return filteredMetric(name, "Average")
}

// uninvokedPattern matches requests that the authorizer allowed and that could not invoke
// the processor: its permission, function or role is gone. Such a request leaves no line
// in the processor's log and no error in its metrics. API Gateway answers it 500, and its
// integrationStatus is - (DataBiosphere/azul#8301). Only API Gateway answers 500. After a
// crash it answers 502 (DataBiosphere/azul#8192), to a body above Lambda's limit 413
// (koki-develop/lgtm-generator#10).
//
// Throttled requests are answered 500 too (DataBiosphere/azul#6624). They are left out, because a flood
// can exhaust the account's concurrency.
func uninvokedPattern(p contract.Provider) string {
	return `{ $.resource = "/` + p.Path + `" && $.status = "500"` +
		` && $.errorResponseType != "AUTHORIZER_FAILURE" && $.errorResponseType != "AUTHORIZER_CONFIGURATION_ERROR"` +
		` && $.integrationError != "Execution failed due to configuration error: Rate Exceeded." }`
}

// addUntrustedMetric adds the number of webhooks with a certificate that is listed or
// signed them, and that chains to no trusted root.
func (s *stack) addUntrustedMetric(p contract.Provider) metric {
	name := p.Title + "Untrusted"
	s.addLogMetric(logMetric{
		id: name, function: p.Title + "Processor", name: name,
		pattern: reasonPattern(p.UntrustedReason, ""), value: "1",
	})
	return filteredMetric(name, "Sum")
}

// addSilenceMetric adds a provider's outcomes: 0 for each webhook with a valid
// signature, 1 for each that a gate rejected or could not decide. The minimum of a
// period is 1 only if webhooks arrived and none had a valid signature. Stray
// requests, which lack a signature header, are not counted.
func (s *stack) addSilenceMetric(p contract.Provider) metric {
	processor, name := p.Title+"Processor", p.Title+contract.MetricUnaccepted
	for _, m := range []logMetric{
		{id: p.Title + "Signed", function: processor, value: "0", pattern: "{ $." + contract.MetricAccepted +
			" > 0 || $." + contract.MetricQuarantined + " > 0 }"},
		{id: p.Title + "Unsigned", function: processor, value: "1", pattern: "{ $." + contract.MetricRejected +
			" > 0 || $." + contract.MetricUndecided + " > 0 || $." + contract.MetricNotConfigured + " > 0 }"},
		{id: p.Title + "Denied", function: "Authorizer", value: "1", pattern: "{ $." + contract.MetricRejected +
			" > 0 && $." + contract.ProviderDimension + ` = "` + p.Name + `" && $.` + contract.ReasonProperty + ` != "` + contract.ReasonHeaderMissing + `" }`},
	} {
		m.name = name
		s.addLogMetric(m)
	}
	return filteredMetric(name, "Minimum")
}

// reasonPattern matches log lines with a reason code and, if more is not empty,
// with a further term.
func reasonPattern(reason, more string) string {
	return "{ $." + contract.ReasonProperty + ` = "` + reason + `"` + more + " }"
}
