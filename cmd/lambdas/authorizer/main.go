// Command authorizer is the function in front of the API: gate 1.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/paysluice/paysluice/handlers/apigateway"
	"github.com/paysluice/paysluice/handlers/authorizer"
	"github.com/paysluice/paysluice/handlers/config"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/invocation"
	"github.com/paysluice/paysluice/handlers/providers"
	"github.com/paysluice/paysluice/handlers/telemetry"
)

func main() {
	handler, err := wire()
	if err != nil {
		telemetry.NewLogger(os.Stdout, "INFO").Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(invocation.Of(apigateway.Read, handler.Handle))
}

func wire() (*authorizer.Handler, error) {
	vars := config.NewReader(os.Getenv)
	environment := vars.Required(contract.EnvironmentVar)
	level := vars.OneOf(contract.LogLevelVar, "DEBUG", "INFO")
	if err := vars.Err(); err != nil {
		return nil, err
	}
	return &authorizer.Handler{
		Providers: providers.All(providers.Settings{}),
		Log:       telemetry.NewLogger(os.Stdout, level),
		Metrics:   telemetry.NewMetrics(os.Stdout, environment, time.Now),
		Now:       time.Now,
	}, nil
}
