package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboardRequirements check the graphs of the dashboard by title and statistic.
func dashboardRequirements() []requirement {
	const (
		body = "Dashboard.Properties.DashboardBody"
		api  = " ApiName webhook-api-dev Stage live"
	)
	perProvider := func(t require.TestingT, d document) {
		for _, p := range withMadeUp().Providers {
			provider := " Environment dev Provider " + p.Name
			assert.Equal(t, []string{
				"AWS/Lambda Invocations FunctionName " + p.Title + "ProcessorFunction",
				"Paysluice Accepted" + provider, "Paysluice Rejected" + provider,
				"Paysluice Undecided" + provider, "Paysluice NotConfigured" + provider, "Paysluice SecretUnavailable" + provider,
			}, graphed(t, d, p.Title+": is it arriving, is it accepted?", "Sum"))
		}
	}
	shows := func(title, stat string, want ...string) func(require.TestingT, document) {
		return func(t require.TestingT, d document) { assert.Equal(t, want, graphed(t, d, title, stat)) }
	}
	return []requirement{
		{
			says:  "the dashboard shows for each provider whether traffic arrives and is accepted",
			holds: perProvider,
			breaks: []mutation{
				replace(body, `"Accepted","Environment","dev","Provider","square"`, `"Stored","Environment","dev"`),
				replace(body, "PayPal: ", ""),
				replace(body, `"region":"us-east-1"`, `"region":"eu-west-1"`),
				replace(body, `"stat":"Sum"`, `"stat":"Average"`),
			},
		},
		{
			says: "it shows the responses of API Gateway",
			holds: shows("What does API Gateway answer?", "Sum",
				"AWS/ApiGateway Count"+api+" map[stat:SampleCount]", "AWS/ApiGateway 4XXError"+api, "AWS/ApiGateway 5XXError"+api),
			breaks: []mutation{
				replace(body, `"5XXError","ApiName","webhook-api-dev"`, `"5XXError","ApiName","Api"`),
				replace(body, `"4XXError"`, `"4xx"`), // an HTTP API's metric
			},
		},
		{
			says: "it shows whether messages are stuck",
			holds: shows("Is anything stuck? Seconds since the oldest message", "Maximum",
				"AWS/SQS ApproximateAgeOfOldestMessage QueueName WebhookQueue.QueueName",
				"AWS/SQS ApproximateAgeOfOldestMessage QueueName DeadLetterQueue.QueueName"),
			breaks: []mutation{
				replace(body, "DeadLetterQueue.QueueName", "WebhookQueue.QueueName"),
				replace(body, `"stat":"Maximum"`, `"stat":"Minimum"`),
			},
		},
		{
			says: "it shows whether events are lost",
			holds: shows("Is anything lost? Events by outcome", "Sum",
				"Paysluice Stored Environment dev", "Paysluice Duplicates Environment dev", "Paysluice Quarantined Environment dev",
				"Paysluice Conflicts Environment dev", "Paysluice Redriven-dev", "Paysluice Archived Environment dev"),
			breaks: []mutation{replace(body, "Redriven-dev", "Redriven")},
		},
		{
			says: "it shows how long an event takes",
			holds: shows("How long does an event take? Milliseconds, of 99 % of the events and of half of them", "p99",
				"Paysluice EndToEndLatency Environment dev", "Paysluice EndToEndLatency Environment dev map[stat:p50]",
				"Paysluice ReceiveLatency Environment dev", "Paysluice StoreLatency Environment dev", "Paysluice PublishLatency Environment dev"),
			breaks: []mutation{replace(body, "StoreLatency", "Stored"), replace(body, `"stat":"p99"`, `"stat":"Average"`)},
		},
		{
			says: "it shows whether events are unpublished",
			holds: func(t require.TestingT, d document) {
				shows("Is publishing late? Milliseconds since the oldest unpublished event", "Maximum", "AWS/Lambda IteratorAge FunctionName PublisherFunction")(t, d)
				shows("Is anything unpublished?", "Sum", "Paysluice Stored Environment dev", "AWS/Lambda Invocations FunctionName PublisherFunction", "Paysluice Published Environment dev", "Paysluice Unpublished Environment dev",
					"AWS/SQS ApproximateNumberOfMessagesVisible QueueName UnpublishedQueue.QueueName map[stat:Maximum]")(t, d)
			},
			breaks: []mutation{replace(body, "UnpublishedQueue.QueueName", "WebhookQueue.QueueName"), replace(body, "IteratorAge", "Duration")},
		},
		{
			says: "it shows every alarm",
			holds: func(t require.TestingT, d document) {
				var want []string
				for _, id := range ids(d.ofType("AWS::CloudWatch::Alarm")) {
					want = append(want, id+".Arn")
				}
				got := widgetTitled(t, d, "Alarms").Properties.Alarms
				for _, ids := range regexp.MustCompile(`,\{"type":"alarm"[^}]*"alarms":\["([^\]]+)"\]`).FindAllStringSubmatch(
					decode[string](t, d.Resources["Dashboard"], "DashboardBody"), -1) {
					got = append(got, strings.Split(ids[1], `","`)...)
				}
				assert.ElementsMatch(t, want, got)
			},
			breaks: []mutation{replace(body, "RedrivenAlarm.Arn", "x"), replace(body, "StripeQuietAlarm.Arn", "x"), set("AnotherAlarm", map[string]string{"Type": "AWS::CloudWatch::Alarm"})},
		},
	}
}

type dashboardWidget struct {
	Properties struct {
		Title, Stat, Region string
		Metrics             [][]any
		Alarms              []string
	}
}

func widgetTitled(t require.TestingT, d document, title string) dashboardWidget {
	var body struct{ Widgets []dashboardWidget }
	require.NoError(t, json.Unmarshal([]byte(decode[string](t, d.Resources["Dashboard"], "DashboardBody")), &body))
	i := slices.IndexFunc(body.Widgets, func(w dashboardWidget) bool { return w.Properties.Title == title })
	require.GreaterOrEqual(t, i, 0, title)
	return body.Widgets[i]
}

// graphed returns the metrics of a graph with that title and statistic.
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
