// Package consumer stores the events of the queue in the table, each once.
package consumer

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	// AttemptTimeout bounds one attempt of Table or DeadLetters.
	AttemptTimeout = 5 * time.Second
	// SendTimeout bounds sending a conflict to DeadLetters.
	SendTimeout = 5 * time.Second
)

// Table stores events. If it already has an event with the same key, Put returns
// that event and changes nothing.
type Table interface {
	Put(context.Context, event.Event) (existing *event.Event, err error)
}

// Handler stores batches of events.
type Handler struct {
	Providers   provider.Set
	Table       Table
	Guards      Guards      // nil without guarded providers
	DeadLetters event.Queue // for conflicts
	Concurrency int         // records that are stored at the same time, at least 1

	Senders function.Senders // who may speak for a provider
	Now     func() time.Time

	Log     *slog.Logger
	Metrics *function.Metrics

	comparing sync.Mutex
}

// outcome is the metric of a record.
type outcome struct{ provider, metric string }

// Handle stores the events of a batch and returns the records that failed.
func (h *Handler) Handle(ctx context.Context, b events.SQSEvent) (events.SQSEventResponse, error) {
	start := h.Now()
	results := function.RunBatch(ctx, b.Records, h.Concurrency, h.store)
	function.LogFailures(ctx, h.Log, contract.NotStoredMessage, results)
	h.reportCounts(ctx, start, results)
	return function.BatchResponse(results), nil
}

// store stores one event. It sends an event to DeadLetters if its key, its id or its
// signature belongs to another event, because a retry would not help.
func (h *Handler) store(ctx context.Context, record events.SQSMessage) (outcome, error) {
	e, err := event.Decode(record.Body)
	if err != nil {
		return outcome{}, err
	}
	p, err := h.Providers.ByName(e.Provider)
	if err != nil {
		return outcome{}, err
	}
	if reason := h.refuse(ctx, record, e); reason != "" {
		return h.keep(ctx, record, e, reason, contract.MetricQuarantined)
	}
	if h.Guards != nil && p.Descriptor().Guarded {
		reason, err := h.guard(ctx, e)
		if err != nil {
			return outcome{}, err
		}
		if reason != "" {
			return h.keep(ctx, record, e, reason, contract.MetricConflicts)
		}
	}
	existing, err := h.Table.Put(ctx, e)
	h.Log.DebugContext(ctx, "put", "eventId", e.ID, "messageId", record.MessageId, "new", existing == nil && err == nil)
	switch {
	case err != nil:
		return outcome{}, err
	case existing == nil:
		return outcome{provider: e.Provider, metric: contract.MetricStored}, nil
	case h.same(p, *existing, e):
		return outcome{provider: e.Provider, metric: contract.MetricDuplicates}, nil
	}
	return h.keep(ctx, record, e, contract.ReasonConflict, contract.MetricConflicts)
}

// keep sends a message that is not stored to DeadLetters.
func (h *Handler) keep(ctx context.Context, record events.SQSMessage, e event.Event, reason, metric string) (outcome, error) {
	if err := h.DeadLetters.Send(ctx, record.Body, reason); err != nil {
		return outcome{}, err
	}
	return outcome{provider: e.Provider, metric: metric}, nil
}

// same reports whether two events with one key are one event. It compares one
// pair at a time, because that can need several times the memory of a body.
func (h *Handler) same(p provider.Provider, stored, incoming event.Event) bool {
	if stored.PayloadSHA256 == incoming.PayloadSHA256 {
		return true
	}
	h.comparing.Lock()
	defer h.comparing.Unlock()
	return p.SameEvent(stored, incoming)
}

// reportCounts writes one line for each provider in the batch. Its time is the start of the
// invocation: the publisher can be invoked before the batch ends, and the alarm publisher-idle
// counts only an invocation that is not before the event's.
func (h *Handler) reportCounts(ctx context.Context, start time.Time, results []function.Result[outcome]) {
	counts := map[outcome]int{}
	for _, r := range results {
		counts[r.Value]++
	}
	for _, p := range h.Providers {
		name := p.Descriptor().Name
		var published []function.Count
		for _, metric := range []string{contract.MetricStored, contract.MetricDuplicates, contract.MetricConflicts, contract.MetricQuarantined} {
			if n := counts[outcome{provider: name, metric: metric}]; n > 0 {
				published = append(published, function.Count{Metric: metric, Value: n})
			}
		}
		if len(published) > 0 {
			h.Metrics.PublishAt(ctx, start, "batch handled", name, published)
		}
	}
}
