package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/process"
	"github.com/paysluice/paysluice/test/load/internal/record"
	"github.com/paysluice/paysluice/test/measured"
)

// until waits for the end of everything that was sent.
func (r *loadRun) until(ctx context.Context, b *Bench, ended func(awsstub.Counts) bool) error {
	for deadline := time.Now().Add(drainTime); !ended(b.stub.Counts()); {
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: of %d requests, %d were answered by the authorizer and %d by processors, %+v at AWS",
				ErrNotDone, len(r.webhooks), r.authorizer.done.Load(), r.processed(), b.stub.Counts())
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// answered: every request has its answer.
func (r *loadRun) answered(c awsstub.Counts) bool {
	return int(r.authorizer.done.Load()) == len(r.webhooks) && r.processed() == r.allowed() && c.Messages >= r.accepted()
}

// stored: every message is an item, and every batch answered.
func (r *loadRun) stored(c awsstub.Counts) bool {
	return c.Items >= c.Messages && int(r.consumer.done.Load()) == r.batches
}

// failure is the first one of any function.
func (r *loadRun) failure() error {
	for _, g := range r.groups() {
		if err := g.failure(); err != nil {
			return err
		}
	}
	return nil
}

func (r *loadRun) allowed() int { return int(r.authorizer.done.Load() - r.authorizer.failed.Load()) }

func (r *loadRun) processed() (n int) {
	for _, g := range r.processors {
		n += int(g.done.Load())
	}
	return n
}

func (r *loadRun) accepted() (n int) {
	for _, g := range r.processors {
		n += int(g.done.Load() - g.failed.Load())
	}
	return n
}

// result is of the front, whose window ends now.
func (r *loadRun) result(b *Bench, o LoadOptions) (measured.Load, error) {
	wall := time.Since(r.began)
	own, err := process.CPU(os.Getpid())
	if err := errors.Join(err, r.markErr); err != nil {
		return measured.Load{}, err
	}
	l := measured.Load{
		Machine: b.Machine, Rate: o.Rate, Seconds: o.For.Seconds(), Warmup: o.Warmup.Seconds(),
		Arrivals: string(o.Arrivals), Seed: o.Seed, AWSFactor: o.Factor,
		Request: r.request.Latency(true),
	}
	processors, used := record.New(), own-r.own
	for _, g := range r.front() {
		f, err := g.result()
		if err != nil {
			return l, err
		}
		used += time.Duration(f.CPU * float64(f.Invocations) * float64(time.Millisecond))
		l.Functions = append(l.Functions, f)
	}
	for _, g := range r.processors {
		processors.Merge(g.latency)
	}
	l.Processors = processors.Latency(true)
	l.Harness = measured.Harness{
		CPU:  ms(own-r.own) / float64(len(r.schedule.at)-r.schedule.first),
		Late: r.late.Latency(false),
		Busy: float64(used) / float64(wall) / float64(b.Machine.Cores),
	}
	return l, r.failure()
}

// complete adds the consumer and what came of everything.
func (r *loadRun) complete(b *Bench, l *measured.Load) error {
	f, err := r.consumer.result()
	if err := errors.Join(err, r.failure()); err != nil {
		return err
	}
	l.Functions = append(l.Functions, f)
	counts := b.stub.Counts()
	l.Counts = measured.Counts{
		Requests: len(r.webhooks), Accepted: r.accepted(), Messages: counts.Messages, Items: counts.Items,
	}
	c := l.Counts
	if c.Accepted != c.Requests || c.Messages != c.Accepted || c.Items != c.Messages ||
		counts.Duplicates+counts.DeadLetters+counts.Refusals+counts.Objects > 0 {
		return fmt.Errorf("%w: %d requests, %d accepted, and at AWS %+v", ErrWrong, c.Requests, c.Accepted, counts)
	}
	return nil
}

func sortedCalls(calls latency.Calls) []string {
	names := []string{}
	for name := range calls {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
