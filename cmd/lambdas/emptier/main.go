// Command emptier is the custom resource that empties the bucket when the stack
// is deleted.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/emptier"
	"github.com/paysluice/paysluice/handlers/function"
)

func main() {
	handler, err := wire()
	if err != nil {
		function.NewLogger(os.Stdout, contract.LogLevelInfo).Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(cfn.LambdaWrap(handler.Handle))
}

func wire() (*emptier.Handler, error) {
	vars := function.NewVariables(os.Getenv)
	var (
		level   = vars.LogLevel()
		clients = client.Config(vars, client.NewHTTPClient(emptier.AttemptTimeout))
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	return &emptier.Handler{
		Stacks:  cloudformation.NewFromConfig(clients),
		Objects: s3.NewFromConfig(clients, func(o *s3.Options) { o.Retryer = client.NewRetryer() }),
		Log:     function.NewLogger(os.Stdout, level),
	}, nil
}
