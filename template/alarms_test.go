package template

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func alarmRequirements() []requirement {
	const errors, throttles = "AWS/Lambda Errors Sum FunctionName=ConsumerFunction", "AWS/Lambda Throttles Sum FunctionName=ConsumerFunction"
	return append([]requirement{
		scenario("nothing happens", nil, nil,
			set("ConsumerLagAlarm.Properties.TreatMissingData", "breaching")),
		scenario("a usual day", map[string]float64{
			"Paysluice Accepted Sum Environment=dev": 50_000, "Paysluice Stored Sum Environment=dev": 49_000, "Paysluice Duplicates Sum Environment=dev": 1_000, "Paysluice Rejected Sum Environment=dev": 20,
			"Paysluice StripeFailures-dev Average": 0.001, "AWS/Lambda Duration Maximum FunctionName=StripeProcessorFunction": 900,
			"AWS/SQS ApproximateNumberOfMessagesNotVisible Average QueueName=DeadLetterQueue.QueueName": 0.01,
			"AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=WebhookQueue.QueueName":            310, // one retry
		}, nil, set("ConsumerLagAlarm.Properties.Threshold", 300), set("RejectedAlarm.Properties.Threshold", 10)),
		scenario("strangers flood every URL before the secrets are filled", map[string]float64{
			"Paysluice Rejected Sum Environment=dev": 900_000, "Paysluice NotConfigured Sum Environment=dev": 300_000, "AWS/ApiGateway 5XXError Sum ApiName=webhook-api-dev Stage=live": 350_000,
			"AWS/Lambda Throttles Sum FunctionName=AuthorizerFunction": 5_000, "AWS/Lambda Throttles Sum FunctionName=StripeProcessorFunction": 5_000,
			"AWS/Lambda Throttles Sum FunctionName=ConsumerFunction": 500, "AWS/Lambda Throttles Sum FunctionName=ArchiverFunction": 50, // they share the account's concurrency
		}, tickets("rejected", "api-5xx", "webhook-authorizer-throttles", "stripe-processor-throttles",
			"event-consumer-throttles", "dlq-archiver-throttles"),
			set("RejectedAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("AuthorizerThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("StripeProcessorThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("ConsumerThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("ArchiverThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("ApiFailuresAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("StripeFailuresAlarm.Properties", map[string]any{
				"Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Dimensions": []any{
					map[string]string{"Name": "ApiName", "Value": "webhook-api-dev"}, map[string]string{"Name": "Stage", "Value": "live"},
				},
				"AlarmName": "page-5xx-dev", "AlarmActions": []string{"AlarmTopic"}, "Statistic": "Sum",
				"Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
			}),
		),
		scenario("API Gateway gets no answer from the authorizer", map[string]float64{
			"AWS/ApiGateway 5XXError Sum ApiName=webhook-api-dev Stage=live": 3,
		}, tickets("api-5xx"),
			drop("ApiFailuresAlarm"),
			set("ApiFailuresAlarm.Properties.MetricName", "5xx"), // that of an HTTP API
			drop("ApiFailuresAlarm.Properties.Dimensions.1")),
		scenario("one in ten authentic webhooks of one provider is answered 503", map[string]float64{"Paysluice SquareFailures-dev Average": 0.1},
			pages("square-processor-5xx"),
			set("SquareFailuresAlarm.Properties.Threshold", 0.5),
			set("SquareFailuresAlarm.Properties.AlarmActions.0", "TicketTopic"),
			drop("SquareFailuresAlarm"),
		),
		scenario("an event is archived after its last receive", map[string]float64{"Paysluice Redriven-dev Sum": 1, "Paysluice Archived Sum Environment=dev": 1}, pages("redriven"),
			drop("RedrivenAlarm"), set("RedrivenAlarm.Properties.Threshold", 2)),
		scenario("a dead letter waits", map[string]float64{
			"AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=DeadLetterQueue.QueueName": 601,
		}, pages("dlq-age"), drop("DeadLetterAgeAlarm"), set("DeadLetterAgeAlarm.Properties.Statistic", "Average")),
		scenario("a dead letter was received too often to count for the age", map[string]float64{
			"AWS/SQS ApproximateNumberOfMessagesNotVisible Average QueueName=DeadLetterQueue.QueueName": 0.99,
		}, pages("dlq-retries"), drop("DeadLetterRetriesAlarm")),
		scenario("the consumer does not keep up", map[string]float64{
			"AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=WebhookQueue.QueueName": 601,
		}, pages("consumer-lag"),
			set("ConsumerLagAlarm.Properties.Dimensions.0.Value", "DeadLetterQueue.QueueName"),
			set("ConsumerLagAlarm.Properties.Dimensions.0.Name", "Queue"),
			set("ConsumerLagAlarm.Properties.Namespace", "AWS/Lambda")),
		scenario("a secret is malformed", map[string]float64{"Paysluice SecretUnavailable Sum Environment=dev": 1}, pages("secret-unavailable"),
			set("SecretUnavailableAlarm.Properties.Dimensions.0.Value", "prod")),
		scenario("a certificate of PayPal's leads to no root", map[string]float64{"Paysluice PayPalUntrusted-dev Sum": 1},
			pages("paypal-untrusted"), drop("PayPalUntrustedAlarm")),
		scenario("a function crashes", map[string]float64{errors: 1}, pages("event-consumer-errors"),
			drop("ConsumerErrorsAlarm"), set("ConsumerErrorsAlarm.Properties.Statistic", "Average")),
		scenario("a function behind the queues is throttled", map[string]float64{throttles: 1}, tickets("event-consumer-throttles"),
			drop("ConsumerThrottlesAlarm")),
		scenario("a processor comes near its time-out", map[string]float64{"AWS/Lambda Duration Maximum FunctionName=SquareProcessorFunction": 7_300},
			pages("square-processor-duration"), set("SquareProcessorDurationAlarm.Properties.Threshold", 9_000)),
		scenario("a signed body is no event", map[string]float64{"Paysluice Quarantined Sum Environment=dev": 1}, tickets("quarantined"),
			set("QuarantinedAlarm.Properties.AlarmActions.0", "AlarmTopic")),
		scenario("two bodies come as one event", map[string]float64{"Paysluice Conflicts Sum Environment=dev": 1}, tickets("conflicts"),
			set("ConflictsAlarm.Properties.AlarmActions.0", "AlarmTopic")),
	}, alarmFormRequirements()...)
}

func alarmFormRequirements() []requirement {
	return []requirement{
		{
			says: "each alarm says what it means and what to do, and tells when it is over; silence is fine",
			holds: func(t require.TestingT, d document) {
				for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
					description := decode[string](t, a, "AlarmDescription")
					means, do, _ := strings.Cut(description, " Do: ")
					assert.True(t, strings.HasPrefix(means, "Means: ") && len(means) > 30, id)
					assert.Greater(t, len(do), 30, id)
					assert.LessOrEqual(t, len(description), 1024, id)
					assert.Equal(t, a.Properties["AlarmActions"], a.Properties["OKActions"], id)
					assert.Equal(t, "notBreaching", a.Properties["TreatMissingData"], id)
				}
			},
			breaks: []mutation{
				drop("ConflictsAlarm.Properties.AlarmDescription"),
				set("ConflictsAlarm.Properties.AlarmDescription", "Means: two bodies were sent as one event."),
				drop("RedrivenAlarm.Properties.OKActions"),
				drop("RedrivenAlarm.Properties.TreatMissingData"),
			},
		},
		{
			says: "a page comes within 15 minutes, one about retries of dead letters within 30",
			holds: func(t require.TestingT, d document) {
				for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
					datapoints := decode[int](t, a, "DatapointsToAlarm")
					assert.Positive(t, datapoints, id)
					assert.LessOrEqual(t, datapoints, decode[int](t, a, "EvaluationPeriods"), id)
					limit := 15 * 60
					if id == "DeadLetterRetriesAlarm" {
						limit = 30 * 60
					}
					pages := a.Properties["AlarmActions"].([]any)[0] == "AlarmTopic"
					assert.True(t, !pages || decode[int](t, a, "Period")*datapoints <= limit, id)
				}
			},
			breaks: []mutation{
				set("RedrivenAlarm.Properties.Period", 3600),
				set("DeadLetterRetriesAlarm.Properties.Period", 900),
				drop("StripeFailuresAlarm.Properties.DatapointsToAlarm"),
				set("ConsumerLagAlarm.Properties.DatapointsToAlarm", 4),
			},
		},
		{
			says: "each function is watched, but the emptier, whose failure CloudFormation tells",
			holds: eachFunction(func(t require.TestingT, d document, id string, _ resource) {
				watched := id != "EmptierFunction"
				for _, metric := range []string{"Errors", "Throttles"} {
					assert.Equal(t, watched, d.Resources[stem(id)+metric+"Alarm"].Properties["MetricName"] == metric, id)
				}
				isProcessor := strings.HasSuffix(id, "ProcessorFunction")
				assert.Equal(t, isProcessor, d.Resources[stem(id)+"DurationAlarm"].Type != "", id)
			}),
			breaks: []mutation{drop("AcmeProcessorErrorsAlarm"), drop("ArchiverThrottlesAlarm"), drop("SquareProcessorDurationAlarm")},
		},
		{
			says:  "CloudWatch, for this account's alarms only, may publish to both topics, and nobody without TLS",
			holds: topicsTakeAlarms,
			breaks: []mutation{
				drop("AlarmTopicPolicy"),
				drop("TicketTopicPolicy.Properties.PolicyDocument.Statement.0.Condition"),
				set("AlarmTopicPolicy.Properties.PolicyDocument.Statement.0.Principal", map[string]string{"AWS": "*"}),
				drop("AlarmTopicPolicy.Properties.PolicyDocument.Statement.1"),
			},
		},
		{
			says: "both topics send e-mail, if there is an address",
			holds: func(t require.TestingT, d document) {
				told := []string{}
				for id, s := range d.ofType("AWS::SNS::Subscription") {
					assert.Equal(t, "WantsEmail", s.Condition, id)
					assert.Equal(t, "email", s.Properties["Protocol"], id)
					assert.Equal(t, alarmEmail, s.Properties["Endpoint"], id)
					told = append(told, s.Properties["TopicArn"].(string))
				}
				assert.ElementsMatch(t, []string{"AlarmTopic", "TicketTopic"}, told)
			},
			breaks: []mutation{drop("AlarmTopicEmail"), drop("TicketTopicEmail.Condition"), set("AlarmTopicEmail.Properties.Protocol", "sms")},
		},
		{
			says: "what alarms count in logs is counted in the function's own, for each stack apart",
			holds: func(t require.TestingT, d document) {
				failures := `{ $.level = "ERROR" && $.status = 503 }` // none that a stranger can bring about
				for id, want := range map[string]struct{ group, pattern, metric, value string }{
					"Redriven":        {"ArchiverLogGroup", `{ $.reason = "receives-exhausted" && $.Archived > 0 }`, "Redriven-dev", "$.Archived"},
					"PayPalUntrusted": {"PayPalProcessorLogGroup", `{ $.reason = "paypal_chain" }`, "PayPalUntrusted-dev", "1"},
					"AcmeUntrusted":   {"AcmeProcessorLogGroup", `{ $.reason = "acme_chain" }`, "AcmeUntrusted-dev", "1"},
					"SquareFailed":    {"SquareProcessorLogGroup", failures, "SquareFailures-dev", "1"},
					"SquareAccepted":  {"SquareProcessorLogGroup", `{ $.Accepted > 0 }`, "SquareFailures-dev", "0"},
				} {
					filter := d.Resources[id+"Filter"]
					assert.Equal(t, want.group, filter.Properties["LogGroupName"])
					assert.Equal(t, want.pattern, filter.Properties["FilterPattern"])
					assert.Equal(t, []any{map[string]any{
						"MetricNamespace": "Paysluice", "MetricName": want.metric, "MetricValue": want.value,
					}}, filter.Properties["MetricTransformations"])
				}
				assert.Equal(t, "Average", d.Resources["SquareFailuresAlarm"].Properties["Statistic"], "a ratio")
				assert.Len(t, d.ofType("AWS::Logs::MetricFilter"), 3+2*len(withMadeUp().Providers))
			},
			breaks: []mutation{
				drop("RedrivenFilter"),
				drop("AcmeAcceptedFilter"),
				set("RedrivenFilter.Properties.LogGroupName", "ConsumerLogGroup"),
				set("SquareFailedFilter.Properties.FilterPattern", "{ $.status = 503 }"),
				set("SquareFailuresAlarm.Properties.Statistic", "Sum"),
				set("AcmeUntrustedFilter.Properties.FilterPattern", `{ $.reason = "paypal_chain" }`),
				set("PayPalUntrustedFilter.Properties.MetricTransformations.0.MetricName", "PayPalUntrusted"),
			},
		},
	}
}

func topicsTakeAlarms(t require.TestingT, d document) {
	policies := d.ofType("AWS::SNS::TopicPolicy")
	require.Len(t, policies, 2)
	for _, topic := range []string{"AlarmTopic", "TicketTopic"} {
		policy := policies[topic+"Policy"]
		assert.Equal(t, []any{topic}, policy.Properties["Topics"])
		all := statements(t, policy, "PolicyDocument")
		require.Len(t, all, 2)
		assert.Equal(t, statement{
			Sid: "PublishAlarms", Effect: "Allow",
			Principal: &principal{Service: "cloudwatch.amazonaws.com"},
			Action:    []string{"sns:Publish"},
			Resource:  []string{topic},
			Condition: anAlarmOfThisAccount(),
		}, all[0])
		assert.Equal(t, plainHTTPDenied("sns:Publish", topic), all[1])
	}
}

func anAlarmOfThisAccount() *condition {
	return &condition{
		StringEquals: map[string]string{"aws:SourceAccount": account},
		ArnLike:      map[string]string{"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:" + account + ":alarm:*"},
	}
}

// scenario is a requirement of who is told of what. Values are those of an
// alarm's period, by "namespace name statistic dimension=value"; other metrics
// have none.
func scenario(says string, values map[string]float64, want []string, breaks ...mutation) requirement {
	return requirement{
		says: says,
		holds: func(t require.TestingT, d document) {
			assert.ElementsMatch(t, want, toldOf(t, d, values))
		},
		breaks: breaks,
	}
}

func pages(names ...string) []string { return told("AlarmTopic: page-", names) }

func tickets(names ...string) []string { return told("TicketTopic: ticket-", names) }

func told(who string, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, who+name+"-dev")
	}
	return all
}

// toldOf are the alarms that go off, each after the topic that it tells.
func toldOf(t require.TestingT, d document, values map[string]float64) []string {
	var all []string
	for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
		if goesOff(t, a, values) {
			actions := decode[[]string](t, a, "AlarmActions")
			require.Len(t, actions, 1, id)
			all = append(all, actions[0]+": "+decode[string](t, a, "AlarmName"))
		}
	}
	return all
}

func goesOff(t require.TestingT, a resource, values map[string]float64) bool {
	require.Equal(t, "GreaterThanOrEqualToThreshold", a.Properties["ComparisonOperator"])
	value, ok := values[decode[measured](t, resource{Properties: map[string]any{"m": a.Properties}}, "m").key()]
	if !ok {
		return a.Properties["TreatMissingData"] != "notBreaching"
	}
	return value >= decode[float64](t, a, "Threshold")
}

// measured is a metric of an alarm.
type measured struct {
	Namespace, MetricName, Statistic string
	Dimensions                       []struct{ Name, Value string }
}

func (m measured) key() string {
	key := m.Namespace + " " + m.MetricName + " " + m.Statistic
	for _, d := range m.Dimensions {
		key += " " + d.Name + "=" + d.Value
	}
	return key
}

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
