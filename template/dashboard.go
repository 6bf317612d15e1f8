package template

import (
	"encoding/json"
	"slices"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// addDashboard adds a dashboard that shows whether each provider's traffic
// arrives, whether it is accepted, and whether events are stuck or lost. The
// body has the format of the CloudWatch API Reference, "Dashboard body structure
// and syntax"; widgets without a position follow one another.
func (s *stack) addDashboard(w watched) {
	widgets := []widget{alarmWidget(s.alarms.close())}
	for i, p := range w.providers {
		widgets = append(widgets, graph(p.Title+": is it arriving, is it accepted?", []line{
			{"AWS/Lambda", "Invocations", "FunctionName", variable(w.processors[i])},
			providerLine(contract.MetricAccepted, p),
			providerLine(contract.MetricRejected, p),
			providerLine(contract.MetricUndecided, p),
			providerLine(contract.MetricNotConfigured, p),
			providerLine(contract.MetricSecretUnavailable, p),
		}))
	}
	api := graph("What does API Gateway answer?", []line{
		append(apiLine("Count"), map[string]string{"stat": "SampleCount"}), // its Sum is not documented
		apiLine("4XXError"), apiLine("5XXError"),
	})
	stuck := graph("Is anything stuck? Seconds since the oldest message", []line{
		{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", variable(w.events + ".QueueName")},
		{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", variable(w.deadLetter + ".QueueName")},
	})
	stuck.Properties["stat"] = "Maximum"
	lost := graph("Is anything lost? Events by outcome", []line{
		eventLine(contract.MetricStored), eventLine(contract.MetricDuplicates), eventLine(contract.MetricQuarantined),
		eventLine(contract.MetricConflicts), {contract.MetricNamespace, redrivenMetric + suffix}, eventLine(contract.MetricArchived),
	})

	optional := optionalWidgets(s.optionalAlarms.close())
	for _, graph := range w.widgets() {
		optional = append(optional, optionalWidget{w.on, graph})
	}
	optional = append(optional, s.reconciling.widgets()...)
	id := s.Add("Dashboard", &cloudwatch.Dashboard{
		DashboardName: new(named(dashboardName)),
		DashboardBody: dashboardBody(append(widgets, api, stuck, lost), optional),
	})
	s.Output("DashboardUrl", cfn.Output{
		Description: "URL of the dashboard.",
		Value: cfn.Sub("https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home" +
			"?region=${AWS::Region}#dashboards/dashboard/" + variable(id)),
	})
}

// widget is a rectangle of the dashboard, which is 24 units wide. Its strings may
// contain variables of Fn::Sub.
type widget struct {
	Type       string         `json:"type"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// line is a metric of a graph: namespace, name, then names and values of its
// dimensions, then optionally a map of settings that differ from the graph's.
type line []any

func graph(title string, lines []line) widget {
	return widget{Type: "metric", Width: 8, Height: 6, Properties: map[string]any{
		"title": title, "region": "${AWS::Region}", "stat": "Sum", "period": 300, "metrics": lines,
	}}
}

// alarmWidget returns a widget with the states of alarms.
func alarmWidget(alarms []cfn.ID) widget {
	arns := make([]string, len(alarms))
	for i, id := range alarms {
		arns[i] = variable(id + ".Arn")
	}
	return widget{Type: "alarm", Width: 24, Height: 4, Properties: map[string]any{"title": "Alarms", "alarms": arns}}
}

func eventLine(metric string) line {
	return line{contract.MetricNamespace, metric, contract.EnvironmentDimension, variable(environmentSuffix)}
}

func providerLine(metric string, p contract.Provider) line {
	return append(eventLine(metric), contract.ProviderDimension, p.Name)
}

func apiLine(metric string) line {
	return line{apiNamespace, metric, "ApiName", contract.APIName + suffix, "Stage", contract.StageName}
}

// optionalWidget is a widget that the dashboard has under a condition.
type optionalWidget struct {
	condition cfn.Cond
	widget    widget
}

// optionalWidgets returns a widget for the alarms of each condition.
func optionalWidgets(alarms []conditional) []optionalWidget {
	var all []optionalWidget
	for len(alarms) > 0 {
		first, ids := alarms[0].condition, []cfn.ID{}
		alarms = slices.DeleteFunc(alarms, func(a conditional) bool {
			same := a.condition.Name() == first.Name()
			if same {
				ids = append(ids, a.id)
			}
			return same
		})
		all = append(all, optionalWidget{first, alarmWidget(ids)})
	}
	return all
}

// dashboardBody returns a token for the body, with one line of the printed
// template per widget.
func dashboardBody(widgets []widget, optional []optionalWidget) string {
	parts := make([]any, len(widgets))
	for i, w := range widgets {
		text, _ := json.Marshal(w) // strings and numbers never fail
		parts[i] = cfn.Sub(string(text))
	}
	body := []any{`{"widgets":[`, cfn.Join(",", parts...)}
	for _, o := range optional {
		text, _ := json.Marshal(o.widget)
		body = append(body, cfn.If(o.condition, cfn.Sub(","+string(text)), ""))
	}
	return cfn.Join("", append(body, "]}")...)
}
