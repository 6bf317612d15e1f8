// Package archiver keeps dead letters: each message of webhook-dlq, readable or
// not, becomes an object in S3. A message whose object cannot be written stays
// in the queue.
package archiver

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

// AttemptTimeout is what one attempt of Archive may take, for a megabyte.
const AttemptTimeout = 5 * time.Second

// Archive keeps a message and returns where. A message that it is given again
// is there once.
type Archive interface {
	Put(context.Context, event.Archived) (url string, err error)
}

// Handler archives batches.
type Handler struct {
	Archive Archive
	// Concurrency is the number of messages that are written at the same time,
	// at least 1.
	Concurrency int
	Log         *slog.Logger
	Metrics     *function.Metrics
	Now         func() time.Time
}

// Handle answers with the messages to receive again; the rest is archived.
func (h *Handler) Handle(ctx context.Context, b events.SQSEvent) (events.SQSEventResponse, error) {
	results := function.RunBatch(ctx, b.Records, h.Concurrency, h.archive)
	function.LogFailures(ctx, h.Log, "dead letter not archived", results)
	h.reportCounts(ctx, results)
	return function.BatchResponse(results), nil
}

// archive keeps one message.
func (h *Handler) archive(ctx context.Context, record events.SQSMessage) (kind, error) {
	m := newArchived(record, h.Now())
	url, err := h.Archive.Put(ctx, m)
	if err != nil {
		return kind{}, err
	}
	h.report(ctx, m, url)
	return kindOf(m), nil
}

// newArchived is the message with what SQS says of it.
func newArchived(record events.SQSMessage, now time.Time) event.Archived {
	m := event.Archived{
		Schema:          event.ArchiveSchema,
		FailureReason:   contract.ReasonReceivesExhausted,
		ReceiveCount:    int(number(record, "ApproximateReceiveCount")),
		SentAt:          number(record, "SentTimestamp"),
		FirstReceivedAt: number(record, "ApproximateFirstReceiveTimestamp"),
		ArchivedAt:      now.UnixMilli(),
		Queue:           record.EventSourceARN,
		MessageID:       record.MessageId,
		Message:         []byte(record.Body),
	}
	if given := record.MessageAttributes[contract.FailureReasonAttribute].StringValue; given != nil {
		m.FailureReason = *given
	}
	if e, err := event.DecodeReceipt(record.Body); err == nil {
		m.Event = &e
	}
	return m
}

// number is an attribute that SQS sets itself; 0 should it be missing, since a
// message is archived whatever else is wrong.
func number(record events.SQSMessage, name string) int64 {
	n, _ := strconv.ParseInt(record.Attributes[name], 10, 64)
	return n
}
