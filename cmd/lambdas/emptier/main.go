// Command emptier is the custom resource that empties the bucket when the stack
// goes.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/awsclient"
	"github.com/paysluice/paysluice/handlers/config"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/emptier"
	"github.com/paysluice/paysluice/handlers/telemetry"
)

// attemptTimeout is far above what S3 needs to delete 1,000 versions.
const attemptTimeout = 30 * time.Second

func main() {
	handler, err := wire()
	if err != nil {
		telemetry.NewLogger(os.Stdout, "INFO").Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(cfn.LambdaWrap(handler.Handle))
}

func wire() (*emptier.Handler, error) {
	vars := config.NewReader(os.Getenv)
	level := vars.OneOf(contract.LogLevelVar, "DEBUG", "INFO")
	clients := awsclient.Config(vars, awsclient.NewHTTPClient(attemptTimeout))
	if err := vars.Err(); err != nil {
		return nil, err
	}
	return &emptier.Handler{
		Stacks:  cloudformation.NewFromConfig(clients),
		Objects: s3.NewFromConfig(clients, func(o *s3.Options) { o.Retryer = awsclient.NewRetryer() }),
		Log:     telemetry.NewLogger(os.Stdout, level),
	}, nil
}
