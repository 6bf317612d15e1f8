package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// Payloads stores bodies that are too large for a message.
type Payloads interface {
	Put(ctx context.Context, e event.Event, retentionDays int) (ref string, err error)
}

// A Refill sends missing events to the stack again.
type Refill struct {
	Source       source.Source
	Subscription *source.Subscription // nil if the endpoints are not known
	Queue        event.Queue          // webhook-queue
	Payloads     Payloads
	// RetentionDays is how long an event that is received now is kept; 0 is for ever.
	RetentionDays int
	// Store sends the listed events to Queue, even if the provider can deliver them.
	Store bool
	Now   func() time.Time

	// Redelivered and Stored count the events that the provider delivers again, and
	// those that were sent to Queue.
	Redelivered, Stored int

	// tried has the times of the events that Event was called with: a window that is
	// shortened passes its events again.
	tried map[id]int64
}

// Event asks the provider to deliver an event again. If its API cannot, or refuses this
// event, Event sends what the API listed to Queue, marked as event.OriginReconcile.
// It does nothing for an event that it has tried already.
func (r *Refill) Event(ctx context.Context, e event.Event) error {
	key := hashID(e.ID)
	if _, again := r.tried[key]; again {
		return nil
	}
	if r.tried == nil {
		r.tried = map[id]int64{}
	}
	r.tried[key] = e.Timestamp
	if !r.Store && r.Subscription != nil {
		_, own, _ := strings.Cut(e.ID, ":")
		err := r.Source.Redeliver(ctx, own, *r.Subscription)
		if err == nil {
			r.Redelivered++
			return nil
		}
		refused := errors.Is(err, source.ErrNoRedelivery) || errors.Is(err, source.ErrNotFound) || errors.Is(err, source.ErrRequest)
		if !refused {
			return err
		}
	}
	now := r.Now()
	e.Origin = event.OriginReconcile
	e.ReceivedAt, e.ExpiresAt = now.UnixMilli(), event.Expiry(now, r.RetentionDays)
	if len(e.Payload) > event.MaxInline {
		ref, err := r.Payloads.Put(ctx, e, r.RetentionDays)
		if err != nil {
			return fmt.Errorf("payload of %s: %w", e.ID, err)
		}
		e.Payload, e.PayloadRef = nil, ref
	}
	if err := r.Queue.Send(ctx, event.Encode(e), ""); err != nil {
		return err
	}
	r.Stored++
	return nil
}

// Forget frees the memory of the events before a place. Later events stay: a window that
// was too long may have passed them, and a later window passes them again.
func (r *Refill) Forget(at Place) {
	maps.DeleteFunc(r.tried, func(_ id, timestamp int64) bool { return timestamp < at.Next.UnixMilli() })
}

// Prove repeats the comparison from a place until nothing is missing, for at most limit. It
// returns the last place of the last comparison, with an error too.
func (c *Comparison) Prove(ctx context.Context, at Place, limit time.Duration, sleep func(context.Context, time.Duration) error) (Place, error) {
	deadline := c.Now().Add(limit)
	done, err := c.Run(ctx, at)
	for pause := time.Second; err == nil && done.Report.Missing > 0 && c.Now().Before(deadline); pause *= 2 {
		if err = sleep(ctx, min(pause, deadline.Sub(c.Now()))); err == nil {
			done, err = c.Run(ctx, Start(at.Since, at.Until))
		}
	}
	return done, err
}
