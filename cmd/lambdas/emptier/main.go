// Command emptier is the custom resource that empties the bucket when the stack
// goes.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/config"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/emptier"
	"github.com/paysluice/paysluice/handlers/store"
	"github.com/paysluice/paysluice/handlers/telemetry"
)

// attemptTimeout is far above what S3 needs to delete 1,000 versions.
const attemptTimeout = 30 * time.Second

func main() {
	handler, err := wire(context.Background())
	if err != nil {
		telemetry.NewLogger(os.Stdout, "INFO").Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(cfn.LambdaWrap(handler.Handle))
}

func wire(ctx context.Context) (*emptier.Handler, error) {
	vars := config.NewReader(os.Getenv)
	level := vars.OneOf(contract.LogLevelVar, "DEBUG", "INFO")
	if err := vars.Err(); err != nil {
		return nil, err
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(attemptTimeout)))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	return &emptier.Handler{
		Stacks:  cloudformation.NewFromConfig(aws),
		Objects: s3.NewFromConfig(aws, func(o *s3.Options) { o.Retryer = store.NewRetryer() }),
		Log:     telemetry.NewLogger(os.Stdout, level),
	}, nil
}
