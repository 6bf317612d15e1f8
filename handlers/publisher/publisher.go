// Package publisher publishes the new items of the table, each once or more. It never
// fails because of an event's content, which would hold up the stream.
package publisher

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
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/function"
)

const (
	// AttemptTimeout bounds one attempt of Target or Unpublished.
	AttemptTimeout = 3 * time.Second
	// PublishTimeout bounds publishing one event, with its retries.
	PublishTimeout = 8 * time.Second
	// SendTimeout bounds sending to Unpublished, with its retries.
	SendTimeout = 8 * time.Second
	// margin is reserved at the end of an invocation for sending the response.
	margin = 2 * time.Second
	// Concurrency is the number of events that are published at the same time. The
	// order within a shard is the order of writes, which means nothing for a payment.
	Concurrency = 10
)

// Errors about records.
var (
	errPanic  = errors.New("panic")
	errNoTime = errors.New("no time left")
)

// Target publishes events. replay is "" or the id of an operator's run. The error is
// event.ErrRefused if the target refuses the event because of its content.
type Target interface {
	Publish(ctx context.Context, e cloudevent.Event, replay string) error
}

// Handler publishes batches of records.
type Handler struct {
	Target      Target
	Unpublished event.Queue // names the events that cannot be published
	Source      string      // of the published events
	Stores      cloudevent.Stores

	Log     *slog.Logger
	Metrics *function.Metrics
	Now     func() time.Time
}

// result is the outcome of a record.
type result struct {
	done        bool // published, named in Unpublished, or not of a new item
	published   *cloudevent.Event
	at          time.Time // of publication
	unpublished *Unpublished
	err         error // why a record is not done
}

// Handle publishes the new items of a batch. After a failure that may pass it begins no
// other record, and returns the first record that is not done. The stream delivers that
// one and all later ones again.
func (h *Handler) Handle(ctx context.Context, b Batch) (Response, error) {
	results := h.run(ctx, b)
	h.report(ctx, b, results)
	response := Response{DynamoDBEventResponse: events.DynamoDBEventResponse{
		BatchItemFailures: []events.DynamoDBBatchItemFailure{}}} // Lambda rejects null
	for i, r := range results {
		if r.unpublished != nil && b.Replay != "" {
			response.Unpublished = append(response.Unpublished, Refusal{b.Records[i].Change.SequenceNumber, r.unpublished.Reason})
		}
		if !r.done {
			sequence := b.Records[i].Change.SequenceNumber
			h.Log.WarnContext(ctx, "publishing stops; the stream delivers the rest again",
				"sequenceNumber", sequence, "records", len(b.Records)-i, "error", fmt.Sprint(r.err))
			response.BatchItemFailures = append(response.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: sequence})
			break
		}
	}
	return response, nil
}

// run publishes at most Concurrency records at the same time.
func (h *Handler) run(ctx context.Context, b Batch) []result {
	ctx, cancel := function.WithMargin(ctx, margin)
	defer cancel()
	results := make([]result, len(b.Records))
	slots := make(chan struct{}, Concurrency)
	stop := make(chan struct{})
	var (
		running sync.WaitGroup
		once    sync.Once
	)
	for i, record := range b.Records {
		slots <- struct{}{}
		select {
		case <-stop:
			running.Wait()
			return results
		default:
		}
		running.Go(func() {
			defer func() { <-slots }()
			if results[i] = h.handle(ctx, record, b.Replay); !results[i].done {
				once.Do(func() { close(stop) })
			}
		})
	}
	running.Wait()
	return results
}

// handle publishes one record, or names its event in Unpublished if a retry would not help.
func (h *Handler) handle(ctx context.Context, record Record, replay string) result {
	if record.EventName != Inserted {
		return result{done: true}
	}
	if err := ctx.Err(); err != nil {
		return result{err: fmt.Errorf("%w: %w", errNoTime, err)}
	}
	e, reason, err := h.publish(ctx, record, replay)
	switch {
	case err == nil:
		return result{done: true, published: e, at: h.Now()}
	case reason == "":
		return result{err: err}
	}
	return h.keep(ctx, record, reason, err)
}

// publish publishes the item of a record. reason is not empty if a retry would not help. That
// includes a panic: the same item causes it again.
func (h *Handler) publish(ctx context.Context, record Record, replay string) (e *cloudevent.Event, reason string, err error) {
	defer func() {
		if p := recover(); p != nil {
			e, reason, err = nil, contract.ReasonUnreadable, fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	stored, err := event.DecodeImage(record.Change.NewImage)
	if err != nil {
		return nil, contract.ReasonUnreadable, err
	}
	published, err := cloudevent.From(h.Source, stored, h.Stores)
	if err != nil {
		return nil, contract.ReasonUnreadable, err
	}
	if err := h.Target.Publish(ctx, published, replay); errors.Is(err, event.ErrRefused) {
		return nil, contract.ReasonRefused, err
	} else if err != nil {
		return nil, "", err
	}
	return &published, "", nil
}

// keep names an event in Unpublished.
func (h *Handler) keep(ctx context.Context, record Record, reason string, cause error) result {
	id, timestamp := record.Change.key()
	u := Unpublished{EventID: id, Timestamp: timestamp, Reason: reason}
	if err := h.Unpublished.Send(ctx, encodeUnpublished(u), reason); err != nil {
		return result{err: fmt.Errorf("%w, after %w", err, cause)}
	}
	h.Log.ErrorContext(ctx, "event not published", "eventId", id, "timestamp", timestamp, contract.ReasonProperty, reason, "error", cause.Error())
	return result{done: true, unpublished: &u}
}
