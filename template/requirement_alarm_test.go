package template

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func alarmRequirements() []requirement {
	const errors, throttles = "Errors ConsumerFunction", "Throttles ConsumerFunction"
	return append([]requirement{
		scenario("nothing happens", nil, nil,
			set("ConsumerLagAlarm.Properties.TreatMissingData", "breaching")),
		scenario("a usual day", map[string]float64{
			"Accepted dev": 50_000, "Stored dev": 49_000, "Duplicates dev": 1_000, "Rejected dev": 20,
			"StripeFailures-dev": 0.001, "Duration StripeProcessorFunction": 900,
			"ApproximateNumberOfMessagesNotVisible DeadLetterQueue.QueueName": 0.01,
			"ApproximateAgeOfOldestMessage WebhookQueue.QueueName":            310, // one retry
		}, nil, set("ConsumerLagAlarm.Properties.Threshold", 300), set("RejectedAlarm.Properties.Threshold", 10)),
		scenario("strangers flood every URL before the secrets are filled", map[string]float64{
			"Rejected dev": 900_000, "NotConfigured dev": 300_000, "5XXError webhook-api-dev live": 350_000,
			"Throttles AuthorizerFunction": 5_000, "Throttles StripeProcessorFunction": 5_000,
			"Throttles ConsumerFunction": 500, "Throttles ArchiverFunction": 50, // they share the account's concurrency
		}, tickets("rejected", "webhook-authorizer-throttles", "stripe-processor-throttles",
			"event-consumer-throttles", "dlq-archiver-throttles"),
			set("RejectedAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("AuthorizerThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("StripeProcessorThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("ConsumerThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("ArchiverThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("StripeFailuresAlarm.Properties", map[string]any{
				"MetricName": "5XXError", "Dimensions": []any{
					map[string]string{"Value": "webhook-api-dev"}, map[string]string{"Value": "live"},
				},
				"AlarmName": "page-5xx-dev", "AlarmActions": []string{"AlarmTopic"}, "Statistic": "Sum",
				"Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
			}),
		),
		scenario("one in ten authentic webhooks of one provider is answered 503", map[string]float64{"SquareFailures-dev": 0.1},
			pages("square-processor-5xx"),
			set("SquareFailuresAlarm.Properties.Threshold", 0.5),
			set("SquareFailuresAlarm.Properties.AlarmActions.0", "TicketTopic"),
			drop("SquareFailuresAlarm"),
		),
		scenario("an event is archived after its last receive", map[string]float64{"Redriven-dev": 1, "Archived dev": 1}, pages("redriven"),
			drop("RedrivenAlarm"), set("RedrivenAlarm.Properties.Threshold", 2)),
		scenario("a dead letter waits", map[string]float64{
			"ApproximateAgeOfOldestMessage DeadLetterQueue.QueueName": 601,
		}, pages("dlq-age"), drop("DeadLetterAgeAlarm")),
		scenario("a dead letter was received too often to count for the age", map[string]float64{
			"ApproximateNumberOfMessagesNotVisible DeadLetterQueue.QueueName": 0.99,
		}, pages("dlq-retries"), drop("DeadLetterRetriesAlarm")),
		scenario("the consumer does not keep up", map[string]float64{
			"ApproximateAgeOfOldestMessage WebhookQueue.QueueName": 601,
		}, pages("consumer-lag"), set("ConsumerLagAlarm.Properties.Dimensions.0.Value", "DeadLetterQueue.QueueName")),
		scenario("a secret is malformed", map[string]float64{"SecretUnavailable dev": 1}, pages("secret-unavailable"),
			set("SecretUnavailableAlarm.Properties.Dimensions.0.Value", "prod")),
		scenario("a certificate of PayPal's leads to no root", map[string]float64{"PayPalUntrusted-dev": 1},
			pages("paypal-untrusted"), drop("PayPalUntrustedAlarm")),
		scenario("a function crashes", map[string]float64{errors: 1}, pages("event-consumer-errors"),
			drop("ConsumerErrorsAlarm")),
		scenario("a function behind the queues is throttled", map[string]float64{throttles: 1}, tickets("event-consumer-throttles"),
			drop("ConsumerThrottlesAlarm")),
		scenario("a processor comes near its time-out", map[string]float64{"Duration SquareProcessorFunction": 7_300},
			pages("square-processor-duration"), set("SquareProcessorDurationAlarm.Properties.Threshold", 9_000)),
		scenario("a signed body is no event", map[string]float64{"Quarantined dev": 1}, tickets("quarantined"),
			set("QuarantinedAlarm.Properties.AlarmActions.0", "AlarmTopic")),
		scenario("two bodies come as one event", map[string]float64{"Conflicts dev": 1}, tickets("conflicts"),
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
				assert.Len(t, d.ofType("AWS::Logs::MetricFilter"), 2+2*len(withMadeUp().Providers))
			},
			breaks: []mutation{
				drop("RedrivenFilter"),
				drop("AcmeAcceptedFilter"),
				set("RedrivenFilter.Properties.LogGroupName", "ConsumerLogGroup"),
				set("SquareFailedFilter.Properties.FilterPattern", "{ $.status = 503 }"),
				set("SquareFailuresAlarm.Properties.Statistic", "Sum"),
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
// alarm's period, by the metric's name and its dimensions; other metrics have
// none.
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
	require.Contains(t, []any{"Sum", "Maximum", "Average"}, a.Properties["Statistic"])
	value, ok := values[decode[measured](t, resource{Properties: map[string]any{"m": a.Properties}}, "m").key()]
	if !ok {
		return a.Properties["TreatMissingData"] != "notBreaching"
	}
	return value >= decode[float64](t, a, "Threshold")
}

// measured is a metric of an alarm.
type measured struct {
	MetricName string
	Dimensions []struct{ Value string }
}

func (m measured) key() string {
	key := m.MetricName
	for _, d := range m.Dimensions {
		key += " " + d.Value
	}
	return key
}
