package template

import (
	"encoding/json"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// addDashboard adds a dashboard that answers at a glance: is traffic arriving
// for each provider, is it accepted, is anything stuck, is anything lost. The
// body is that of the CloudWatch API Reference, "Dashboard body structure and
// syntax"; widgets without a position follow one another.
func (s *stack) addDashboard(w watched) {
	widgets := []widget{s.alarmWidget()}
	for i, p := range w.providers {
		widgets = append(widgets, graph(p.Title+": is it arriving, is it accepted?", []line{
			{"AWS/Lambda", "Invocations", "FunctionName", sub(w.processors[i])},
			ofProvider(contract.MetricAccepted, p),
			ofProvider(contract.MetricRejected, p),
			ofProvider(contract.MetricNotConfigured, p),
			ofProvider(contract.MetricSecretUnavailable, p),
		}))
	}
	api := graph("What does API Gateway answer?", []line{
		append(ofAPI("Count"), map[string]string{"stat": "SampleCount"}), // its Sum is not documented
		ofAPI("4XXError"), ofAPI("5XXError"),
	})
	stuck := graph("Is anything stuck? Seconds since the oldest message", []line{
		{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", sub(w.events + ".QueueName")},
		{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", sub(w.deadLetter + ".QueueName")},
	})
	stuck.Properties["stat"] = "Maximum"
	lost := graph("Is anything lost? Events by what became of them", []line{
		ofAll(contract.MetricStored), ofAll(contract.MetricDuplicates), ofAll(contract.MetricQuarantined),
		ofAll(contract.MetricConflicts), {contract.MetricNamespace, redrivenMetric + suffix}, ofAll(contract.MetricArchived),
	})

	id := s.Add("Dashboard", &cloudwatch.Dashboard{
		DashboardName: new(named(dashboardName)),
		DashboardBody: dashboardBody(append(widgets, api, stuck, lost)),
	})
	s.Output("DashboardUrl", cfn.Output{
		Description: "URL of the dashboard.",
		Value: cfn.Sub("https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home" +
			"?region=${AWS::Region}#dashboards/dashboard/" + sub(id)),
	})
}

// widget is a rectangle of the dashboard, which is 24 wide.
type widget struct {
	Type       string         `json:"type"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// line is a metric in a graph: namespace, name, then names and values of its
// dimensions, then perhaps a map of what is different from the graph.
type line []any

func graph(title string, lines []line) widget {
	return widget{Type: "metric", Width: 8, Height: 6, Properties: map[string]any{
		"title": title, "region": "${AWS::Region}", "stat": "Sum", "period": 300, "metrics": lines,
	}}
}

// alarmWidget shows the state of every alarm.
func (s *stack) alarmWidget() widget {
	arns := make([]string, len(s.alarms))
	for i, id := range s.alarms {
		arns[i] = sub(id + ".Arn")
	}
	return widget{Type: "alarm", Width: 24, Height: 4, Properties: map[string]any{"title": "Alarms", "alarms": arns}}
}

func ofAll(metric string) line {
	return line{contract.MetricNamespace, metric, contract.EnvironmentDimension, sub(environmentSuffix)}
}

func ofProvider(metric string, p contract.Provider) line {
	return append(ofAll(metric), contract.ProviderDimension, p.Name)
}

func ofAPI(metric string) line {
	return line{apiNamespace, metric, "ApiName", apiName + suffix, "Stage", stageName}
}

// sub is how an Fn::Sub refers to an id, or to an attribute of one.
func sub(id cfn.ID) string { return "${" + string(id) + "}" }

// dashboardBody has a widget a line, so that a change of one shows as one.
func dashboardBody(widgets []widget) string {
	parts := make([]any, len(widgets))
	for i, w := range widgets {
		text, _ := json.Marshal(w) // strings and numbers: nothing that could fail
		parts[i] = cfn.Sub(string(text))
	}
	return cfn.Join("", `{"widgets":[`, cfn.Join(",", parts...), "]}")
}
