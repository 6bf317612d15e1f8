package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

const (
	// sameFailures is the number of events in a row that fail for one reason before a
	// refill ends. The others would fail too, for example after the key lost a right.
	sameFailures = 5
	// maxFailures bounds the failures in the output. stderr has them all.
	maxFailures = 100
)

// stateFailed is the state of a notRefilled.
const stateFailed = "failed"

// notRefilled is a missing event that a refill could not get in.
type notRefilled struct {
	reconcile.Example
	Reason string `json:"reason"`
}

// refilling is a refill that continues after an event that fails.
type refilling struct {
	*reconcile.Refill
	tell func(notRefilled) error

	failed   int
	failures []notRefilled
	kind     string // of the last failure
	inRow    int    // failures of that kind
}

// event refills one event. The error ends the refill.
func (r *refilling) event(ctx context.Context, e event.Event) error {
	err := r.Refill.Event(ctx, e)
	if err == nil || ctx.Err() != nil {
		r.inRow = 0
		return err
	}
	if kind := kindOf(err); kind != r.kind {
		r.kind, r.inRow = kind, 0
	}
	r.failed, r.inRow = r.failed+1, r.inRow+1
	one := notRefilled{reconcile.Example{State: stateFailed, ID: e.ID, Type: e.Type, Timestamp: e.Timestamp}, err.Error()}
	if len(r.failures) < maxFailures {
		r.failures = append(r.failures, one)
	}
	if err := r.tell(one); err != nil {
		return err
	}
	if r.inRow == sameFailures {
		return fmt.Errorf("the refill ended after %d failures in a row for one reason: correct it, and repeat the command to refill what is still missing: %w", sameFailures, err)
	}
	return nil
}

// kindOf returns the class of a failure, and the code of one of AWS without a class.
// All others are of one kind.
func kindOf(err error) string {
	for _, class := range []error{
		source.ErrKey, source.ErrUnavailable, source.ErrAnswer,
		stack.ErrDenied, stack.ErrCredentials, stack.ErrUnreachable,
	} {
		if errors.Is(err, class) {
			return class.Error()
		}
	}
	return stack.ErrorCode(err)
}

// tellFailure writes an event that was not refilled to stderr, and to stdout in NDJSON.
func (a *app) tellFailure(e notRefilled) error {
	fmt.Fprintln(a.err, output.Printable(fmt.Sprintf("not refilled: %s %s: %s", e.ID, e.Type, e.Reason)))
	if a.format != output.NDJSON {
		return nil
	}
	return output.Object(a.out, output.NDJSON, e, nil)
}

// refill asks, gets the missing events in and repeats the comparison until nothing is
// missing or the time is over.
func (r *reconciliation) refill(ctx context.Context, done reconcile.Place) (reconciliationResult, error) {
	a := r.app
	fmt.Fprintln(a.err, summary(done.Report.Counts))
	refill := &refilling{Refill: query.Refill(r.stack, r.source, a.now), tell: a.tellFailure}
	refill.Subscription, refill.Store = r.comparison.Subscription, r.flags.store
	question := fmt.Sprintf("Refill %s of %s into %s?", counted(done.Report.Missing, "missing event"), r.provider.Title, r.stack.Name)
	if err := a.confirm(ctx, question); err != nil {
		return reconciliationResult{}, err
	}
	again := reconcile.Start(done.Since, done.Until)
	at := again
	if r.resumed != nil && r.resumed.Store == r.flags.store {
		at, refill.Redelivered, refill.Stored = r.resumed.Place, r.resumed.Redelivered, r.resumed.Refilled
		fmt.Fprintf(a.err, "the refill resumes at %s\n", at.Next.Format(time.RFC3339))
	}
	r.comparison.Missing, r.comparison.Findings = refill.event, nil
	r.comparison.Progress = func(p reconcile.Place) error {
		refill.Forget(p)
		if refill.failed > 0 { // the place stays before the first failure, so that another run repeats it
			return r.say(p)
		}
		return errors.Join(r.say(p), r.keep(done, &keptRefill{p, r.flags.store, refill.Redelivered, refill.Stored}))
	}
	_, err := r.comparison.Run(ctx, at)
	fmt.Fprintf(a.err, "%d to be delivered again, %d sent to webhook-queue, %d failed\n", refill.Redelivered, refill.Stored, refill.failed)
	if err != nil {
		return reconciliationResult{}, err
	}
	r.comparison.Missing, r.comparison.Progress = nil, r.say
	limit := r.flags.wait
	if refill.Redelivered+refill.Stored == 0 { // nothing is on its way
		limit = 0
	}
	if done, err = r.comparison.Prove(ctx, again, limit, function.Sleep); err != nil {
		return reconciliationResult{}, err
	}
	if done.Report.Missing > refill.failed && refill.Redelivered > 0 {
		fmt.Fprintln(a.err, "not all events that the provider was asked for have arrived: repeat the comparison later, or add --store")
	}
	result := r.result(done)
	result.Redelivered, result.Refilled = refill.Redelivered, refill.Stored
	result.Failed, result.Failures = refill.failed, refill.failures
	return result, nil
}
