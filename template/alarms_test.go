package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func alarmRequirements() []requirement {
	const (
		event      = "Paysluice %s Sum Environment=dev"
		api5xx     = "AWS/ApiGateway 5XXError Sum ApiName=webhook-api-dev Stage=live"
		requests   = "AWS/ApiGateway Count SampleCount ApiName=webhook-api-dev Stage=live"
		queueAge   = "AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=WebhookQueue.QueueName"
		dlqAge     = "AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=DeadLetterQueue.QueueName"
		dlqRetries = "AWS/SQS ApproximateNumberOfMessagesNotVisible Average QueueName=DeadLetterQueue.QueueName"
	)
	lambda := func(metric, function string) string {
		return "AWS/Lambda " + metric + " FunctionName=" + function + "Function"
	}
	counted := func(metric string) string { return fmt.Sprintf(event, metric) }
	return append([]requirement{
		scenario("nothing happens", nil, nil,
			set("ConsumerLagAlarm.Properties.TreatMissingData", "breaching")),
		scenario("a usual day", map[string]float64{
			counted("Accepted"): 50_000, counted("Stored"): 49_000, counted("Duplicates"): 1_000, counted("Rejected"): 20,
			lambda("Invocations Sum", "Publisher"): 9_000,
			"Paysluice StripeFailures-dev Average": 0.001, lambda("Duration Maximum", "StripeProcessor"): 900,
			dlqRetries: 0.01, queueAge: 310, // one retry
		}, nil, set("ConsumerLagAlarm.Properties.Threshold", 300), set("RejectedAlarm.Properties.Threshold", 10)),
		scenario("unauthenticated requests flood every URL before the secrets are filled", map[string]float64{
			counted("Rejected"): 900_000, counted("NotConfigured"): 300_000, api5xx: 350_000,
			lambda("Throttles Sum", "Authorizer"): 5_000, lambda("Throttles Sum", "StripeProcessor"): 5_000,
			lambda("Throttles Sum", "Consumer"): 500, lambda("Throttles Sum", "Archiver"): 50, // they share the account's concurrency
		}, tickets("rejected", "api-5xx", "webhook-authorizer-throttles", "stripe-processor-throttles",
			"event-consumer-throttles", "dlq-archiver-throttles"),
			set("RejectedAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("ConsumerThrottlesAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("ApiFailuresAlarm.Properties.AlarmActions.0", "AlarmTopic"),
		),
		scenario("somebody repeats one genuine delivery", map[string]float64{counted("Duplicates"): 900_000, counted("Accepted"): 5_000},
			tickets("duplicates"), drop("DuplicatesAlarm"), set("DuplicatesAlarm.Properties.AlarmActions.0", "AlarmTopic")),
		scenario("the key is disabled: no function starts and no log is written", map[string]float64{api5xx: 300, requests: 300},
			append(pages("intake"), tickets("api-5xx")...),
			drop("IntakeAlarm"),
			set("IntakeAlarm.Properties.Threshold", 2),
			set("IntakeAlarm.Properties.AlarmActions.0", "TicketTopic"),
			replace("IntakeAlarm.Properties.Metrics.0.Expression", "failures", "requests - failures"),
			set("IntakeAlarm.Properties.Metrics.3.MetricStat.Metric.MetricName", "4XXError")),
		scenario("somebody schedules the key for deletion, or changes its policy", map[string]float64{"AWS/Events TriggeredRules Sum RuleName=KeyRule": 1},
			pages("key-changes"), drop("KeyChangesAlarm"), set("KeyChangesAlarm.Properties.Threshold", 2),
			set("KeyChangesAlarm.Properties.AlarmActions.0", "TicketTopic"), set("KeyChangesAlarm.Properties.Dimensions.0.Value", "ReconcilerRule")),
		scenario("one processor cannot be invoked, and the others accept", map[string]float64{
			api5xx: 450, requests: 500, counted("Accepted"): 50, "Paysluice StripeFailures-dev Average": 1, "Paysluice PayPalFailures-dev Average": 0,
		}, append(pages("stripe-processor-5xx"), tickets("api-5xx")...), drop("StripeFailuresAlarm")),
		scenario("most requests are throttled, and some events are accepted", map[string]float64{api5xx: 300, requests: 310, counted("Accepted"): 10},
			tickets("api-5xx"),
			replace("IntakeAlarm.Properties.Metrics.0.Expression", "accepted", "empty")),
		scenario("somebody probes a URL without a secret, and names certificates that do not exist",
			map[string]float64{api5xx: 320, requests: 320, counted("NotConfigured"): 160, counted("Undecided"): 160}, tickets("api-5xx"),
			replace("IntakeAlarm.Properties.Metrics.0.Expression", " - FILL(empty, 0)", ""),
			replace("IntakeAlarm.Properties.Metrics.0.Expression", " - FILL(undecided, 0)", "")),
		scenario("API Gateway throttles", map[string]float64{"Paysluice ApiThrottled-dev Sum": 1}, tickets("api-throttled"), drop("ApiThrottledAlarm")),
		scenario("a body is too large", map[string]float64{"Paysluice ApiTooLarge-dev Sum": 1}, tickets("api-413"), drop("ApiTooLargeAlarm")),
		scenario("an authorizer does not respond, among many that do", map[string]float64{api5xx: 3, requests: 300}, tickets("api-5xx"),
			drop("ApiFailuresAlarm"),
			set("ApiFailuresAlarm.Properties.MetricName", "5xx"), // an HTTP API's metric
			drop("ApiFailuresAlarm.Properties.Dimensions.1")),
		scenario("one in ten authentic webhooks of one provider is answered 503", map[string]float64{"Paysluice SquareFailures-dev Average": 0.1},
			pages("square-processor-5xx"),
			set("SquareFailuresAlarm.Properties.Threshold", 0.5),
			set("SquareFailuresAlarm.Properties.AlarmActions.0", "TicketTopic"),
			drop("SquareFailuresAlarm"),
		),
		scenario("an event is archived after its last receive", map[string]float64{"Paysluice Redriven-dev Sum": 1, counted("Archived"): 1}, pages("redriven"),
			drop("RedrivenAlarm"), set("RedrivenAlarm.Properties.Threshold", 2)),
		scenario("records fail, and were received too often to have an age", map[string]float64{"Paysluice Unstored-dev Sum": 1, queueAge: 599}, pages("unstored"),
			drop("UnstoredAlarm"), set("UnstoredAlarm.Properties.Threshold", 2), set("UnstoredAlarm.Properties.AlarmActions.0", "TicketTopic")),
		scenario("a dead letter waits", map[string]float64{dlqAge: 601}, pages("dlq-age"), drop("DeadLetterAgeAlarm"), set("DeadLetterAgeAlarm.Properties.Statistic", "Average")),
		scenario("a dead letter was received too often to have an age", map[string]float64{dlqRetries: 0.99}, pages("dlq-retries"), drop("DeadLetterRetriesAlarm")),
		scenario("the consumer does not keep up", map[string]float64{queueAge: 601}, pages("consumer-lag"),
			set("ConsumerLagAlarm.Properties.Dimensions.0.Value", "DeadLetterQueue.QueueName"),
			set("ConsumerLagAlarm.Properties.Dimensions.0.Name", "Queue"),
			set("ConsumerLagAlarm.Properties.Namespace", "AWS/Lambda")),
		scenario("a secret is malformed", map[string]float64{counted("SecretUnavailable"): 1}, pages("secret-unavailable"),
			set("SecretUnavailableAlarm.Properties.Dimensions.0.Value", "prod")),
		scenario("a provider sends one webhook in hours, and it is rejected", map[string]float64{
			"Paysluice PayPalUnaccepted-dev Minimum": 1, "Paysluice StripeUnaccepted-dev Minimum": 0,
		}, tickets("paypal-unaccepted"),
			drop("PayPalUnacceptedAlarm"), set("PayPalUnacceptedAlarm.Properties.Statistic", "Maximum"),
			set("PayPalUnacceptedAlarm.Properties.AlarmActions.0", "AlarmTopic"), set("StripeUnacceptedAlarm.Properties.Threshold", 0)),
		scenario("PayPal signs with a certificate that chains to no trusted root", map[string]float64{"Paysluice PayPalUntrusted-dev Sum": 1},
			pages("paypal-untrusted"), drop("PayPalUntrustedAlarm")),
		scenario("a function crashes", map[string]float64{lambda("Errors Sum", "Consumer"): 1}, pages("event-consumer-errors"),
			drop("ConsumerErrorsAlarm"), set("ConsumerErrorsAlarm.Properties.Statistic", "Average")),
		scenario("a function behind the queues is throttled", map[string]float64{lambda("Throttles Sum", "Consumer"): 1}, tickets("event-consumer-throttles"),
			drop("ConsumerThrottlesAlarm")),
		scenario("a processor comes near its timeout", map[string]float64{lambda("Duration Maximum", "SquareProcessor"): 7_300},
			pages("square-processor-duration"), set("SquareProcessorDurationAlarm.Properties.Threshold", 9_000)),
		scenario("a signed body is not an event", map[string]float64{counted("Quarantined"): 1}, tickets("quarantined"),
			set("QuarantinedAlarm.Properties.AlarmActions.0", "AlarmTopic")),
		scenario("a provider could not make an event", map[string]float64{counted("Missed"): 1}, tickets("missed"),
			set("MissedAlarm.Properties.AlarmActions.0", "AlarmTopic")),
		scenario("events never arrived", map[string]float64{"Paysluice Lost Maximum Environment=dev": 1}, pages("missing"),
			drop("MissingAlarm"), set("MissingAlarm.Properties.Threshold", 2), set("MissingAlarm.Properties.Statistic", "Average"),
			set("MissingAlarm.Properties.AlarmActions.0", "TicketTopic")),
		scenario("a provider refuses its key", map[string]float64{"Paysluice Unreconciled Maximum Environment=dev": 1}, tickets("unreconciled"),
			drop("UnreconciledAlarm"), set("UnreconciledAlarm.Properties.AlarmActions.0", "AlarmTopic")),
		scenario("SNS does not answer for an hour", map[string]float64{lambda("IteratorAge Maximum", "Publisher"): 3_600_000}, tickets("publisher-late"),
			drop("PublisherLateAlarm"), set("PublisherLateAlarm.Properties.AlarmActions.0", "AlarmTopic"),
			set("PublisherLateAlarm.Properties.Statistic", "Average"), set("PublisherStuckAlarm.Properties.Threshold", 3_600_000)),
		scenario("SNS does not answer for a night", map[string]float64{lambda("IteratorAge Maximum", "Publisher"): 30_000_000},
			append(pages("publisher-stuck"), tickets("publisher-late")...), drop("PublisherStuckAlarm")),
		scenario("an event cannot be published", map[string]float64{
			"AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=UnpublishedQueue.QueueName": 1, lambda("IteratorAge Maximum", "Publisher"): 900,
		}, tickets("unpublished"), drop("UnpublishedAlarm"), set("UnpublishedAlarm.Properties.Threshold", 10), set("PublisherLateAlarm.Properties.Threshold", 600)),
		scenario("Lambda does not read the stream", map[string]float64{counted("Stored"): 10}, pages("publisher-idle"),
			drop("PublisherIdleAlarm"), set("PublisherIdleAlarm.Properties.AlarmActions.0", "TicketTopic"),
			set("PublisherIdleAlarm.Properties.Metrics.2.MetricStat.Metric.MetricName", "Published"),
			set("PublisherIdleAlarm.Properties.Metrics.2.MetricStat.Metric.Dimensions.0.Name", "Provider")),
		scenario("two bodies arrive for one event", map[string]float64{counted("Conflicts"): 1}, tickets("conflicts"),
			set("ConflictsAlarm.Properties.AlarmActions.0", "AlarmTopic")),
	}, alarmFormRequirements()...)
}

// docs/operating.md has a table of outages with the alarms that fire.
func TestOutagesOfTheOperatingPage(t *testing.T) {
	const (
		api5xx   = "AWS/ApiGateway 5XXError Sum ApiName=webhook-api-dev Stage=live"
		requests = "AWS/ApiGateway Count SampleCount ApiName=webhook-api-dev Stage=live"
		event    = "Paysluice %s Sum Environment=dev"
	)
	lambda := func(metric, function string) string {
		return "AWS/Lambda " + metric + " Sum FunctionName=" + function + "Function"
	}
	counted := func(metric string) string { return fmt.Sprintf(event, metric) }
	d := build(t, Options{}, "dev")
	table := "| outage | page | ticket |\n|---|---|---|\n"
	for _, row := range []struct {
		outage string
		values map[string]float64
	}{
		{"The key is disabled, or scheduled for deletion", map[string]float64{
			api5xx: 500, requests: 500, "AWS/Events TriggeredRules Sum RuleName=KeyRule": 1}},
		{"API Gateway may not invoke the functions, or their code is missing", map[string]float64{api5xx: 500, requests: 500}},
		{"The account's concurrency is used up", map[string]float64{
			api5xx: 500, requests: 600, lambda("Throttles", "Authorizer"): 500, lambda("Throttles", "Consumer"): 5}},
		{"The authorizer crashes", map[string]float64{api5xx: 500, requests: 500, lambda("Errors", "Authorizer"): 500}},
		{"One processor crashes", map[string]float64{
			api5xx: 50, requests: 500, counted("Accepted"): 450, lambda("Errors", "StripeProcessor"): 50}},
		{"API Gateway may not invoke one processor, or its function or role is missing", map[string]float64{
			api5xx: 450, requests: 500, counted("Accepted"): 50, "Paysluice StripeFailures-dev Average": 1}},
		{"The reserved concurrency of one processor is 0", map[string]float64{
			api5xx: 450, requests: 500, counted("Accepted"): 50, lambda("Throttles", "StripeProcessor"): 450}},
		{"SQS refuses the messages", map[string]float64{api5xx: 500, requests: 500,
			"Paysluice StripeFailures-dev Average": 1, "Paysluice PayPalFailures-dev Average": 1, "Paysluice SquareFailures-dev Average": 1}},
		{"A secret that worked is empty, malformed or deleted", map[string]float64{
			api5xx: 50, requests: 500, counted("Accepted"): 450, counted("SecretUnavailable"): 50,
			"Paysluice StripeFailures-dev Average": 1}},
		{"PayPal moves to an authority that the stack does not trust", map[string]float64{
			api5xx: 50, requests: 500, counted("Accepted"): 450, counted("Undecided"): 50,
			"Paysluice PayPalUntrusted-dev Sum": 50, "Paysluice PayPalFailures-dev Average": 1}},
		// SQS leaves a message out of the age after three receives, 10 minutes after it was sent.
		{"DynamoDB fails", map[string]float64{"AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=WebhookQueue.QueueName": 599,
			"Paysluice Unstored-dev Sum": 20, "Paysluice Redriven-dev Sum": 20}},
		{"The consumer's event source mapping is disabled or deleted, or may not read the queue", map[string]float64{
			"AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=WebhookQueue.QueueName": 900}},
		{"S3 refuses archived messages", map[string]float64{
			"AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=DeadLetterQueue.QueueName":         900,
			"AWS/SQS ApproximateNumberOfMessagesNotVisible Average QueueName=DeadLetterQueue.QueueName": 20}},
		{"SNS or EventBridge refuses the events, for hours", map[string]float64{
			"AWS/Lambda IteratorAge Maximum FunctionName=PublisherFunction": 7 * 3_600_000}},
		{"The publisher's event source mapping is disabled or deleted, or may not read the stream", map[string]float64{counted("Stored"): 450}},
		{"Webhooks do not arrive for a while, and others do", map[string]float64{"Paysluice Lost Maximum Environment=dev": 3}},
		{"A provider refuses the key of its API", map[string]float64{"Paysluice Unreconciled Maximum Environment=dev": 1}},
		{"A provider exceeds the stage's throttle", map[string]float64{requests: 500, "Paysluice ApiThrottled-dev Sum": 50}},
		{"Nobody sends, or to another URL", map[string]float64{}},
	} {
		names := map[string][]string{"AlarmTopic": {}, "TicketTopic": {}}
		for _, alarm := range fired(t, d, row.values) {
			topic, name, _ := strings.Cut(alarm, ": ")
			_, name, _ = strings.Cut(strings.TrimSuffix(name, "-dev"), "-")
			names[topic] = append(names[topic], name)
		}
		for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
			// With its parameter above 0, an alarm about silence fires without data.
			if p, isQuiet := strings.CutSuffix(id, "QuietAlarm"); isQuiet && len(row.values) == 0 && a.Properties["TreatMissingData"] == "breaching" {
				names["AlarmTopic"] = append(names["AlarmTopic"], strings.ToLower(p)+"-quiet")
			}
		}
		cell := func(topic string) string { slices.Sort(names[topic]); return strings.Join(names[topic], ", ") }
		table += fmt.Sprintf("| %s | %s | %s |\n", row.outage, cell("AlarmTopic"), cell("TicketTopic"))
	}
	page, err := os.ReadFile("../docs/operating.md")
	require.NoError(t, err)
	assert.Contains(t, string(page), table)
}

