package template

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func publishingRequirements() []requirement {
	return []requirement{
		{
			says: "new items of the table's stream, from its beginning, go to the publisher; what it does not get is named",
			holds: func(t require.TestingT, d document) {
				got, err := json.Marshal(d.Resources["PublisherMapping"].Properties)
				require.NoError(t, err)
				assert.JSONEq(t, `{
					"EventSourceArn": "EventsTable.StreamArn", "FunctionName": "PublisherFunction", "StartingPosition": "TRIM_HORIZON",
					"BatchSize": 100, "MaximumBatchingWindowInSeconds": 1, "ParallelizationFactor": 10, "BisectBatchOnFunctionError": true,
					"MaximumRecordAgeInSeconds": 43200, "FunctionResponseTypes": ["ReportBatchItemFailures"],
					"FilterCriteria": {"Filters": [{"Pattern": "{\"eventName\":[\"INSERT\"]}"}]},
					"DestinationConfig": {"OnFailure": {"Destination": "UnpublishedQueue.Arn"}}
				}`, string(got))
			},
			breaks: []mutation{
				set("PublisherMapping.Properties.StartingPosition", "LATEST"), // it may miss some
				set("PublisherMapping.Properties.MaximumRetryAttempts", 10),   // an outage would lose some
				drop("PublisherMapping.Properties.FunctionResponseTypes"),
				drop("PublisherMapping.Properties.MaximumBatchingWindowInSeconds"), // Lambda refuses batches above 10
			},
		},
		property("the publisher knows both targets, the queue, and where a body is", "PublisherFunction", "Environment.Variables", map[string]any{
			"ENVIRONMENT": "dev", "LOG_LEVEL": logLevel, "GOMAXPROCS": "1",
			"TOPIC_ARN": "EventTopic", "EVENT_BUS": "EventBus", "UNPUBLISHED_QUEUE_URL": "UnpublishedQueue",
			"TABLE_NAME": "EventsTable", "BUCKET_NAME": "FailedWebhooks", "EVENT_SOURCE": "urn:paysluice:123456789012:us-east-1:dev",
		}),
		property("webhook-unpublished keeps messages 14 days", "UnpublishedQueue", "MessageRetentionPeriod", 14*24*3600),
		property("nobody publishes without TLS", "EventTopicPolicy", "PolicyDocument.Statement", []statement{plainHTTPDenied("sns:Publish", "EventTopic")}),
		property("the topic has the policy", "EventTopicPolicy", "Topics", []string{"EventTopic"}),
	}
}

// The stage costs nothing and is nowhere until somebody turns it on, and a value
// creates only its own target.
func TestPublishToDecidesWhatExists(t *testing.T) {
	text, err := JSON(Options{})
	require.NoError(t, err)
	var written struct {
		Conditions map[string]any
		Resources  map[string]struct{ Condition string }
		Outputs    map[string]struct{ Condition string }
	}
	require.NoError(t, json.Unmarshal(text, &written))
	always := []string{
		"PublisherFunction", "PublisherRole", "PublisherLogGroup", "PublisherMapping", "UnpublishedQueue", "UnpublishedQueuePolicy",
		"PublisherLateAlarm", "PublisherStuckAlarm", "PublisherIdleAlarm", "UnpublishedAlarm", "UnpublishedQueueUrl",
	}
	for value, want := range map[string][]string{
		"none":      nil,
		"topic":     append([]string{"EventTopic", "EventTopicPolicy", "EventTopicArn"}, always...),
		"event-bus": append([]string{"EventBus", "EventBusName"}, always...),
	} {
		var without, active []string
		for _, name := range []string{"Publishes", "PublishesToTopic", "PublishesToBus"} {
			if !holds(written.Conditions[name], value) {
				without = append(without, name)
			}
		}
		mentions := func(id, name string) {
			if strings.HasPrefix(name, "Publishes") && !slices.Contains(without, name) {
				active = append(active, id)
			}
		}
		for id, r := range written.Resources {
			mentions(id, r.Condition)
		}
		for id, o := range written.Outputs {
			mentions(id, o.Condition)
		}
		assert.ElementsMatch(t, want, active, value)

		d := fill(t, text, "dev", without...)
		rest, err := json.Marshal(map[string]any{"key": d.Resources["Key"], "role": d.Resources["PublisherRole"],
			"function": d.Resources["PublisherFunction"], "dashboard": d.Resources["Dashboard"]})
		require.NoError(t, err)
		for part, exists := range map[string]bool{
			"PutEvents": value == "event-bus", "EVENT_BUS": value == "event-bus",
			"sns:Publish": value == "topic", "sns.us-east-1": value == "topic", "TOPIC_ARN": value == "topic",
			"PublisherLateAlarm": value != "none", "EndToEndLatency": value != "none",
		} {
			assert.Equal(t, exists, strings.Contains(string(rest), part), "%s: %s", value, part)
		}
	}
}

// holds evaluates a condition that compares publishTo with a value.
func holds(definition any, value string) bool {
	for name, argument := range definition.(map[string]any) {
		list := argument.([]any)
		if name == "Fn::Not" {
			return !holds(list[0], value)
		}
		return list[1] == value
	}
	return false
}
