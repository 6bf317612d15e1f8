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

// margin is what is kept of an invocation's time for its answer. A function
// that is killed has failed all of its records, the healthy ones too.
const margin = 2 * time.Second

// ErrPanic is a record that made its handling panic.
var ErrPanic = errors.New("panic")

// ErrNoTime is a record that was not begun.
var ErrNoTime = errors.New("no time left")

// Result is what became of one record.
type Result[T any] struct {
	Record events.SQSMessage
	Value  T
	Err    error // the record is to be received again
}

// RunBatch calls handle for each record, for at most concurrency (at least 1) of them
// at the same time. The results are in the order of the records.
//
// The context given to handle ends in time to answer before the invocation
// ends. Where there are more records than may be handled at once it ends
// sooner, so that each has an equal share of the time: records that hang until
// they are stopped do not keep the ones behind them from being handled, time
// and again, until those have used up their receives.
func RunBatch[T any](
	ctx context.Context, records []events.SQSMessage, concurrency int,
	handle func(context.Context, events.SQSMessage) (T, error),
) []Result[T] {
	concurrency = max(1, concurrency) // with 0 it would wait for ever
	ctx, cancel := WithMargin(ctx, margin)
	defer cancel()
	share := share(ctx, len(records), concurrency)

	results := make([]Result[T], len(records))
	slots := make(chan struct{}, concurrency)
	var running sync.WaitGroup
	for i, record := range records {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, share)
			defer cancel()
			results[i] = run(ctx, record, handle)
		})
	}
	running.Wait()
	return results
}

// share is the time that each of n records has when concurrency of them are
// handled at once.
func share(ctx context.Context, n, concurrency int) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return math.MaxInt64
	}
	rounds := (n + concurrency - 1) / concurrency
	return time.Until(end) / time.Duration(max(1, rounds))
}

// run handles one record. Whatever goes wrong with it stays with it.
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

// BatchResponse names the records to receive again; SQS forgets the others. Its list
// is never nil, since a null is not the answer that the mapping expects.
func BatchResponse[T any](results []Result[T]) events.SQSEventResponse {
	failed := []events.SQSBatchItemFailure{}
	for _, r := range results {
		if r.Err != nil {
			failed = append(failed, events.SQSBatchItemFailure{ItemIdentifier: r.Record.MessageId})
		}
	}
	return events.SQSEventResponse{BatchItemFailures: failed}
}

// LogFailures writes an ERROR line for each record that failed, with what it
// takes to find it again.
func LogFailures[T any](ctx context.Context, log *slog.Logger, message string, results []Result[T]) {
	for _, r := range results {
		if r.Err == nil {
			continue
		}
		attrs := []slog.Attr{
			slog.String("messageId", r.Record.MessageId),
			slog.String("receiveCount", r.Record.Attributes["ApproximateReceiveCount"]),
			slog.String("error", r.Err.Error()),
		}
		if e, err := event.DecodeReceipt(r.Record.Body); err == nil {
			attrs = append(attrs, slog.String("eventId", e.ID), slog.String("provider", e.Provider))
		}
		log.LogAttrs(ctx, slog.LevelError, message, attrs...)
	}
}
