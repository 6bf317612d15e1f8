// Command archiver is the function that keeps dead letters in S3.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/awsclient"
	"github.com/paysluice/paysluice/handlers/config"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/invocation"
	"github.com/paysluice/paysluice/handlers/s3store"
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

func wire() (*archiver.Handler, error) {
	vars := config.NewReader(os.Getenv)
	var (
		environment = vars.Required(contract.EnvironmentVar)
		level       = vars.OneOf(contract.LogLevelVar, "DEBUG", "INFO")
		bucket      = vars.Required(contract.BucketNameVar)
		clients     = awsclient.Config(vars, awsclient.NewHTTPClient(archiver.AttemptTimeout))
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(clients, func(o *s3.Options) { o.Retryer = awsclient.NewRetryer() })
	return &archiver.Handler{
		Archive:     s3store.NewArchive(client, bucket),
		Concurrency: contract.BatchSize,
		Log:         telemetry.NewLogger(os.Stdout, level),
		Metrics:     telemetry.NewMetrics(os.Stdout, environment, time.Now),
		Now:         time.Now,
	}, nil
}
