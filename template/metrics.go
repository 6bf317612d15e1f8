package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"
	"github.com/awslabs/goformation/v7/cloudformation/logs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// alarm is what tells one alarm from another. It goes off when the value is at
// least the threshold.
type alarm struct {
	id       string // its logical id, without "Alarm"
	name     string // in its name, after the severity
	severity severity
	means    string // what has happened
	do       string // what to do about it

	metric metric

	threshold  float64
	minutes    int // that one value covers
	outOf      int // values that are looked at
	datapoints int // of them that are at the threshold
}

// apiNamespace is that of API Gateway's own metrics (API Gateway Developer
// Guide, "Amazon API Gateway dimensions and metrics").
const apiNamespace = "AWS/ApiGateway"

// metric is a metric of CloudWatch with the statistic in use.
type metric struct {
	namespace, name, statistic string
	dimensions                 []cloudwatch.Alarm_Dimension
}

func dimension(name, value string) cloudwatch.Alarm_Dimension {
	return cloudwatch.Alarm_Dimension{Name: name, Value: value}
}

// counted is how often the functions counted something, whatever the provider.
func counted(name string) metric {
	return metric{contract.MetricNamespace, name, "Sum", []cloudwatch.Alarm_Dimension{
		dimension(contract.EnvironmentDimension, cfn.Ref(environmentSuffix)),
	}}
}

func ofFunction(function cfn.ID, name, statistic string) metric {
	return metric{"AWS/Lambda", name, statistic, []cloudwatch.Alarm_Dimension{
		dimension("FunctionName", function.Ref()),
	}}
}

func ofQueue(queue cfn.ID, name, statistic string) metric {
	return metric{"AWS/SQS", name, statistic, []cloudwatch.Alarm_Dimension{
		dimension("QueueName", queue.Att("QueueName")),
	}}
}

// answered is how often API Gateway answered in one way, by itself or for a
// function.
func answered(name string) metric {
	return metric{apiNamespace, name, "Sum", []cloudwatch.Alarm_Dimension{
		dimension("ApiName", named(apiName)), dimension("Stage", stageName),
	}}
}

func (s *stack) addAlarm(a alarm) {
	s.alarms = append(s.alarms, s.Add(a.id+"Alarm", &cloudwatch.Alarm{
		AlarmName:          new(named(a.severity.name + "-" + a.name)),
		AlarmDescription:   new("Means: " + a.means + " Do: " + a.do),
		Namespace:          new(a.metric.namespace),
		MetricName:         new(a.metric.name),
		Dimensions:         a.metric.dimensions,
		Statistic:          new(a.metric.statistic),
		Period:             new(a.minutes * 60),
		ComparisonOperator: "GreaterThanOrEqualToThreshold",
		Threshold:          new(a.threshold),
		EvaluationPeriods:  a.outOf,
		DatapointsToAlarm:  new(a.datapoints),
		// Nothing counted, nothing wrong.
		TreatMissingData: new("notBreaching"),
		AlarmActions:     []string{a.severity.topic.Ref()},
		OKActions:        []string{a.severity.topic.Ref()},
	}))
}

// logMetric is a metric made of lines in a function's log, for what the
// functions' own metrics do not tell apart.
type logMetric struct {
	id       string // of the resource, without "Filter"
	function string // stem of the function's logical ids
	metric   string
	pattern  string // CloudWatch Logs User Guide, "Filter pattern syntax for metric filters"
	value    string // a number, or a member of the line
}

// addLogMetric adds m. Not every line has the Environment, which would be the
// metric's dimension, so the suffix is in its name.
func (s *stack) addLogMetric(m logMetric) {
	s.Add(m.id+"Filter", &logs.MetricFilter{
		LogGroupName:  logGroupID(m.function).Ref(),
		FilterPattern: m.pattern,
		MetricTransformations: []logs.MetricFilter_MetricTransformation{{
			MetricNamespace: contract.MetricNamespace,
			MetricName:      named(m.metric),
			MetricValue:     m.value,
		}},
	})
}

func ofLog(name, statistic string) metric {
	return metric{namespace: contract.MetricNamespace, name: named(name), statistic: statistic}
}

// redrivenMetric counts the events that were archived after their last receive.
const redrivenMetric = "Redriven"

func (s *stack) addRedrivenMetric() metric {
	s.addLogMetric(logMetric{
		id: redrivenMetric, function: "Archiver", metric: redrivenMetric,
		pattern: withReason(contract.ReasonReceivesExhausted, " && $."+contract.MetricArchived+" > 0"),
		value:   "$." + contract.MetricArchived,
	})
	return ofLog(redrivenMetric, "Sum")
}

// addFailureMetric is 1 for each webhook that a processor could not accept
// though that is nobody's fault but ours, and 0 for each that it accepted: the
// average is their ratio, without the sending of strangers, whom ERROR lines
// never tell of.
func (s *stack) addFailureMetric(p contract.Provider) metric {
	function, name := p.Title+"Processor", p.Title+"Failures"
	s.addLogMetric(logMetric{
		id: p.Title + "Failed", function: function, metric: name,
		pattern: `{ $.level = "ERROR" && $.status = 503 }`, value: "1",
	})
	s.addLogMetric(logMetric{
		id: p.Title + "Accepted", function: function, metric: name,
		pattern: "{ $." + contract.MetricAccepted + " > 0 }", value: "0",
	})
	return ofLog(name, "Average")
}

// addUntrustedMetric counts the webhooks whose certificate leads to no root.
func (s *stack) addUntrustedMetric(p contract.Provider) metric {
	name := p.Title + "Untrusted"
	s.addLogMetric(logMetric{
		id: name, function: p.Title + "Processor", metric: name,
		pattern: withReason(p.UntrustedReason, ""), value: "1",
	})
	return ofLog(name, "Sum")
}

func withReason(reason, more string) string {
	return "{ $." + contract.ReasonProperty + ` = "` + reason + `"` + more + " }"
}
