// Package replay sends archived events back to the queue.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// concurrency is the number of messages that are read and sent at a time.
const concurrency = 10

const (
	// MaxRate is the highest Rate, in messages a second.
	MaxRate = 1000
	// SendTimeout bounds the sending of one message, including retries.
	SendTimeout = 30 * time.Second
)

// An Archive holds dead letters under ordered keys.
type Archive interface {
	// Keys returns the keys with a prefix that are greater than after. An error
	// ends the sequence.
	Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error]
	// Get returns event.ErrArchive for an object that is not a dead letter.
	Get(ctx context.Context, key string) (event.Archived, error)
}

// A Replay sends the archived messages that the consumer can store. It does not
// change the archive, and the consumer stores an event once however often it
// receives it. So a replay can be repeated.
type Replay struct {
	Archive   Archive
	Queue     event.Queue
	Providers provider.Set // providers that the consumer knows
	Prefix    string       // of the keys
	After     string       // skip keys up to and including this one
	Rate      int          // messages a second at most, 1 to MaxRate
	DryRun    bool         // send nothing
	// Conflicts also sends messages if the table has other content under their key. The
	// consumer stores one if somebody has removed that row, and returns it to the
	// archive otherwise.
	Conflicts bool
	// OtherMode also sends events of another mode than the secret's entry.
	OtherMode bool
	// Sent receives the key of each message that was sent, or would be in a dry
	// run.
	Sent io.Writer
	// Skipped receives the key of each other object and the reason, without
	// control characters.
	Skipped io.Writer
}

// Done describes the progress of a replay.
type Done struct {
	Sent, Skipped int
	// Last is the last key before which nothing is left to do, "" for none. A
	// replay After it resumes there. It is never a key with characters that a
	// message's own key cannot have.
	Last string
}

// Run replays all messages. It stops after the first failure.
func (r *Replay) Run(ctx context.Context) (Done, error) {
	pace := time.NewTicker(time.Second / time.Duration(r.Rate))
	defer pace.Stop()

	done := Done{Last: r.After}
	var keys []string
	for key, err := range r.Archive.Keys(ctx, r.Prefix, r.After) {
		if err != nil {
			return done, err
		}
		if keys = append(keys, key); len(keys) < concurrency {
			continue
		}
		if err := r.sendBatch(ctx, keys, pace.C, &done); err != nil {
			return done, err
		}
		keys = keys[:0]
	}
	return done, r.sendBatch(ctx, keys, pace.C, &done)
}

// outcome is the result for one object.
type outcome struct {
	skipped string // reason; "" if it was sent
	err     error
}

// sendBatch replays objects concurrently. It returns the first error by key.
func (r *Replay) sendBatch(ctx context.Context, keys []string, pace <-chan time.Time, done *Done) error {
	outcomes := make([]outcome, len(keys))
	var running sync.WaitGroup
	for i, key := range keys {
		running.Go(func() { outcomes[i] = r.send(ctx, key, pace) })
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
			fmt.Fprintf(r.Skipped, "skipped %s: %s\n", output.Printable(keys[i]), output.Printable(o.skipped))
		default:
			done.Sent++
			fmt.Fprintln(r.Sent, keys[i])
		}
		if failure == nil && isPlain(keys[i]) {
			done.Last = keys[i]
		}
	}
	return failure
}

// send replays one object.
func (r *Replay) send(ctx context.Context, key string, pace <-chan time.Time) outcome {
	m, err := r.Archive.Get(ctx, key)
	switch {
	case errors.Is(err, event.ErrArchive):
		return outcome{skipped: "not an archived message"}
	case err != nil:
		return outcome{err: err}
	}
	if why := r.rejected(key, m); why != "" || r.DryRun {
		return outcome{skipped: why}
	}
	select {
	case <-ctx.Done():
		return outcome{err: ctx.Err()}
	case <-pace:
	}
	return outcome{err: r.Queue.Send(ctx, string(m.Message), "")}
}

// rejected returns the reason why a message is not sent, "" if it is: the
// consumer would not store it, or it is under a key where the archiver does not
// put it. Whoever may write to the bucket could otherwise have old messages sent
// with every prefix.
func (r *Replay) rejected(key string, m event.Archived) string {
	switch {
	case m.FailureReason == contract.ReasonConflict && !r.Conflicts:
		return "the table has different content with its key"
	case m.FailureReason == contract.ReasonExpired:
		return "it is older than EventRetentionDays"
	case m.FailureReason == contract.ReasonSender:
		return "the processor of another provider sent it"
	case m.FailureReason == contract.ReasonOtherMode && !r.OtherMode:
		return "its mode is not that of the secret's entry"
	case m.FailureReason == contract.ReasonSignatureReused && !r.Conflicts:
		return "another body has its signature"
	}
	e, err := event.Decode(string(m.Message))
	if err != nil {
		return fmt.Sprintf("not an event that can be stored (%s)", m.FailureReason)
	}
	m.Event = &e
	if key != m.Key() && key != m.MessageKey() {
		return "its key is not its own: " + m.Key()
	}
	if _, err := r.Providers.ByName(e.Provider); err != nil {
		return err.Error()
	}
	return ""
}

// isPlain reports whether a key can be pasted between single quotes into a shell.
func isPlain(key string) bool {
	return !strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' || c == '\'' })
}
