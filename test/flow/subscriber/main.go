// Command subscriber is a worked subscriber of published events: a Lambda function that keeps
// the sums of each payment in a table of its own. template.yaml has its queue, its role and its
// tables. docs/consuming.md explains them.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/aws/inbox"
	"github.com/paysluice/paysluice/handlers/event/subscriber"
)

// keep exceeds the age of any event that an operator may publish again.
const keep = 90 * 24 * time.Hour

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	shared, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
	client := dynamodb.NewFromConfig(shared)
	sums := &payments{client: client, table: os.Getenv("PAYMENTS_TABLE")}
	h := handler{subscriber.New(inbox.New(client, os.Getenv("INBOX_TABLE"), keep, time.Now), sums.effect), log}
	lambda.Start(h.handle)
}

type handler struct {
	subscriber *subscriber.Subscriber[[]types.TransactWriteItem]
	log        *slog.Logger
}

// handle applies the messages of a batch. SQS delivers those in the response again, and moves
// them to the dead-letter queue after five receives.
func (h handler) handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, message := range batch.Records {
		e, first, err := h.subscriber.Receive(ctx, message.Body)
		if err != nil {
			h.log.ErrorContext(ctx, "not applied", "messageId", message.MessageId, "error", err.Error())
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
			continue
		}
		outcome := "applied"
		if !first {
			outcome = "duplicate"
		}
		h.log.InfoContext(ctx, outcome, "id", e.ID, "type", e.Type, "subject", e.Subject)
	}
	return response, nil
}

func marshal(value any) string {
	text, _ := json.Marshal(value) // structs of texts and numbers cannot fail
	return string(text)
}
