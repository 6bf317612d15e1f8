// Package archiver stores the messages of webhook-dlq in S3, whatever they
// contain. A message that S3 does not accept stays in the queue.
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

// AttemptTimeout bounds one attempt of Archive.Put, with up to a megabyte.
const AttemptTimeout = 5 * time.Second

// Archive stores messages. Put returns the URL of the object, which is the same
// for every delivery of a message.
type Archive interface {
	Put(context.Context, event.Archived) (url string, err error)
}

// Handler archives batches of messages.
type Handler struct {
	Archive     Archive
	Concurrency int // messages that are written at the same time, at least 1
	Senders     function.Senders
	Log         *slog.Logger
	Metrics     *function.Metrics
	Now         func() time.Time
}

// Handle archives the messages of a batch and returns those that failed.
func (h *Handler) Handle(ctx context.Context, b events.SQSEvent) (events.SQSEventResponse, error) {
	results := function.RunBatch(ctx, b.Records, h.Concurrency, h.archive)
	function.LogFailures(ctx, h.Log, "dead letter not archived", results)
	h.reportCounts(ctx, results)
	return function.BatchResponse(results), nil
}

// archive archives one message.
func (h *Handler) archive(ctx context.Context, record events.SQSMessage) (kind, error) {
	m := h.newArchived(record)
	url, err := h.Archive.Put(ctx, m)
	if err != nil {
		return kind{}, err
	}
	h.report(ctx, m, url)
	return kindOf(m), nil
}

// newArchived returns the message with its attributes. It counts as a message that
// cannot be decoded, of an unknown provider, if the stack has no such provider or
// the processor of another one sent it.
func (h *Handler) newArchived(record events.SQSMessage) event.Archived {
	m := event.Archived{
		Schema:          event.ArchiveSchema,
		FailureReason:   contract.ReasonReceivesExhausted,
		ReceiveCount:    int(number(record, function.ReceiveCountAttribute)),
		SentAt:          number(record, "SentTimestamp"),
		FirstReceivedAt: number(record, "ApproximateFirstReceiveTimestamp"),
		ArchivedAt:      h.Now().UnixMilli(),
		Queue:           record.EventSourceARN,
		MessageID:       record.MessageId,
		Message:         []byte(record.Body),
	}
	if given := record.MessageAttributes[contract.FailureReasonAttribute].StringValue; given != nil {
		m.FailureReason = *given
	}
	e, err := event.DecodeReceipt(record.Body)
	switch {
	case err != nil || !h.Senders.Registered(e.Provider):
	case !h.Senders.MaySend(record, e):
		m.FailureReason = contract.ReasonSender
	default:
		m.Event = &e
	}
	return m
}

// number returns an attribute that SQS sets, or 0 without a valid one, because
// every message is archived.
func number(record events.SQSMessage, name string) int64 {
	n, _ := strconv.ParseInt(record.Attributes[name], 10, 64)
	return n
}

// kind is the provider and the reason of an archived message.
type kind struct{ provider, reason string }

// kindOf returns values that are bounded and printable, whatever the message
// contains.
func kindOf(m event.Archived) kind {
	return kind{provider: m.Provider(), reason: m.Metadata()["failure-reason"]}
}

// report logs which event was not stored, why, and where its object is.
func (h *Handler) report(ctx context.Context, m event.Archived, url string) {
	k := kindOf(m)
	attrs := []slog.Attr{
		slog.String("provider", k.provider),
		slog.String("reason", k.reason),
		slog.String("archivedTo", url),
		slog.String("messageId", m.MessageID),
		slog.Int("receiveCount", m.ReceiveCount),
		slog.Int64("sentAt", m.SentAt),
		slog.Int64("firstReceivedAt", m.FirstReceivedAt),
		slog.String("queue", m.Queue),
	}
	if e := m.Event; e != nil {
		attrs = append(attrs,
			slog.String("eventId", e.ID),
			slog.Int64("eventTimestamp", e.Timestamp),
			slog.String("type", e.Type),
			slog.String("apiRequestId", e.RequestID),
			slog.String("extendedRequestId", e.ExtendedRequestID),
			slog.String("payloadSha256", e.PayloadSHA256))
	}
	h.Log.LogAttrs(ctx, slog.LevelError, "dead letter archived", attrs...)
}

// reportCounts writes one line for each kind in the batch.
func (h *Handler) reportCounts(ctx context.Context, results []function.Result[kind]) {
	var kinds []kind // in the order of the batch
	counts := map[kind]int{}
	for _, r := range results {
		if r.Err != nil {
			continue
		}
		if counts[r.Value] == 0 {
			kinds = append(kinds, r.Value)
		}
		counts[r.Value]++
	}
	for _, k := range kinds {
		h.Metrics.Publish(ctx, "dead letters archived", k.provider,
			[]function.Count{{Metric: contract.MetricArchived, Value: counts[k]}},
			slog.String("reason", k.reason))
	}
}