func alarmFormRequirements() []requirement {
	return []requirement{
		{
			says: "each alarm says what it means and what to do; pages report recovery; only those about silence take missing data for a finding",
			holds: func(t require.TestingT, d document) {
				for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
					description := decode[string](t, a, "AlarmDescription")
					means, do, _ := strings.Cut(description, " Do: ")
					assert.True(t, strings.HasPrefix(means, "Means: ") && len(means) > 30, id)
					assert.Greater(t, len(do), 30, id)
					assert.LessOrEqual(t, len(description), 1024, id)
					pages := a.Properties["AlarmActions"].([]any)[0] == "AlarmTopic"
					assert.Equal(t, pages, a.Properties["OKActions"] != nil, id)
					if pages {
						assert.Equal(t, a.Properties["AlarmActions"], a.Properties["OKActions"], id)
					}
					want := "notBreaching"
					switch {
					case isQuiet(id) || id == "UnreconciledAlarm":
						want = "breaching"
					case id == "PublisherIdleAlarm", id == "MissingAlarm":
						want = "ignore" // without events, or records to read, nothing changes
					}
					assert.Equal(t, want, a.Properties["TreatMissingData"], id)
				}
			},
			breaks: []mutation{
				drop("ConflictsAlarm.Properties.AlarmDescription"),
				set("ConflictsAlarm.Properties.AlarmDescription", "Means: two bodies were sent as one event."),
				drop("RedrivenAlarm.Properties.OKActions"),
				set("ConflictsAlarm.Properties.OKActions", []string{"TicketTopic"}), // it would fire when the stack is created
				drop("RedrivenAlarm.Properties.TreatMissingData"),
				set("StripeQuietAlarm.Properties.TreatMissingData", "notBreaching"),
				set("UnreconciledAlarm.Properties.TreatMissingData", "notBreaching"),
				set("MissingAlarm.Properties.TreatMissingData", "notBreaching"), // it would recover while events are lost
			},
		},
		{
			says: "a provider is quiet if nothing of it was accepted for as many hours as its parameter says, which is 0 by default for no alarm",
			holds: func(t require.TestingT, d document) {
				for _, p := range withMadeUp().Providers {
					parameter := d.Parameters[p.Title+"MaxQuietHours"]
					require.NotNil(t, parameter.Default, p.Name)
					assert.Equal(t, "0", *parameter.Default)
					hours := regexp.MustCompile(parameter.AllowedPattern)
					for value, ok := range map[string]bool{"0": true, "1": true, "99": true, "168": true, "169": false, "1.5": false, "": false, "01": false} {
						assert.Equal(t, ok, hours.MatchString(value), value)
					}
					a := d.Resources[p.Title+"QuietAlarm"]
					assert.Equal(t, p.Title+"IsExpected", a.Condition)
					assert.Equal(t, "Paysluice Accepted Sum Environment=dev Provider="+p.Name,
						decode[measured](t, resource{Properties: map[string]any{"m": a.Properties}}, "m").key())
					assert.Equal(t, "LessThanThreshold", a.Properties["ComparisonOperator"])
					assert.Equal(t, 1.0, a.Properties["Threshold"])
					assert.Equal(t, 3600.0, a.Properties["Period"])
					for _, property := range []string{"EvaluationPeriods", "DatapointsToAlarm"} {
						assert.Equal(t, p.Title+"MaxQuietHours", a.Properties[property])
					}
					assert.Equal(t, []any{"AlarmTopic"}, a.Properties["AlarmActions"])
				}
			},
			breaks: []mutation{
				drop("StripeQuietAlarm.Condition"),
				set("StripeQuietAlarm.Properties.EvaluationPeriods", 1),
				set("StripeQuietAlarm.Properties.Period", 300), // at most a day
				set("StripeQuietAlarm.Properties.Dimensions.1.Value", "square"),
				set("Parameters.StripeMaxQuietHours.Default", "1"),
				set("Parameters.StripeMaxQuietHours.AllowedPattern", "^[0-9]+$"),
			},
		},
		{
			says: "each text states the numbers of its alarm",
			holds: func(t require.TestingT, d document) {
				for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
					if isQuiet(id) {
						assert.Contains(t, a.Properties["AlarmDescription"], " for "+a.Properties["EvaluationPeriods"].(string)+" hours.")
						continue
					}
					description := decode[string](t, a, "AlarmDescription")
					threshold, minutes := decode[float64](t, a, "Threshold"), period(t, a)/60
					needed, periods := decode[int](t, a, "DatapointsToAlarm"), decode[int](t, a, "EvaluationPeriods")
					want := fmt.Sprintf("in %d of %d periods of %d minutes", needed, periods, minutes)
					switch {
					case id == "RejectedAlarm":
						want = fmt.Sprintf("At least %v webhooks were rejected as not authentic within %d minutes.", threshold, minutes)
					case id == "DuplicatesAlarm":
						want = fmt.Sprintf("At least %v webhooks within %d minutes", threshold, minutes)
					case strings.HasSuffix(id, "UnacceptedAlarm"):
						want = fmt.Sprintf("within %d hours", minutes/60)
					case id == "ConsumerLagAlarm", id == "DeadLetterAgeAlarm":
						want = fmt.Sprintf("at least %v minutes old", threshold/60)
					case id == "DeadLetterRetriesAlarm":
						want = fmt.Sprintf("for %d minutes", needed*minutes)
					case strings.HasSuffix(id, "DurationAlarm"):
						timeout := decode[float64](t, d.Resources[strings.TrimSuffix(id, "DurationAlarm")+"Function"], "Timeout")
						want = fmt.Sprintf("%v %% of its timeout of %v s, %s", threshold/timeout/10, timeout, want)
					case id != "ApiFailuresAlarm" && strings.HasSuffix(id, "FailuresAlarm"):
						want = fmt.Sprintf("At least %v %% of", threshold*100)
					case id == "PublisherLateAlarm":
						want = fmt.Sprintf("at least %v minutes old, %s", threshold/60_000, want)
					case id == "PublisherStuckAlarm":
						want = fmt.Sprintf("at least %v hours old, %s. After %v hours", threshold/3_600_000, want,
							decode[int](t, d.Resources["PublisherMapping"], "MaximumRecordAgeInSeconds")/3600)
					case id == "PublisherIdleAlarm":
						assert.Contains(t, description, fmt.Sprintf("Within %v hours", decode[int](t, d.Resources["PublisherMapping"], "MaximumRecordAgeInSeconds")/3600))
					case id == "UnpublishedAlarm":
						assert.Contains(t, description, "with paysluice failures unpublished.", "the command that lists them")
						want = fmt.Sprintf("older than %v hours", decode[int](t, d.Resources["PublisherMapping"], "MaximumRecordAgeInSeconds")/3600)
					case periods == 1:
						want = "Means: " // a single occurrence has no number
					case id == "IntakeAlarm":
						want = fmt.Sprintf("At least %v %% of all requests were answered 5xx and no event was accepted, %s", threshold*100, want)
					}
					assert.Contains(t, description, want, id)
				}
			},
			breaks: []mutation{
				set("RejectedAlarm.Properties.Threshold", 200),
				set("IntakeAlarm.Properties.Threshold", 0.3),
				set("IntakeAlarm.Properties.DatapointsToAlarm", 1),
				set("RejectedAlarm.Properties.Period", 300),
				set("DuplicatesAlarm.Properties.Threshold", 100),
				set("PenumbraUnacceptedAlarm.Properties.Period", 3600),
				set("PayPalUntrustedAlarm.Properties.DatapointsToAlarm", 1),
				set("DeadLetterAgeAlarm.Properties.Threshold", 300),
				set("DeadLetterRetriesAlarm.Properties.DatapointsToAlarm", 2),
				set("SquareProcessorDurationAlarm.Properties.Threshold", 8100),
				set("SquareFailuresAlarm.Properties.Threshold", 0.1),
				set("ConsumerErrorsAlarm.Properties.EvaluationPeriods", 6),
				set("UnstoredAlarm.Properties.DatapointsToAlarm", 2),
				set("PublisherLateAlarm.Properties.Threshold", 60_000),
				set("PublisherMapping.Properties.MaximumRecordAgeInSeconds", 86_400),
			},
		},
		{
			says: "the publisher is idle if nothing has invoked it since an event was stored, however rare events are",
			holds: func(t require.TestingT, d document) {
				a := d.Resources["PublisherIdleAlarm"]
				assert.Equal(t, []string{"PublisherMapping"}, a.DependsOn)
				for _, row := range []struct {
					why, stored, invoked string // in each period, - for no data
					fires                bool
				}{
					{"a new stack", "- - - -", "- - - -", false},
					{"a busy stack", "9 9 9 9", "7 7 7 7", false},
					{"events are rare, and are published at once", "- 1 - -", "- 1 - -", false},
					{"a period ends between storing and publishing", "1 - - -", "- 1 - -", false},
					{"the mapping of a busy stack is disabled", "9 9 9 9", "7 - - -", true},
					{"the mapping is disabled between two rare events", "- 1 - -", "1 - - -", true},
					{"it was disabled long ago", "- 1 - -", "- - - -", true},
					{"Lambda is late, but not by 15 minutes", "- - 1 -", "- - - -", false},
					{"the mapping is enabled again", "1 1 1 -", "- - - 1", false},
					{"the publisher catches up, and no event comes", "- - - -", "2 2 2 2", false},
				} {
					history := map[string]series{
						"Paysluice Stored Sum Environment=dev":                      parseSeries(t, row.stored),
						"AWS/Lambda Invocations Sum FunctionName=PublisherFunction": parseSeries(t, row.invoked),
					}
					assert.Equal(t, row.fires, firesAfter(t, a, history, 4), row.why)
				}
			},
			breaks: []mutation{
				replace("PublisherIdleAlarm.Properties.Metrics.0.Expression", ", REPEAT", ", 0"),
				replace("PublisherIdleAlarm.Properties.Metrics.0.Expression", " + 0 * FILL(stored, 0)", ""),
				replace("PublisherIdleAlarm.Properties.Metrics.0.Expression", "0, stored)", "0, FILL(stored, 0))"),
				set("PublisherIdleAlarm.Properties.Metrics.1.MetricStat.Metric.Dimensions.0.Value", "ConsumerFunction"),
				set("PublisherIdleAlarm.Properties.DatapointsToAlarm", 1),
				set("PublisherIdleAlarm.Properties.Threshold", 2),
				set("PublisherIdleAlarm.Properties.TreatMissingData", "breaching"),
				drop("PublisherIdleAlarm.DependsOn"),
			},
		},
		{
			says: "a page is sent within 15 minutes, one about retries of dead letters within 30",
			holds: func(t require.TestingT, d document) {
				for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
					if isQuiet(id) {
						continue // it waits as long as the operator wants
					}
					datapoints := decode[int](t, a, "DatapointsToAlarm")
					assert.Positive(t, datapoints, id)
					assert.LessOrEqual(t, datapoints, decode[int](t, a, "EvaluationPeriods"), id)
					limit := 15 * 60
					if id == "DeadLetterRetriesAlarm" {
						limit = 30 * 60
					}
					pages := a.Properties["AlarmActions"].([]any)[0] == "AlarmTopic"
					assert.True(t, !pages || period(t, a)*datapoints <= limit, id)
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
			says: "each function has alarms, except the emptier, which reports failures to CloudFormation, the publisher, which is late then, and the reconciler, which does not reconcile then",
			holds: eachFunction(func(t require.TestingT, d document, id string, _ resource) {
				watched := id != "EmptierFunction" && id != "PublisherFunction" && id != "ReconcilerFunction"
				for _, metric := range []string{"Errors", "Throttles"} {
					assert.Equal(t, watched, d.Resources[stem(id)+metric+"Alarm"].Properties["MetricName"] == metric, id)
				}
				isProcessor := strings.HasSuffix(id, "ProcessorFunction")
				assert.Equal(t, isProcessor, d.Resources[stem(id)+"DurationAlarm"].Type != "", id)
			}),
			breaks: []mutation{drop("PenumbraProcessorErrorsAlarm"), drop("ArchiverThrottlesAlarm"), drop("SquareProcessorDurationAlarm")},
		},
		{
			says:  "CloudWatch can publish to both topics and the key's rule to one, whatever happens to the key; nobody has access without TLS",
			holds: topicsTakeAlarms,
			breaks: []mutation{
				drop("AlarmTopicPolicy"),
				drop("TicketTopicPolicy.Properties.PolicyDocument.Statement.0.Condition"),
				set("AlarmTopicPolicy.Properties.PolicyDocument.Statement.0.Principal", map[string]string{"AWS": "*"}),
				drop("AlarmTopicPolicy.Properties.PolicyDocument.Statement.1"),
				drop("AlarmTopicPolicy.Properties.PolicyDocument.Statement.2"),
				// SNS refuses a message to a topic whose key is disabled.
				set("AlarmTopic.Properties.KmsMasterKeyId", "Key.Arn"),
				// CloudWatch has no access to SNS's own key.
				set("AlarmTopic.Properties.KmsMasterKeyId", "alias/aws/sns"),
			},
		},
		{
			says: "somebody who makes the key unusable, and not CloudFormation, causes a page",
			holds: func(t require.TestingT, d document) {
				rule := d.Resources["KeyRule"]
				assert.Equal(t, map[string]any{
					"source": []any{"aws.kms"}, "detail-type": []any{"AWS API Call via CloudTrail"},
					"detail": map[string]any{
						"eventSource":     []any{"kms.amazonaws.com"},
						"eventName":       []any{"DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy"},
						"resources":       map[string]any{"ARN": []any{"Key.Arn"}},
						"errorCode":       []any{map[string]any{"exists": false}},
						"sourceIPAddress": []any{map[string]any{"anything-but": "cloudformation.amazonaws.com"}},
					},
				}, rule.Properties["EventPattern"])
				assert.NotEqual(t, "DISABLED", rule.Properties["State"])
				target := decode[struct {
					Arn              string
					InputTransformer struct {
						InputPathsMap map[string]string
						InputTemplate string
					}
				}](t, rule, "Targets.0")
				assert.Equal(t, "AlarmTopic", target.Arn)
				text := target.InputTransformer.InputTemplate
				assert.True(t, json.Valid([]byte(text)), "a template without quotation marks must be a JSON object")
				for name := range target.InputTransformer.InputPathsMap {
					assert.Contains(t, text, "<"+name+">")
				}
			},
			breaks: []mutation{
				drop("KeyRule.Properties.EventPattern.detail.resources"), // any key of the account
				drop("KeyRule.Properties.EventPattern.detail.eventName.2"),
				set("KeyRule.Properties.State", "DISABLED"),
				set("KeyRule.Properties.Targets.0.Arn", "TicketTopic"),
				set("KeyRule.Properties.Targets.0.InputTransformer.InputTemplate", "<operation> <caller> <key>"),
			},
		},
		{
			says: "both topics send e-mail if there is an address",
			holds: func(t require.TestingT, d document) {
				topics := []string{}
				for id, s := range d.ofType("AWS::SNS::Subscription") {
					assert.Equal(t, "WantsEmail", s.Condition, id)
					assert.Equal(t, "email", s.Properties["Protocol"], id)
					assert.Equal(t, alarmEmail, s.Properties["Endpoint"], id)
					topics = append(topics, s.Properties["TopicArn"].(string))
				}
				assert.ElementsMatch(t, []string{"AlarmTopic", "TicketTopic"}, topics)
			},
			breaks: []mutation{drop("AlarmTopicEmail"), drop("TicketTopicEmail.Condition"), set("AlarmTopicEmail.Properties.Protocol", "sms")},
		},
		{
			says: "metric filters read the function's own log, and each stack has its own metrics",
			holds: func(t require.TestingT, d document) {
				uninvoked := `{ $.resource = "/square" && $.status = "500" && $.errorResponseType != "AUTHORIZER_FAILURE" && ` +
					`$.errorResponseType != "AUTHORIZER_CONFIGURATION_ERROR" && $.integrationError != "Execution failed due to configuration error: Rate Exceeded." }`
				failures := `{ $.level = "ERROR" && $.status = 503 }` // no unauthenticated request causes it
				for id, want := range map[string]struct{ group, pattern, metric, value string }{
					"Redriven":          {"ArchiverLogGroup", `{ $.reason = "receives-exhausted" && $.Archived > 0 }`, "Redriven-dev", "$.Archived"},
					"Unstored":          {"ConsumerLogGroup", `{ $.level = "ERROR" && $.message = "record not stored" }`, "Unstored-dev", "1"},
					"ApiThrottled":      {"AccessLogGroup", `{ $.errorResponseType = "THROTTLED" }`, "ApiThrottled-dev", "1"},
					"ApiTooLarge":       {"AccessLogGroup", `{ $.status = "413" }`, "ApiTooLarge-dev", "1"},
					"PayPalUntrusted":   {"PayPalProcessorLogGroup", `{ $.reason = "paypal_chain" }`, "PayPalUntrusted-dev", "1"},
					"PenumbraUntrusted": {"PenumbraProcessorLogGroup", `{ $.reason = "penumbra_chain" }`, "PenumbraUntrusted-dev", "1"},
					"SquareUninvoked":   {"AccessLogGroup", uninvoked, "SquareFailures-dev", "1"},
					"SquareFailed":      {"SquareProcessorLogGroup", failures, "SquareFailures-dev", "1"},
					"SquareSigned":      {"SquareProcessorLogGroup", `{ $.Accepted > 0 || $.Quarantined > 0 }`, "SquareUnaccepted-dev", "0"},
					"SquareUnsigned":    {"SquareProcessorLogGroup", `{ $.Rejected > 0 || $.Undecided > 0 || $.NotConfigured > 0 }`, "SquareUnaccepted-dev", "1"},
					"SquareDenied":      {"AuthorizerLogGroup", `{ $.Rejected > 0 && $.Provider = "square" && $.reason != "header_missing" }`, "SquareUnaccepted-dev", "1"},
					"SquareAccepted":    {"SquareProcessorLogGroup", `{ $.Accepted > 0 }`, "SquareFailures-dev", "0"},
				} {
					filter := d.Resources[id+"Filter"]
					assert.Equal(t, want.group, filter.Properties["LogGroupName"])
					assert.Equal(t, want.pattern, filter.Properties["FilterPattern"])
					assert.Equal(t, []any{map[string]any{
						"MetricNamespace": "Paysluice", "MetricName": want.metric, "MetricValue": want.value,
					}}, filter.Properties["MetricTransformations"])
				}
				assert.Equal(t, "Average", d.Resources["SquareFailuresAlarm"].Properties["Statistic"], "a ratio")
				assert.Len(t, d.ofType("AWS::Logs::MetricFilter"), 6+6*len(withMadeUp().Providers))
			},
			breaks: []mutation{
				drop("RedrivenFilter"),
				set("UnstoredFilter.Properties.LogGroupName", "ArchiverLogGroup"),
				drop("PenumbraAcceptedFilter"),
				drop("UmbraDeniedFilter"),
				drop("StripeUninvokedFilter"),
				set("SquareUninvokedFilter.Properties.LogGroupName", "SquareProcessorLogGroup"),
				set("SquareDeniedFilter.Properties.LogGroupName", "SquareProcessorLogGroup"),
				set("SquareUnsignedFilter.Properties.FilterPattern", "{ $.Rejected > 0 }"),
				set("RedrivenFilter.Properties.LogGroupName", "ConsumerLogGroup"),
				set("SquareFailedFilter.Properties.FilterPattern", "{ $.status = 503 }"),
				set("SquareFailuresAlarm.Properties.Statistic", "Sum"),
				set("PenumbraUntrustedFilter.Properties.FilterPattern", `{ $.reason = "paypal_chain" }`),
				set("PayPalUntrustedFilter.Properties.MetricTransformations.0.MetricName", "PayPalUntrusted"),
			},
		},
	}
}

