// Package replay sends archived events back to the queue.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// width is the number of messages that are read and sent at the same time.
const width = 10

const (
	// MaxRate is the highest Rate that makes sense, in messages a second.
	MaxRate = 1000
	// SendTimeout is what the Queue may take for one message, with all retries.
	SendTimeout = 30 * time.Second
)

// Archive holds dead letters under keys that have an order.
type Archive interface {
	// Keys are those that begin with prefix and come after the key after; an
	// error is the last element.
	Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error]
	// Get returns event.ErrArchive for an object that is no dead letter.
	Get(ctx context.Context, key string) (event.Archived, error)
}

// Replay sends what can be stored among the archived messages. The archive stays
// as it is, and the consumer stores an event once however often it comes, so
// that a replay can be repeated, whole or in part.
type Replay struct {
	Archive   Archive
	Queue     event.Queue
	Providers provider.Set // whose events the consumer stores
	Prefix    string       // of the keys
	After     string       // a key; what comes up to it, it included, is left out
	Rate      int          // messages a second at most, 1 to MaxRate
	DryRun    bool         // send nothing
	// Sent takes the key of each message that was sent, or would have been.
	Sent io.Writer
	// Skipped takes the key of each other object, and why.
	Skipped io.Writer
}

// Done is how far a replay came.
type Done struct {
	Sent, Skipped int
	// Last is the key up to which everything is done; "" for nothing. A replay
	// After it goes on from there.
	Last string
}

// Run replays until all is done or something fails.
func (r *Replay) Run(ctx context.Context) (Done, error) {
	pace := time.NewTicker(time.Second / time.Duration(r.Rate))
	defer pace.Stop()

	done := Done{Last: r.After}
	var keys []string
	for key, err := range r.Archive.Keys(ctx, r.Prefix, r.After) {
		if err != nil {
			return done, err
		}
		if keys = append(keys, key); len(keys) < width {
			continue
		}
		if err := r.together(ctx, keys, pace.C, &done); err != nil {
			return done, err
		}
		keys = keys[:0]
	}
	return done, r.together(ctx, keys, pace.C, &done)
}

// outcome is what became of one object.
type outcome struct {
	skipped string // why; "" when it was sent
	err     error
}

// together replays some objects at the same time. The error is the first one.
func (r *Replay) together(ctx context.Context, keys []string, pace <-chan time.Time, done *Done) error {
	outcomes := make([]outcome, len(keys))
	var running sync.WaitGroup
	for i, key := range keys {
		running.Go(func() { outcomes[i] = r.one(ctx, key, pace) })
	}
	running.Wait()

	var failure error
	for i, o := range outcomes {
		switch {
		case o.err != nil:
			if failure == nil {
				failure = o.err
			}
		case o.skipped != "":
			done.Skipped++
			fmt.Fprintf(r.Skipped, "skipped %s: %s\n", keys[i], o.skipped)
		default:
			done.Sent++
			fmt.Fprintln(r.Sent, keys[i])
		}
		if failure == nil {
			done.Last = keys[i]
		}
	}
	return failure
}

// one replays one object.
func (r *Replay) one(ctx context.Context, key string, pace <-chan time.Time) outcome {
	m, err := r.Archive.Get(ctx, key)
	switch {
	case errors.Is(err, event.ErrArchive):
		return outcome{skipped: "it is no archived message"}
	case err != nil:
		return outcome{err: err}
	}
	if why := r.unstorable(m); why != "" || r.DryRun {
		return outcome{skipped: why}
	}
	select {
	case <-ctx.Done():
		return outcome{err: ctx.Err()}
	case <-pace:
	}
	return outcome{err: r.Queue.Send(ctx, string(m.Message), "")}
}

// unstorable says why the consumer would not store a message, "" if it would.
// Sent again, such a message would come back to where it is.
func (r *Replay) unstorable(m event.Archived) string {
	if m.FailureReason == contract.ReasonConflict {
		return "the table has other content under its key"
	}
	e, err := event.Decode(string(m.Message))
	if err != nil {
		return fmt.Sprintf("it is no event that can be stored (%s)", m.FailureReason)
	}
	if _, err := r.Providers.ByName(e.Provider); err != nil {
		return err.Error()
	}
	return ""
}
