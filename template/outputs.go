package template

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

func (s *stack) addOutputs(api cfn.ID, q queues, table, bucket cfn.ID) {
	s.Output("ApiId", cfn.Output{
		Description: "Id of the REST API.",
		Value:       api.Ref(),
	})
	s.Output("QueueUrl", cfn.Output{
		Description: "URL of " + QueueName + ".",
		Value:       q.events.Ref(),
	})
	s.Output("DeadLetterQueueUrl", cfn.Output{
		Description: "URL of " + DeadLetterQueueName + ".",
		Value:       q.deadLetter.Ref(),
	})
	s.Output("TableName", cfn.Output{
		Description: "Name of the table of events.",
		Value:       table.Ref(),
	})
	s.Output("TableStreamArn", cfn.Output{
		Description: "ARN of the table's stream of new events.",
		Value:       table.Att("StreamArn"),
	})
	s.Output("BucketName", cfn.Output{
		Description: "Name of the bucket of failed webhooks and large payloads.",
		Value:       bucket.Ref(),
	})
}

func (s *stack) addTopicOutputs(to severities) {
	s.Output("AlarmTopicArn", cfn.Output{
		Description: "ARN of the topic of alarms that page: subscribe a pager to it.",
		Value:       to.page.topic.Ref(),
	})
	s.Output("TicketTopicArn", cfn.Output{
		Description: "ARN of the topic of alarms that can wait for a working day.",
		Value:       to.ticket.topic.Ref(),
	})
}

func (s *stack) addProviderOutputs(p contract.Provider, secret cfn.ID, url string) {
	s.Output(p.Title+"Url", cfn.Output{
		Description: "URL to give to " + p.Title + ".",
		Value:       url,
	})
	s.Output(p.Title+"SecretArn", cfn.Output{
		Description: "ARN of the secret that holds " + p.Title + "'s signing secrets.",
		Value:       secretARN(secret),
	})
}
