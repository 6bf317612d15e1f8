package template

import (
	"cmp"
	"fmt"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"

	"github.com/paysluice/paysluice/template/cfn"
)

// severity is the urgency of an alarm.
type severity struct {
	name  string // prefix of its alarms' names
	topic cfn.ID // receives its alarms

	reportsRecovery bool // its alarms have an action for the state OK
}

type severities struct {
	page   severity // act now: events are late or at risk
	ticket severity // act on a working day
}

// alarm describes a CloudWatch alarm. It fires when the metric is at or above the
// threshold in enough periods of the window. Only pages report recovery, for the
// pagers that close an incident then: an alarm also reports it when it is created.
type alarm struct {
	id        string // of the resource, without "Alarm"
	name      string // without severity and environment suffix
	severity  severity
	when      *cfn.Cond // its condition, or nil
	means     string    // what happened and what it means
	do        string    // what the operator does
	metric    metric
	threshold float64
	window    window

	missingData string // how missing data counts; the default is notBreaching
	after       cfn.ID // a resource that has to exist before, or ""
}

// window is the time that an alarm looks at.
type window struct {
	minutes int // of one period
	periods int
	needed  int // periods at or above the threshold
}

// String returns the window as alarm texts state it.
func (w window) String() string {
	return fmt.Sprintf("in %d of %d periods of %d minutes", w.needed, w.periods, w.minutes)
}

// once is the window of an alarm that fires on a single occurrence.
func once() window { return window{minutes: 5, periods: 1, needed: 1} }

// severally is the window of an alarm that two chance findings must not raise. It
// leaves gaps for a provider that sends every ten minutes.
func severally() window { return window{minutes: 5, periods: 6, needed: 3} }

// steadily is the window of an alarm that a single good period ends.
func steadily() window { return window{minutes: 5, periods: 3, needed: 3} }

// repeatedly is the window of an alarm that ignores a single bad period.
func repeatedly() window { return window{minutes: 5, periods: 3, needed: 2} }

func (s *stack) addAlarm(a alarm) {
	resource := &cloudwatch.Alarm{
		AlarmName:          new(named(a.severity.name + "-" + a.name)),
		AlarmDescription:   new("Means: " + a.means + " Do: " + a.do),
		ComparisonOperator: "GreaterThanOrEqualToThreshold",
		Threshold:          new(a.threshold),
		EvaluationPeriods:  a.window.periods,
		DatapointsToAlarm:  new(a.window.needed),
		// Metrics that count something have no data while nothing happens.
		TreatMissingData: new(cmp.Or(a.missingData, "notBreaching")),
		AlarmActions:     []string{a.severity.topic.Ref()},

		AWSCloudFormationCondition: nameOf(a.when),
	}
	if a.severity.reportsRecovery {
		resource.OKActions = resource.AlarmActions
	}
	if a.after != "" {
		resource.AWSCloudFormationDependsOn = []string{string(a.after)}
	}
	a.metric.putInto(resource, a.window.minutes*60)
	id := s.Add(a.id+"Alarm", resource)
	if a.when != nil {
		s.optionalAlarms.add(conditional{id, *a.when})
		return
	}
	s.alarms.add(id)
}