// period returns the period of an alarm, in seconds. All metrics of an expression
// must have the same one.
func period(t require.TestingT, a resource) int {
	if a.Properties["Metrics"] == nil {
		return decode[int](t, a, "Period")
	}
	periods := map[int]bool{}
	for _, m := range decode[[]struct{ MetricStat struct{ Period int } }](t, a, "Metrics")[1:] {
		periods[m.MetricStat.Period] = true
	}
	require.Len(t, periods, 1)
	return slices.Collect(maps.Keys(periods))[0]
}

// parseSeries reads the values of periods, - for a missing one.
func parseSeries(t require.TestingT, text string) series {
	var values series
	for field := range strings.FieldsSeq(text) {
		value, err := strconv.ParseFloat(strings.Replace(field, "-", "NaN", 1), 64)
		require.NoError(t, err)
		values = append(values, value)
	}
	return values
}

func topicsTakeAlarms(t require.TestingT, d document) {
	policies := d.ofType("AWS::SNS::TopicPolicy")
	require.Len(t, policies, 3) // the third is that of events
	for _, topic := range []string{"AlarmTopic", "TicketTopic"} {
		policy := policies[topic+"Policy"]
		assert.Equal(t, []any{topic}, policy.Properties["Topics"])
		assert.NotContains(t, d.Resources[topic].Properties, "KmsMasterKeyId")
		all := statements(t, policy, "PolicyDocument")
		require.GreaterOrEqual(t, len(all), 2)
		assert.Equal(t, statement{
			Sid: "PublishAlarms", Effect: "Allow",
			Principal: &principal{Service: "cloudwatch.amazonaws.com"},
			Action:    []string{"sns:Publish"},
			Resource:  []string{topic},
			Condition: anAlarmOfThisAccount(),
		}, all[0])
		assert.Equal(t, plainHTTPDenied("sns:Publish", topic), all[1])
		if topic == "TicketTopic" {
			assert.Len(t, all, 2)
			continue
		}
		assert.Equal(t, []statement{{
			Sid: "PublishEvents", Effect: "Allow",
			Principal: &principal{Service: "events.amazonaws.com"},
			Action:    []string{"sns:Publish"},
			Resource:  []string{topic},
			Condition: &condition{ArnLike: map[string]string{"aws:SourceArn": "arn:aws:events:us-east-1:" + account + ":rule/webhook-key-changes-dev"}},
		}}, all[2:])
	}
}

