// Command consumer is the function that stores events in the table.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

func main() {
	handler, err := wire()
	if err != nil {
		function.NewLogger(os.Stdout, contract.LogLevelInfo).Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(function.NewHandler(function.DecodeJSON[events.SQSEvent], handler.Handle))
}

func wire() (*consumer.Handler, error) {
	vars := function.NewVariables(os.Getenv)
	var (
		environment   = vars.Required(contract.EnvironmentVar)
		level         = vars.LogLevel()
		tableName     = vars.Required(contract.TableNameVar)
		guardTable    = vars.Optional(contract.GuardTableNameVar)
		deadLetterURL = vars.Required(contract.DeadLetterQueueURLVar)
		senders       = function.ParseSenders(vars.Optional(contract.SendersVar))
		clients       = client.Config(vars, client.NewHTTPClient(consumer.AttemptTimeout))
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	api := dynamodb.NewFromConfig(clients, func(o *dynamodb.Options) { o.Retryer = client.NewRetryer() })
	handler := &consumer.Handler{
		Providers:   all.All(all.Settings{}),
		Table:       table.NewTable(api, tableName),
		DeadLetters: queue.NewSender(sqs.NewFromConfig(clients), deadLetterURL, consumer.SendTimeout),
		Concurrency: contract.BatchSize,
		Senders:     senders,
		Now:         time.Now,
		Log:         function.NewLogger(os.Stdout, level),
		Metrics:     function.NewMetrics(os.Stdout, environment, time.Now),
	}
	if guardTable != "" {
		handler.Guards = table.NewGuards(api, guardTable)
	}
	return handler, nil
}
