// Command reconciler is the function that compares the stored events with those that
// the providers list.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/handlers/reconciler"
)

func main() {
	handler, err := wire()
	if err != nil {
		function.NewLogger(os.Stdout, contract.LogLevelInfo).Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(function.NewHandler(function.DecodeJSON[json.RawMessage], handler.Handle))
}

func wire() (*reconciler.Handler, error) {
	vars := function.NewVariables(os.Getenv)
	var (
		environment   = vars.Required(contract.EnvironmentVar)
		level         = vars.LogLevel()
		tableName     = vars.Required(contract.TableNameVar)
		bucketName    = vars.Required(contract.BucketNameVar)
		queueURL      = vars.Required(contract.QueueURLVar)
		secretARN     = vars.Required(contract.SecretARNVar)
		endpoints     = vars.Required(contract.EndpointURLsVar)
		every         = vars.Hours(contract.ReconcileEveryVar)
		refills       = vars.Optional(contract.ReconcileRefillVar) == "true"
		retentionDays = vars.Days(contract.RetentionDaysVar)
		clients       = client.Config(vars, client.NewHTTPClient(reconciler.AttemptTimeout))
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	targets, err := reconciler.ParseTargets(endpoints, all.All(all.Settings{}))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", contract.EndpointURLsVar, err)
	}
	objects := s3.NewFromConfig(clients, func(o *s3.Options) { o.Retryer = client.NewRetryer() })
	handler := &reconciler.Handler{
		Targets: targets,
		APIKeys: reconciler.ReadKeys(secret.Reader(secretsmanager.NewFromConfig(clients), secretARN)),
		Open: func(p contract.Provider, k source.Key, notify func(string)) (source.Source, error) {
			return source.New(p, source.Options{Key: k, Now: time.Now, Sleep: function.Sleep, Notify: notify})
		},
		Table: table.NewReader(dynamodb.NewFromConfig(clients, func(o *dynamodb.Options) { o.Retryer = client.NewRetryer() }), tableName),

		Archive:       bucket.NewArchive(objects, bucketName),
		Records:       bucket.NewRecords(objects, bucketName),
		Every:         every,
		RetentionDays: retentionDays,
		ProofTime:     reconciler.ProofTime,
		Sleep:         function.Sleep,
		Now:           time.Now,
		Log:           function.NewLogger(os.Stdout, level),
		Metrics:       function.NewMetrics(os.Stdout, environment, time.Now),
	}
	if refills {
		handler.Refill = &reconcile.Refill{
			Queue:         queue.NewSender(sqs.NewFromConfig(clients), queueURL, reconciler.SendTimeout),
			Payloads:      bucket.NewPayloads(objects, bucketName, reconciler.SendTimeout),
			RetentionDays: retentionDays,
			Now:           time.Now,
		}
	}
	return handler, nil
}