func anAlarmOfThisAccount() *condition {
	return &condition{
		StringEquals: map[string]string{"aws:SourceAccount": account},
		ArnLike:      map[string]string{"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:" + account + ":alarm:*"},
	}
}

// scenario returns the requirement that exactly the wanted alarms fire. values maps
// "namespace name statistic dimension=value" to the value of a period; other
// metrics have no data.
func scenario(says string, values map[string]float64, want []string, breaks ...mutation) requirement {
	return requirement{
		says: says,
		holds: func(t require.TestingT, d document) {
			assert.ElementsMatch(t, want, fired(t, d, values))
		},
		breaks: breaks,
	}
}

// pages returns the alarms with these names and the topic that pages.
func pages(names ...string) []string { return prefixed("AlarmTopic: page-", names) }

func tickets(names ...string) []string { return prefixed("TicketTopic: ticket-", names) }

func prefixed(prefix string, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, prefix+name+"-dev")
	}
	return all
}

// fired returns the alarms that fire, each with its topic.
func fired(t require.TestingT, d document, values map[string]float64) []string {
	var all []string
	for id, a := range d.ofType("AWS::CloudWatch::Alarm") {
		if fires(t, a, values) {
			actions := decode[[]string](t, a, "AlarmActions")
			require.Len(t, actions, 1, id)
			all = append(all, actions[0]+": "+decode[string](t, a, "AlarmName"))
		}
	}
	return all
}

