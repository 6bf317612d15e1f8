package function

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/event"
)

// margin is reserved at the end of an invocation for sending the response. A
// function that times out fails all of its records.
const margin = 2 * time.Second

// ErrPanic reports that handling a record panicked.
var ErrPanic = errors.New("panic")

// ErrNoTime reports that the invocation ended before a record was handled.
var ErrNoTime = errors.New("no time left")

// ReceiveCountAttribute is the SQS attribute that counts the receives of a
// message, including the current one.
const ReceiveCountAttribute = "ApproximateReceiveCount"

// Result is the result of handling one record.
type Result[T any] struct {
	Record events.SQSMessage
	Value  T
	Err    error // not nil when SQS is to deliver the record again
}

// RunBatch calls handle for each record, for at most concurrency records at the
// same time, and returns the results in the order of the records.
//
// The context given to handle ends early enough to send a response. When there
// are more records than concurrency, it ends earlier, so that every record has
// the same time and a record that hangs cannot use up the receives of those
// behind it.
func RunBatch[T any](
	ctx context.Context, records []events.SQSMessage, concurrency int,
	handle func(context.Context, events.SQSMessage) (T, error),
) []Result[T] {
	concurrency = max(1, concurrency)
	ctx, cancel := WithMargin(ctx, margin)
	defer cancel()
	timeout := recordTimeout(ctx, len(records), concurrency)

	results := make([]Result[T], len(records))
	slots := make(chan struct{}, concurrency)
	var running sync.WaitGroup
	for i, record := range records {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			results[i] = run(ctx, record, handle)
		})
	}
	running.Wait()
	return results
}

// recordTimeout returns the time for each of n records when concurrency of them
// are handled at the same time.
func recordTimeout(ctx context.Context, n, concurrency int) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return math.MaxInt64
	}
	rounds := (n + concurrency - 1) / concurrency
	return time.Until(end) / time.Duration(max(1, rounds))
}

// run handles one record. It turns panics into errors, so that they fail that
// record only.
func run[T any](
	ctx context.Context, record events.SQSMessage, handle func(context.Context, events.SQSMessage) (T, error),
) (r Result[T]) {
	r.Record = record
	defer func() {
		if p := recover(); p != nil {
			r.Err = fmt.Errorf("%w: %v", ErrPanic, p)
		}
	}()
	if err := ctx.Err(); err != nil {
		r.Err = fmt.Errorf("%w: %w", ErrNoTime, err)
		return r
	}
	r.Value, r.Err = handle(ctx, record)
	return r
}

// BatchResponse returns the response that makes SQS deliver the failed records
// again and delete the others. Its list is never nil: Lambda rejects null.
func BatchResponse[T any](results []Result[T]) events.SQSEventResponse {
	failed := []events.SQSBatchItemFailure{}
	for _, r := range results {
		if r.Err != nil {
			failed = append(failed, events.SQSBatchItemFailure{ItemIdentifier: r.Record.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: failed}
}

// LogFailures writes an ERROR line for each failed record, with its message id
// and, if it can be decoded, its event id.
func LogFailures[T any](ctx context.Context, log *slog.Logger, message string, results []Result[T]) {
	for _, r := range results {
		if r.Err == nil {
			continue
		}
		attrs := []slog.Attr{
			slog.String("messageId", r.Record.MessageId),
			slog.String("receiveCount", r.Record.Attributes[ReceiveCountAttribute]),
			slog.String("error", r.Err.Error()),
		}
		if e, err := event.DecodeReceipt(r.Record.Body); err == nil {
			attrs = append(attrs, slog.String("eventId", e.ID), slog.String("provider", e.Provider))
		}
		log.LogAttrs(ctx, slog.LevelError, message, attrs...)
	}
}
