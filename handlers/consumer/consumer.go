// Package consumer stores the queue's events, each once.
package consumer

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

// AttemptTimeout is what one attempt of Table or DeadLetters may take.
const AttemptTimeout = 5 * time.Second

// SendTimeout is what DeadLetters may take for one of the rare conflicts.
const SendTimeout = 5 * time.Second

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
	Metrics     *function.Metrics
}

// outcome is how a record counts.
type outcome struct {
	provider string
	metric   string
}

// Handle answers with the records to receive again; the rest is done with.
func (h *Handler) Handle(ctx context.Context, b events.SQSEvent) (events.SQSEventResponse, error) {
	results := function.RunBatch(ctx, b.Records, h.Concurrency, h.store)
	function.LogFailures(ctx, h.Log, "record not stored", results)
	h.reportCounts(ctx, results)
	return function.BatchResponse(results), nil
}

// store stores an event once and says how that counts. An event whose key is
// taken by other content goes to the dead-letter queue: both bodies are kept,
// and trying again would not help.
func (h *Handler) store(ctx context.Context, record events.SQSMessage) (outcome, error) {
	e, err := event.Decode(record.Body)
	if err != nil {
		return outcome{}, err
	}
	p, err := h.Providers.ByName(e.Provider)
	if err != nil {
		return outcome{}, err
	}
	existing, err := h.Table.Put(ctx, e)
	h.Log.DebugContext(ctx, "put", "eventId", e.ID, "messageId", record.MessageId, "new", existing == nil && err == nil)
	switch {
	case err != nil:
		return outcome{}, err
	case existing == nil:
		return outcome{e.Provider, contract.MetricStored}, nil
	case same(p, *existing, e):
		return outcome{e.Provider, contract.MetricDuplicates}, nil
	}
	if err := h.DeadLetters.Send(ctx, record.Body, contract.ReasonConflict); err != nil {
		return outcome{}, err
	}
	return outcome{e.Provider, contract.MetricConflicts}, nil
}

// same reports whether two events with one key have the same content. Of a body
// by reference only its hash is known here; what a provider changes between
// deliveries of one event makes two such bodies a conflict, and both are kept.
func same(p provider.Provider, a, b event.Event) bool {
	if a.PayloadSHA256 == b.PayloadSHA256 {
		return true
	}
	inline := a.PayloadRef == "" && b.PayloadRef == ""
	return inline && p.SameEvent(a.Payload, b.Payload)
}