// isQuiet reports whether an alarm is about silence.
func isQuiet(id string) bool { return strings.HasSuffix(id, "QuietAlarm") }

func fires(t require.TestingT, a resource, values map[string]float64) bool {
	if strings.HasSuffix(a.Condition, "IsExpected") {
		return false // its parameter is 0
	}
	history, periods := map[string]series{}, decode[int](t, a, "EvaluationPeriods")
	for key, value := range values {
		history[key] = slices.Repeat(series{value}, periods)
	}
	return firesAfter(t, a, history, periods)
}

// firesAfter reports whether an alarm that does not fire yet fires after periods with
// these values (CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing
// data").
func firesAfter(t require.TestingT, a resource, history map[string]series, periods int) bool {
	require.Equal(t, "GreaterThanOrEqualToThreshold", a.Properties["ComparisonOperator"])
	fills := []bool{true}
	if a.Properties["Metrics"] != nil {
		fills = []bool{true, false}
	}
	var results []bool
	for _, fillsEmpty := range fills {
		values := valuesOf(t, a, history, periods, fillsEmpty).existing()
		missing := decode[int](t, a, "EvaluationPeriods") - len(values)
		values = values[max(0, -missing):]
		breaching := 0
		for _, value := range values {
			if value >= decode[float64](t, a, "Threshold") {
				breaching++
			}
		}
		if a.Properties["TreatMissingData"] == "breaching" && a.Condition != "Reconciles" { // the reconciler runs
			breaching += max(0, missing)
		}
		retains := missing > 0 && a.Properties["TreatMissingData"] == "ignore"
		results = append(results, !retains && breaching >= decode[int](t, a, "DatapointsToAlarm"))
	}
	require.Len(t, slices.Compact(results), 1, "it depends on what FILL does to an empty metric")
	return results[0]
}

// valuesOf returns the values of an alarm's metric or expression.
func valuesOf(t require.TestingT, a resource, history map[string]series, periods int, fillsEmpty bool) series {
	of := func(m measured) series {
		if values, ok := history[m.key()]; ok {
			return values
		}
		return slices.Repeat(series{math.NaN()}, periods)
	}
	if a.Properties["Metrics"] == nil {
		return of(decode[measured](t, resource{Properties: map[string]any{"m": a.Properties}}, "m"))
	}
	var expression string
	operands := map[string]series{}
	for _, m := range decode[[]struct {
		ID, Expression string
		ReturnData     bool
		MetricStat     struct {
			Metric measured
			Stat   string
		}
	}](t, a, "Metrics") {
		require.Equal(t, m.Expression != "", m.ReturnData)
		m.MetricStat.Metric.Statistic = m.MetricStat.Stat
		operands[m.ID] = of(m.MetricStat.Metric)
		expression += m.Expression
	}
	return metricMath{t, operands, periods, fillsEmpty}.evaluate(expression)
}

// measured is an alarm's metric.
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
