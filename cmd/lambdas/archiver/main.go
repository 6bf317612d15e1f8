// Command archiver is the function that keeps dead letters in S3.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/config"
	"github.com/paysluice/paysluice/handlers/contract"
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

func wire(ctx context.Context) (*archiver.Handler, error) {
	vars := config.NewReader(os.Getenv)
	var (
		environment = vars.Required(contract.EnvironmentVar)
		level       = vars.OneOf(contract.LogLevelVar, "DEBUG", "INFO")
		bucket      = vars.Required(contract.BucketNameVar)
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithHTTPClient(store.NewHTTPClient()))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	client := s3.NewFromConfig(aws, func(o *s3.Options) { o.Retryer = store.NewRetryer() })
	return &archiver.Handler{
		Archive:     store.NewArchive(client, bucket),
		Concurrency: contract.BatchSize,
		Log:         telemetry.NewLogger(os.Stdout, level),
		Metrics:     telemetry.NewMetrics(os.Stdout, environment, time.Now),
		Now:         time.Now,
	}, nil
}
