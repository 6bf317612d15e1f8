package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
)

const (
	// maxBatch is the number of messages that one note announces.
	maxBatch = 100
	// batchSeconds bounds a batch at a low rate.
	batchSeconds = 5
)

// Run sends the messages of a run that are not sent yet. It stops after the first
// failure, or when the context ends. A stopped or killed run is resumed by another
// call, also of another process that loaded its record.
//
// A run sends no message twice. It records which messages it may send before it
// sends them. After a crash between the two, the next call looks for the announced
// messages in the table and in the archive. It sends one again only if both queues
// have been empty for a while and nothing has its event; it drops one with
// an unknown fate, and the proof lists it. It also drops each message with an event that
// the table has by its turn, because another run or the provider has sent it since the plan.
func (e *Engine) Run(ctx context.Context, r *Run, progress func(Progress)) error {
	done := r.Done()
	if err := e.settle(ctx, r, progress); err != nil {
		return err
	}
	pace := time.NewTicker(time.Second / time.Duration(e.Rate))
	defer pace.Stop()

	size := min(maxBatch, max(1, e.Rate*batchSeconds))
	var n note // of the batch before
	if now := r.Done(); now > done || now < len(r.Entries) {
		progress(r.sending())
	}
	for {
		left := r.in(unsent)
		if len(left) == 0 {
			break
		}
		n.Sending = left[:min(size, len(left))]
		if err := e.write(ctx, r, n); err != nil {
			return err
		}
		var failure error
		n, failure = e.sendBatch(ctx, r, n.Sending, pace.C)
		if failure != nil {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
			defer cancel()
			if err := e.write(late, r, n); err != nil {
				failure = fmt.Errorf("%w: %w: %w", ErrUnrecorded, err, failure)
			}
			progress(r.sending())
			return failure
		}
		r.apply(n)
		progress(r.sending())
	}
	if n.Sent == nil && n.Dropped == nil {
		return nil
	}
	return e.write(ctx, r, n)
}

// outcome is the result for one message.
type outcome struct {
	state state
	why   string // of a dropped message
	err   error
}

// sendBatch sends messages concurrently and returns their results, with the first
// error. After an error or the end of the context it starts no more.
func (e *Engine) sendBatch(ctx context.Context, r *Run, positions []int, pace <-chan time.Time) (note, error) {
	outcomes := make([]outcome, len(positions))
	// No call is canceled with ctx: that would leave the fate of its message unknown.
	calls, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchSeconds*time.Second+sendTimeout)
	defer cancel()
	turns, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	_ = e.each(calls, len(positions), func(calls context.Context, i int) error {
		select {
		case <-turns.Done():
		case <-calls.Done():
		case <-pace:
		}
		if turns.Err() != nil || calls.Err() != nil {
			stop(calls.Err())
			return nil
		}
		if outcomes[i] = e.send(calls, r.Entries[positions[i]], r.Selection); outcomes[i].err != nil {
			stop(outcomes[i].err)
		}
		return nil
	})
	var n note
	for i, o := range outcomes {
		switch position := positions[i]; o.state {
		case sent:
			n.Sent = append(n.Sent, position)
		case unsent:
			n.Unsent = append(n.Unsent, position)
		case dropped:
			if n.Dropped == nil {
				n.Dropped = map[int]string{}
			}
			n.Dropped[position] = o.why
		}
	}
	return n, context.Cause(turns)
}

// send sends one message, unless the table has its event.
func (e *Engine) send(ctx context.Context, entry Entry, s Selection) outcome {
	switch found, err := e.look(ctx, entry); {
	case err != nil:
		return outcome{err: err}
	case found == present:
		return outcome{state: dropped, why: skippedStored}
	}
	f, err := e.Archive.Get(ctx, entry.Key)
	if errors.Is(err, failure.ErrMissing) {
		return outcome{state: dropped, why: "the archive has it no longer"}
	}
	if err != nil {
		return outcome{err: err}
	}
	if why := e.rejected(f, s); why != "" {
		return outcome{state: dropped, why: why}
	}
	if newEntry(f) != entry {
		return outcome{state: dropped, why: "the archived message is not the planned one"}
	}
	body := string(f.Message)
	_, err = e.Queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &e.QueueURL, MessageBody: &body})
	switch {
	case err == nil:
		return outcome{state: sent}
	case refused(err):
		return outcome{err: fmt.Errorf("send to %s: %w", e.QueueURL, err)}
	}
	return outcome{state: unknown, err: fmt.Errorf("send to %s: %w", e.QueueURL, err)}
}

// refused reports whether SQS has answered that it does not accept a message.
// After any other error it may have accepted it.
func refused(err error) bool {
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return answer.HTTPStatusCode() < 500
	}
	failure, ok := errors.AsType[smithy.APIError](err)
	return ok && failure.ErrorFault() == smithy.FaultClient
}

// settle finds out which messages of an interrupted batch were sent.
func (e *Engine) settle(ctx context.Context, r *Run, progress func(Progress)) error {
	doubtful := r.in(unknown)
	if len(doubtful) == 0 {
		return nil
	}
	verdicts, err := e.watch(ctx, r, doubtful, func(done, _ int) {
		progress(Progress{Stage: Settling, Done: done, Total: len(doubtful)})
	})
	if err != nil {
		return err
	}
	n := note{Dropped: map[int]string{}}
	for i, v := range verdicts {
		switch v.fate {
		case stored, failedAgain:
			n.Sent = append(n.Sent, doubtful[i])
		case gone:
			n.Unsent = append(n.Unsent, doubtful[i])
		case waiting:
			n.Dropped[doubtful[i]] = "the run was interrupted while it was sent, and the queue still has messages: plan another replay"
		}
	}
	return e.write(ctx, r, n)
}
