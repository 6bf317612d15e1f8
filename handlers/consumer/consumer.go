// Package consumer stores the queue's events, each once.
//
// It reports failed records one by one (ReportBatchItemFailures), so that a
// record that cannot be stored uses up only its own three receives and then
// goes to the dead-letter queue.
package consumer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/telemetry"
)

// margin is what is kept of an invocation's time for its answer. A function
// that is killed has failed all of its records, the healthy ones too.
const margin = 2 * time.Second

// ErrPanic is a record that made its handling panic.
var ErrPanic = errors.New("panic")

// Table stores an event unless its key is taken, and then returns what is
// there.
type Table interface {
	Put(context.Context, event.Event) (existing *event.Event, err error)
}

// Queue takes a message, or returns an error and has not taken it.
type Queue interface {
	Send(ctx context.Context, body, failureReason string) error
}

// Handler stores batches.
type Handler struct {
	Providers   provider.Set
	Table       Table
	DeadLetters Queue // for conflicts
	// Concurrency is the number of records that are written at the same time,
	// at least 1.
	Concurrency int
	Log         *slog.Logger
	Metrics     *telemetry.Metrics
}

// result is what became of one record.
type result struct {
	provider string
	metric   string
	err      error
}

// Handle answers with the records to receive again; the rest is done with. The
// list is never nil, since a null is not the answer that the mapping expects.
func (h *Handler) Handle(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	work, cancel := withMargin(ctx)
	defer cancel()

	results := make([]result, len(batch.Records))
	slots := make(chan struct{}, h.Concurrency)
	var writers sync.WaitGroup
	for i, record := range batch.Records {
		slots <- struct{}{}
		writers.Go(func() {
			defer func() { <-slots }()
			results[i] = h.store(work, record)
		})
	}
	writers.Wait()

	failed := []events.SQSBatchItemFailure{}
	for i, r := range results {
		if r.err != nil {
			h.reportFailure(ctx, batch.Records[i], r.err)
			failed = append(failed, events.SQSBatchItemFailure{ItemIdentifier: batch.Records[i].MessageId})
		}
	}
	h.reportCounts(ctx, results)
	return events.SQSEventResponse{BatchItemFailures: failed}, nil
}

// withMargin ends the work on records before the invocation ends.
func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-margin))
	}
	return context.WithCancel(ctx)
}

// store handles one record. Whatever goes wrong with it stays with it.
func (h *Handler) store(ctx context.Context, record events.SQSMessage) (r result) {
	defer func() {
		if p := recover(); p != nil {
			r = result{err: fmt.Errorf("%w: %v", ErrPanic, p)}
		}
	}()
	if err := ctx.Err(); err != nil {
		return result{err: fmt.Errorf("no time left: %w", err)}
	}
	e, err := event.Decode(record.Body)
	if err != nil {
		return result{err: err}
	}
	metric, err := h.put(ctx, e, record.Body)
	return result{provider: e.Provider, metric: metric, err: err}
}

// put stores an event once and says how that counts. An event whose key is
// taken by other content goes to the dead-letter queue: both bodies are kept,
// and trying again would not help.
func (h *Handler) put(ctx context.Context, e event.Event, message string) (metric string, err error) {
	p, err := h.Providers.ByName(e.Provider)
	if err != nil {
		return "", err
	}
	existing, err := h.Table.Put(ctx, e)
	if err != nil {
		return "", err
	}
	switch {
	case existing == nil:
		return contract.MetricStored, nil
	case p.SameEvent(existing.Payload, e.Payload):
		return contract.MetricDuplicates, nil
	}
	if err := h.DeadLetters.Send(ctx, message, contract.ReasonConflict); err != nil {
		return "", err
	}
	return contract.MetricConflicts, nil
}
