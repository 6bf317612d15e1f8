package template

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func dashboardRequirements() []requirement {
	const body = "Dashboard.Properties.DashboardBody"
	return []requirement{
		{
			says: "the dashboard shows of each provider whether traffic arrives and is accepted",
			holds: func(t require.TestingT, d document) {
				for _, p := range withMadeUp().Providers {
					shown := graphed(t, d, p.Title+": is it arriving, is it accepted?", "Sum")
					for _, line := range []string{
						"AWS/Lambda Invocations FunctionName " + p.Title + "ProcessorFunction",
						"Paysluice Accepted Environment dev Provider " + p.Name,
						"Paysluice Rejected Environment dev Provider " + p.Name,
						"Paysluice NotConfigured Environment dev Provider " + p.Name,
					} {
						assert.Contains(t, shown, line)
					}
				}
			},
			breaks: []mutation{
				replace(body, `"Accepted","Environment","dev","Provider","square"`, `"Stored","Environment","dev"`),
				replace(body, "PayPal: ", ""),
				replace(body, `"region":"us-east-1"`, `"region":"eu-west-1"`),
				replace(body, `"stat":"Sum"`, `"stat":"Average"`),
			},
		},
		{
			says: "it shows what API Gateway answers, by itself too",
			holds: func(t require.TestingT, d document) {
				const api = " ApiName webhook-api-dev Stage live"
				assert.Equal(t, []string{
					"AWS/ApiGateway Count" + api + " map[stat:SampleCount]",
					"AWS/ApiGateway 4XXError" + api,
					"AWS/ApiGateway 5XXError" + api,
				}, graphed(t, d, "What does API Gateway answer?", "Sum"))
			},
			breaks: []mutation{
				replace(body, `"5XXError","ApiName","webhook-api-dev"`, `"5XXError","ApiName","Api"`),
				replace(body, `"4XXError"`, `"4xx"`), // that of an HTTP API
			},
		},
		{
			says: "it shows whether anything is stuck",
			holds: func(t require.TestingT, d document) {
				shown := graphed(t, d, "Is anything stuck? Seconds since the oldest message", "Maximum")
				for _, queue := range []string{"WebhookQueue", "DeadLetterQueue"} {
					assert.Contains(t, shown, "AWS/SQS ApproximateAgeOfOldestMessage QueueName "+queue+".QueueName")
				}
			},
			breaks: []mutation{
				replace(body, "DeadLetterQueue.QueueName", "WebhookQueue.QueueName"),
				replace(body, `"stat":"Maximum"`, `"stat":"Minimum"`),
			},
		},
		{
			says: "it shows whether anything is lost",
			holds: func(t require.TestingT, d document) {
				shown := graphed(t, d, "Is anything lost? Events by what became of them", "Sum")
				for _, metric := range []string{"Stored", "Duplicates", "Quarantined", "Conflicts", "Archived"} {
					assert.Contains(t, shown, "Paysluice "+metric+" Environment dev")
				}
				assert.Contains(t, shown, "Paysluice Redriven-dev")
			},
			breaks: []mutation{replace(body, "Redriven-dev", "Redriven")},
		},
		{
			says: "it shows every alarm",
			holds: func(t require.TestingT, d document) {
				var want []string
				for _, id := range ids(d.ofType("AWS::CloudWatch::Alarm")) {
					want = append(want, id+".Arn")
				}
				assert.ElementsMatch(t, want, widgetTitled(t, d, "Alarms").Properties.Alarms)
			},
			breaks: []mutation{replace(body, "RedrivenAlarm.Arn", "x"), set("AnotherAlarm", map[string]string{"Type": "AWS::CloudWatch::Alarm"})},
		},
	}
}

type shownWidget struct {
	Properties struct {
		Title, Stat, Region string
		Metrics             [][]any
		Alarms              []string
	}
}

func widgetTitled(t require.TestingT, d document, title string) shownWidget {
	var body struct{ Widgets []shownWidget }
	require.NoError(t, json.Unmarshal([]byte(decode[string](t, d.Resources["Dashboard"], "DashboardBody")), &body))
	for _, w := range body.Widgets {
		if w.Properties.Title == title {
			return w
		}
	}
	require.Fail(t, "no such widget", "%s", title)
	return shownWidget{}
}

// graphed are the metrics of a graph, which shows that statistic of them.
func graphed(t require.TestingT, d document, title, stat string) []string {
	shown := widgetTitled(t, d, title).Properties
	assert.Equal(t, stat, shown.Stat, title)
	assert.Equal(t, region, shown.Region, title)
	var lines []string
	for _, metric := range shown.Metrics {
		lines = append(lines, strings.TrimSpace(fmt.Sprintln(metric...)))
	}
	return lines
}
