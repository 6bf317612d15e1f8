// Command publisher is the function that publishes new events to a topic or a bus.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/aws/bus"
	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/topic"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/publisher"
)

func main() {
	handler, err := wire()
	if err != nil {
		function.NewLogger(os.Stdout, contract.LogLevelInfo).Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(function.NewHandler(function.DecodeJSON[publisher.Batch], handler.Handle))
}

// errTarget reports a function that would publish nowhere or twice.
var errTarget = errors.New("set exactly one of the variables")

func wire() (*publisher.Handler, error) {
	vars := function.NewVariables(os.Getenv)
	var (
		environment = vars.Required(contract.EnvironmentVar)
		level       = vars.LogLevel()
		source      = vars.Required(contract.EventSourceVar)
		unpublished = vars.Required(contract.UnpublishedQueueURLVar)
		tableName   = vars.Required(contract.TableNameVar)
		bucketName  = vars.Required(contract.BucketNameVar)
		topicARN    = vars.Optional(contract.TopicARNVar)
		busName     = vars.Optional(contract.EventBusVar)
		clients     = client.Config(vars, client.NewHTTPClient(publisher.AttemptTimeout))
	)
	if err := vars.Err(); err != nil {
		return nil, err
	}
	if (topicARN == "") == (busName == "") {
		return nil, fmt.Errorf("%w %s and %s", errTarget, contract.TopicARNVar, contract.EventBusVar)
	}
	handler := &publisher.Handler{
		Target:      bus.New(eventbridge.NewFromConfig(clients), busName, publisher.PublishTimeout),
		Unpublished: queue.NewSender(sqs.NewFromConfig(clients), unpublished, publisher.SendTimeout),
		Source:      source,
		Stores:      cloudevent.Stores{Table: tableName, Bucket: bucketName},
		Log:         function.NewLogger(os.Stdout, level),
		Metrics:     function.NewMetrics(os.Stdout, environment, time.Now),
		Now:         time.Now,
	}
	if topicARN != "" {
		handler.Target = topic.New(sns.NewFromConfig(clients), topicARN, publisher.PublishTimeout)
	}
	return handler, nil
}
