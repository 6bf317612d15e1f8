// Command archiver is the function that stores dead letters in S3.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

func main() {
	handler, err := wire()
	if err != nil {
		function.NewLogger(os.Stdout, contract.LogLevelInfo).Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(function.NewHandler(function.DecodeJSON[events.SQSEvent], handler.Handle))
}

func wire() (*archiver.Handler, error) {
	vars := function.NewVariables(os.Getenv)
	var (
		environment = vars.Required(contract.EnvironmentVar)
		level       = vars.LogLevel()
		bucketName  = vars.Required(contract.BucketNameVar)
		senders     = function.ParseSenders(vars.Optional(contract.SendersVar))
		clients     = client.Config(vars, client.NewHTTPClient(archiver.AttemptTimeout))
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	api := s3.NewFromConfig(clients, func(o *s3.Options) { o.Retryer = client.NewRetryer() })
	return &archiver.Handler{
		Archive:     bucket.NewArchive(api, bucketName),
		Concurrency: contract.BatchSize,
		Senders:     senders,
		Log:         function.NewLogger(os.Stdout, level),
		Metrics:     function.NewMetrics(os.Stdout, environment, time.Now),
		Now:         time.Now,
	}, nil
}
