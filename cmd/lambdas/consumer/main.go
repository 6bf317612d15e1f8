// Command consumer is the function that stores the queue's events.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/config"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/providers"
	"github.com/paysluice/paysluice/handlers/queue"
	"github.com/paysluice/paysluice/handlers/store"
	"github.com/paysluice/paysluice/handlers/telemetry"
)

func main() {
	handler, err := wire(context.Background())
	if err != nil {
		telemetry.NewLogger(os.Stdout, "INFO").Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(handler.Handle)
}

func wire(ctx context.Context) (*consumer.Handler, error) {
	vars := config.NewReader(os.Getenv)
	var (
		environment   = vars.Required(contract.EnvironmentVar)
		level         = vars.OneOf(contract.LogLevelVar, "DEBUG", "INFO")
		table         = vars.Required(contract.TableNameVar)
		retentionDays = vars.Days(contract.RetentionDaysVar)
		deadLetterURL = vars.Required(contract.DeadLetterQueueURLVar)
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithHTTPClient(store.NewHTTPClient()))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	client := dynamodb.NewFromConfig(aws, func(o *dynamodb.Options) { o.Retryer = store.NewRetryer() })
	return &consumer.Handler{
		Providers:   providers.All(providers.Settings{}),
		Table:       store.NewTable(client, table, retentionDays),
		DeadLetters: queue.NewSender(sqs.NewFromConfig(aws), deadLetterURL, consumer.SendTimeout),
		Concurrency: contract.BatchSize,
		Log:         telemetry.NewLogger(os.Stdout, level),
		Metrics:     telemetry.NewMetrics(os.Stdout, environment, time.Now),
	}, nil
}
