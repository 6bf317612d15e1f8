// Command consumer is the function that stores the queue's events.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/awsclient"
	"github.com/paysluice/paysluice/handlers/config"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/invocation"
	"github.com/paysluice/paysluice/handlers/providers"
	"github.com/paysluice/paysluice/handlers/queue"
	"github.com/paysluice/paysluice/handlers/store"
	"github.com/paysluice/paysluice/handlers/telemetry"
)

func main() {
	handler, err := wire()
	if err != nil {
		telemetry.NewLogger(os.Stdout, "INFO").Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(invocation.Of(invocation.JSON[events.SQSEvent], handler.Handle))
}

func wire() (*consumer.Handler, error) {
	vars := config.NewReader(os.Getenv)
	var (
		environment   = vars.Required(contract.EnvironmentVar)
		level         = vars.OneOf(contract.LogLevelVar, "DEBUG", "INFO")
		table         = vars.Required(contract.TableNameVar)
		retentionDays = vars.Days(contract.RetentionDaysVar)
		deadLetterURL = vars.Required(contract.DeadLetterQueueURLVar)
		clients       = awsclient.Config(vars, awsclient.NewHTTPClient(consumer.AttemptTimeout))
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(clients, func(o *dynamodb.Options) { o.Retryer = awsclient.NewRetryer() })
	return &consumer.Handler{
		Providers:   providers.All(providers.Settings{}),
		Table:       store.NewTable(client, table, retentionDays),
		DeadLetters: queue.NewSender(sqs.NewFromConfig(clients), deadLetterURL, consumer.SendTimeout),
		Concurrency: contract.BatchSize,
		Log:         telemetry.NewLogger(os.Stdout, level),
		Metrics:     telemetry.NewMetrics(os.Stdout, environment, time.Now),
	}, nil
}
