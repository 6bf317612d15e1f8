package template

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func nameRequirements() []requirement {
	return []requirement{
		{
			says: "what people and tools look for has these names, whatever else changes",
			holds: func(t require.TestingT, d document) {
				for at, name := range promisedNames() {
					id, property, _ := strings.Cut(at, ".")
					assert.Equal(t, name, d.Resources[id].Properties[property], at)
				}
			},
			breaks: []mutation{
				set("Api.Properties.Name", "webhooks-dev"),
				set("Dashboard.Properties.DashboardName", "webhook-dashboard-dev"),
				set("KeyAlias.Properties.AliasName", "alias/paysluice-dev"),
				set("SquareSecret.Properties.Name", "secret-square-dev"),
				set("AcmeProcessorRole.Properties.RoleName", "acme-role-dev"),
				set("TicketTopic.Properties.TopicName", "webhook-alarms-dev"),
				set("AccessLogGroup.Properties.LogGroupName", "/aws/apigateway/live-dev"),
			},
		},
	}
}

// promisedNames are all names of the stack but those of its alarms: logical id
// and property to the name.
func promisedNames() map[string]string {
	all := map[string]string{
		"Api.Name":                       "webhook-api-dev",
		"Stage.StageName":                "live",
		"ApiGatewayAccountRole.RoleName": "webhook-api-account-role-dev",
		"AccessLogGroup.LogGroupName":    "/aws/apigateway/webhook-api-dev",
		"WebhookQueue.QueueName":         "webhook-queue-dev",
		"DeadLetterQueue.QueueName":      "webhook-dlq-dev",
		"EventsTable.TableName":          "WebhookEvents-dev",
		"FailedWebhooks.BucketName":      "failed-webhooks-123456789012-dev",
		"KeyAlias.AliasName":             "alias/webhook-key-dev",
		"AlarmTopic.TopicName":           "webhook-alarms-dev",
		"TicketTopic.TopicName":          "webhook-tickets-dev",
		"Dashboard.DashboardName":        "webhooks-dev",
	}
	functions := map[string]string{
		"Authorizer": "webhook-authorizer", "Consumer": "event-consumer",
		"Archiver": "dlq-archiver", "Emptier": "bucket-emptier",
	}
	for _, p := range withMadeUp().Providers {
		functions[p.Title+"Processor"] = p.Name + "-processor"
		all[p.Title+"Secret.Name"] = p.Name + "-secret-dev"
	}
	for stem, name := range functions {
		all[stem+"Function.FunctionName"] = name + "-dev"
		all[stem+"Role.RoleName"] = name + "-role-dev"
		all[stem+"LogGroup.LogGroupName"] = "/aws/lambda/" + name + "-dev"
	}
	return all
}
