// Command processor is the function that verifies one provider's webhooks: gate 2.
package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

func main() {
	handler, err := wire(context.Background())
	if err != nil {
		function.NewLogger(os.Stdout, contract.LogLevelInfo).Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(function.NewHandler(function.ReadRequest, handler.Handle))
}

func wire(ctx context.Context) (*processor.Handler, error) {
	vars := function.NewVariables(os.Getenv)
	var (
		environment   = vars.Required(contract.EnvironmentVar)
		level         = vars.LogLevel()
		name          = vars.Required(contract.ProviderVar)
		secretARN     = vars.Required(contract.SecretARNVar)
		queueURL      = vars.Required(contract.QueueURLVar)
		deadLetterURL = vars.Required(contract.DeadLetterQueueURLVar)
		bucketName    = vars.Required(contract.BucketNameVar)
		retentionDays = vars.Days(contract.RetentionDaysVar)
		endpointURL   = vars.Required(contract.EndpointURLVar)
		apiURL        = vars.Optional(contract.APIURLVar)
		httpClient    = client.NewHTTPClient(processor.AttemptTimeout)
		clients       = client.Config(vars, httpClient)
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	log := function.NewLogger(os.Stdout, level)
	warn := func(message string) func(context.Context, error) {
		return func(ctx context.Context, err error) { log.WarnContext(ctx, message, "error", err.Error()) }
	}
	certificates := bucket.NewShared(s3.NewFromConfig(clients), bucketName, processor.SharedTimeout, warn("certificates not shared"))
	p, err := all.Verifying(endpointURL, apiURL, certificates).ByName(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", contract.ProviderVar, err)
	}

	secrets := secret.New(secret.Reader(secretsmanager.NewFromConfig(clients), secretARN), p.Verifier, time.Now, warn("secret not read"))
	api := sqs.NewFromConfig(clients)
	// An upload has one attempt, because a large body can need the whole timeout.
	uploads := s3.NewFromConfig(clients, func(o *s3.Options) { o.HTTPClient = client.NewHTTPClient(processor.PutTimeout) })

	// The first request needs the secret and a connection to SQS. Preparing both
	// here saves 10 of its 16 ms. The start waits for them, because Lambda freezes
	// the environment as soon as it asks for a request. Failures are left to the
	// first request.
	function.RunFor(processor.ReadyTimeout,
		func() { _, _ = secrets.Get(ctx) },
		func() { httpClient.Connect(ctx, cmp.Or(aws.ToString(clients.BaseEndpoint), queueURL)) })

	return &processor.Handler{
		Provider:    p,
		Secrets:     secrets,
		Events:      queue.NewSender(api, queueURL, processor.SendTimeout),
		DeadLetters: queue.NewSender(api, deadLetterURL, processor.SendTimeout),
		Payloads:    bucket.NewPayloads(uploads, bucketName, processor.PutTimeout),

		RetentionDays: retentionDays,
		Log:           log,
		Metrics:       function.NewMetrics(os.Stdout, environment, time.Now),
		Now:           time.Now,
	}, nil
}
