// Command authorizer is the function that authorizes requests by their headers:
// gate 1.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/paysluice/paysluice/handlers/authorizer"
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
	lambda.Start(function.NewHandler(function.ReadRequest, handler.Handle))
}

func wire() (*authorizer.Handler, error) {
	vars := function.NewVariables(os.Getenv)
	var (
		environment = vars.Required(contract.EnvironmentVar)
		level       = vars.LogLevel()
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	return &authorizer.Handler{
		Providers: all.All(all.Settings{}),
		Log:       function.NewLogger(os.Stdout, level),
		Metrics:   function.NewMetrics(os.Stdout, environment, time.Now),
		Now:       time.Now,
	}, nil
}
