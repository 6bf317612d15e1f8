package sizes

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/template"
	"github.com/paysluice/paysluice/test/cost/stack"
)

const (
	environment = "prod"
	// requestID is as long as those of Lambda and API Gateway.
	requestID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
)

func now() time.Time { return time.UnixMilli(1_780_000_000_123) }

func inLambda() context.Context {
	return lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: requestID})
}

// follow takes one body through the processor and the consumer.
func follow(p contract.Provider, body []byte, tableName stack.Table) (Event, error) {
	w := wire{accepts: true}
	answer, err := w.process(p, body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return Event{}, fmt.Errorf("%s: %d bytes were answered %d (%v)", p.Name, len(body), answer.StatusCode, err)
	}
	e := Event{
		Provider: p.Name, Body: len(body), Message: len(w.message), Answer: len(answer.Body),
		processorLine: logged(&w.log), message: w.message,
	}
	if err := w.consume(e); err != nil {
		return Event{}, err
	}
	if e.Archived, err = archive(e); err != nil {
		return Event{}, err
	}
	e.Item = itemBytes(w.item)
	for _, i := range tableName.Indexes {
		e.Indexes = append(e.Indexes, Index{i.Name, entryBytes(w.item, i)})
	}
	return e, nil
}

// wire stands for everything around the handlers, and keeps what they hand out.
type wire struct {
	accepts bool // whether signatures are good
	message string
	item    item
	log     bytes.Buffer
}

func (w *wire) process(p contract.Provider, body []byte) (events.APIGatewayProxyResponse, error) {
	known, err := all.All(all.Settings{}).ByName(p.Name)
	if err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	h := processor.Handler{
		Provider: known, Secrets: w, Events: w, DeadLetters: w, Payloads: nil,
		Log:     function.NewLogger(&w.log, "INFO"),
		Metrics: function.NewMetrics(&w.log, environment, now),
		Now:     now,
	}
	return h.Handle(inLambda(), function.Request{
		RequestID: requestID,
		Body:      []byte(base64.StdEncoding.EncodeToString(body)), IsBase64Encoded: true,
	})
}

// consume stores a batch of events and leaves the item of one in w.
func (w *wire) consume(batch ...Event) error {
	h := consumer.Handler{
		Providers:   all.All(all.Settings{}),
		Table:       table.NewTable(w, contract.TableName, 0),
		DeadLetters: w,
		Concurrency: 1,
		Log:         function.NewLogger(&w.log, "INFO"),
		Metrics:     function.NewMetrics(&w.log, environment, now),
	}
	var records []events.SQSMessage
	for i, e := range batch {
		records = append(records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: e.message})
	}
	answer, err := h.Handle(inLambda(), events.SQSEvent{Records: records})
	if err != nil || len(answer.BatchItemFailures) > 0 {
		return fmt.Errorf("%d of %d were not stored (%v)", len(answer.BatchItemFailures), len(batch), err)
	}
	return nil
}

// archive is the object that the message becomes as a dead letter.
func archive(e Event) (int, error) {
	var kept archived
	h := archiver.Handler{
		Archive: &kept, Concurrency: 1, Now: now,
		Log:     function.NewLogger(io.Discard, "INFO"),
		Metrics: function.NewMetrics(io.Discard, environment, now),
	}
	_, err := h.Handle(inLambda(), events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: requestID, Body: e.message,
		EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:" + template.DeadLetterQueueName + "-" + environment,
		Attributes: map[string]string{
			"ApproximateReceiveCount": "4", "SentTimestamp": "1780000000123", "ApproximateFirstReceiveTimestamp": "1780000000123",
		},
	}}})
	return int(kept), err
}

// archived is the size of the last message that was archived.
type archived int

func (a *archived) Put(_ context.Context, m event.Archived) (string, error) {
	*a = archived(len(event.EncodeArchived(m)))
	return "s3://", nil
}

// Get is a secret of which all signatures are good, or none.
func (w *wire) Get(context.Context) (provider.Verifier, error) { return w, nil }

// Refresh finds nothing newer.
func (w *wire) Refresh(context.Context) (provider.Verifier, bool) { return w, false }

// Verify is what a verifier answers. A signature leaves no byte in what is
// measured, so it need not be a real one.
func (w *wire) Verify(context.Context, provider.Header, []byte, time.Time) (provider.Origin, error) {
	if !w.accepts {
		return provider.Origin{}, provider.SignatureMismatch
	}
	return provider.Origin{Endpoint: "main", Livemode: new(true)}, nil
}

func (w *wire) Send(_ context.Context, body, _ string) error {
	w.message = body
	return nil
}

func (w *wire) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	w.item = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

// dayShards counts the partition keys that a thousand ids of one day get.
func dayShards() int {
	keys := map[string]bool{}
	for i := range 1000 {
		hash := fnv.New64()
		_, _ = io.WriteString(hash, strings.Repeat("x", i)) // it never fails (package hash)
		e := event.Event{ID: fmt.Sprintf("stripe:evt_%x", hash.Sum64()), Provider: "stripe", Timestamp: now().UnixMilli()}
		key, _ := text(table.ToItem(e, 0)[contract.DayKeyAttribute])
		keys[key] = true
	}
	return len(keys)
}
