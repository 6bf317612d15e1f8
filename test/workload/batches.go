package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/template"
)

const retentionDays = 30

// queued is a batch of what the processors send, ten different events of all
// providers.
func queued(webhooks []webhook) ([]string, error) {
	ctx, cancel := Invocation(context.Background())
	defer cancel()
	messages := make([]string, contract.BatchSize)
	for i := range messages {
		w := webhooks[i%len(webhooks)]
		aws := &services{secret: w.secret}
		_, request, err := read(w.request())
		if err != nil {
			return nil, err
		}
		// It never returns an error. What it does not accept sends nothing.
		_, _ = newProcessor(w, aws).Handle(ctx, request)
		e, err := event.Decode(aws.message)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		e.ID = fmt.Sprintf("%s-%d", e.ID, i)
		messages[i] = event.Encode(e)
	}
	return messages, nil
}

// consumers store a full batch, and beside it a single message.
func consumers(_ []webhook, messages []string) ([]Workload, error) {
	h := newConsumer(&services{})
	all := batches("consumer", h.Handle, messages)
	batch, err := json.Marshal(batchOf(messages))
	if err != nil {
		return nil, err
	}
	return append(all, Workload{
		Name:  fmt.Sprintf("function/consumer/%d", len(messages)),
		Work:  invoking(function.NewHandler(function.DecodeJSON[events.SQSEvent], h.Handle), batch, noFailures),
		Floor: sum(scans(batch), scans(inBytes(messages)...)),
	}), nil
}

// archivers keep a full batch of dead letters, and beside it a single one.
func archivers(_ []webhook, messages []string) ([]Workload, error) {
	h := &archiver.Handler{
		Archive:     bucket.NewArchive(&services{}, bucketName),
		Concurrency: contract.BatchSize,
		Log:         function.NewLogger(io.Discard, "INFO"),
		Metrics:     function.NewMetrics(io.Discard, environment, now),
		Now:         now,
	}
	return batches("archiver", h.Handle, messages), nil
}

// templates is what gentemplate does before it prints.
func templates([]webhook, []string) ([]Workload, error) {
	text, err := template.JSON(template.Options{})
	if err != nil {
		return nil, err
	}
	return []Workload{{Name: "template", Slow: true, Floor: scans(text), Work: func(context.Context) error {
		text, err := template.JSON(template.Options{})
		return unless(len(text) > 0, err)
	}}}, nil
}

// Latency is how long the consumer takes for a full batch when each write takes
// that long, beside one such write.
func Latency(root string, write time.Duration) (Workload, error) {
	webhooks, err := newWebhooks(root)
	if err != nil {
		return Workload{}, err
	}
	messages, err := queued(webhooks)
	if err != nil {
		return Workload{}, err
	}
	e, err := event.Decode(messages[0])
	if err != nil {
		return Workload{}, err
	}
	aws := &services{latency: write}
	tableName := table.NewTable(aws, tableName, retentionDays)
	full := batches("latency/consumer", newConsumer(aws).Handle, messages)[0]
	full.Floor = func(ctx context.Context) error {
		existing, err := tableName.Put(ctx, e)
		return unless(existing == nil, err)
	}
	return full, nil
}

// newConsumer is wired as in cmd/lambdas/consumer.
func newConsumer(aws *services) *consumer.Handler {
	return &consumer.Handler{
		Providers:   all.All(all.Settings{}),
		Table:       table.NewTable(aws, tableName, retentionDays),
		DeadLetters: queue.NewSender(aws, deadLetterQueueURL, consumer.SendTimeout),
		Concurrency: contract.BatchSize,
		Log:         function.NewLogger(io.Discard, "INFO"),
		Metrics:     function.NewMetrics(io.Discard, environment, now),
	}
}

// noFailures is the answer of a batch of which nothing is received again.
const noFailures = `"batchItemFailures":[]`

// batches handle all of the messages, and one of them.
func batches(name string, handle func(context.Context, events.SQSEvent) (events.SQSEventResponse, error), messages []string) []Workload {
	var all []Workload
	for _, some := range [][]string{messages, messages[:1]} {
		batch := batchOf(some)
		all = append(all, Workload{
			Name: fmt.Sprintf("%s/%d", name, len(some)),
			Work: func(ctx context.Context) error {
				answer, err := handle(ctx, batch)
				return unless(len(answer.BatchItemFailures) == 0, err)
			},
			Floor: scans(inBytes(some)...),
		})
	}
	return all
}

// batchOf is the messages as SQS hands them to a function.
func batchOf(messages []string) events.SQSEvent {
	var b events.SQSEvent
	for i, body := range messages {
		b.Records = append(b.Records, events.SQSMessage{
			MessageId:     fmt.Sprintf("059f36b4-87a3-44ab-83d2-6619757%05d", i),
			ReceiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
			Body:          body,
			Md5OfBody:     "e4e68fb7bd0e697a0ae8f1bb342846b3",
			Attributes: map[string]string{
				"ApproximateReceiveCount":          "1",
				"SentTimestamp":                    "1780000000000",
				"SenderId":                         "AROAEXAMPLE:" + contract.ProcessorName(contract.Stripe()) + "-" + environment,
				"ApproximateFirstReceiveTimestamp": "1780000000010",
			},
			EventSource:    "aws:sqs",
			EventSourceARN: "arn:aws:sqs:us-east-1:" + account + ":" + template.QueueName + "-" + environment,
			AWSRegion:      "us-east-1",
		})
	}
	return b
}
