package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/process"
	"github.com/paysluice/paysluice/test/load/internal/record"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/measured"
)

// LoadOptions are those of an open-loop run.
type LoadOptions struct {
	Rate       float64 // requests a second
	For        time.Duration
	Warmup     time.Duration
	Arrivals   Arrivals
	Seed       uint64  // of what is drawn: when requests come, and whose
	Factor     float64 // of the published latencies
	BodySize   int     // bytes
	MaxPerPool int     // environments of one function
}

// AccountConcurrency is how many environments all functions of an account may
// have by default (Lambda Developer Guide, "Understanding Lambda function
// scaling", read 2026-11-26).
const AccountConcurrency = 1000

// What a good answer contains.
const (
	allowed  = `"Effect":"Allow"`
	status   = `"statusCode":200`
	allTaken = `"batchItemFailures":[]`
)

// drainTime is how long after the last request its answer and its events may
// take.
const drainTime = 20 * time.Second

// loadRun is a run under way.
type loadRun struct {
	webhooks   []traffic.Webhook // first those of warm, then the schedule's
	warm       warmCount
	batches    int // of the consumer
	schedule   schedule
	authorizer *group
	processors []*group
	consumer   *group
	request    *record.Histogram // authorizer and processor as one
	late       *record.Histogram

	markErr error
	began   time.Time // the window
	own     time.Duration
}

// Load sends webhooks of all providers to authorizer and processors, and then
// the queue's events to the consumer, at the same rate. On Lambda both go on at
// once, on different machines; here they would take each other's.
func (b *Bench) Load(ctx context.Context, o LoadOptions) (measured.Load, error) {
	defer b.killAll()
	calls, err := latency.Scaled(b.Figures, o.Factor)
	if err != nil {
		return measured.Load{}, err
	}
	s := newSchedule(o.Rate, o.Warmup, o.For, o.Arrivals, o.Seed)
	warm := warmCounts(o.Rate, calls)
	providers := append(warm.providers(), drawProviders(len(s.at), o.Seed)...)
	fmt.Fprintf(b.progress, "signing %d webhooks …\n", len(providers))
	webhooks, err := b.source.Make(ctx, o.BodySize, providers)
	if err != nil {
		return measured.Load{}, err
	}
	r := &loadRun{webhooks: webhooks, warm: warm, schedule: s, request: record.New(), late: record.New()}
	if err := r.functions(b, o.MaxPerPool); err != nil {
		return measured.Load{}, err
	}
	// A run with a failure is not finished.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, g := range r.groups() {
		g.onFailure = cancel
	}
	defer lean()()
	var q queue
	b.stub.Reset(q.take)
	b.stub.SetLatencies(calls)
	fmt.Fprintf(b.progress, "starting environments: %d of the authorizer, %d of each processor …\n", warm.authorizer, warm.processor)
	if err := r.start(ctx); err != nil {
		return measured.Load{}, firstError(r.failure(), err)
	}
	fmt.Fprintf(b.progress, "%.0f requests a second for %v, after %v of a growing rate, AWS at %v times its latencies …\n",
		o.Rate, o.For, o.Warmup, o.Factor)
	if err := s.run(ctx, r.late, r.mark, r.send); err != nil {
		return measured.Load{}, firstError(r.failure(), err)
	}
	if err := r.until(ctx, b, r.answered); err != nil {
		return measured.Load{}, firstError(r.failure(), err)
	}
	l, err := r.result(b, o)
	if err != nil {
		return l, err
	}
	fmt.Fprintf(b.progress, "and what they have put into the queue through the consumer, at the same rate …\n")
	if err := r.consume(ctx, q.messages, o.Rate); err != nil {
		return l, firstError(r.failure(), err)
	}
	if err := r.until(ctx, b, r.stored); err != nil {
		return l, firstError(r.failure(), err)
	}
	if err := r.complete(b, &l); err != nil {
		return l, err
	}
	for _, call := range sortedCalls(calls) {
		l.AWS = append(l.AWS, measured.Call{Name: call, P50: ms(calls[call].P50()), P99: ms(calls[call].P99())})
	}
	return l, nil
}

func (r *loadRun) functions(b *Bench, most int) error {
	p, err := b.function(contract.AuthorizerName, contract.AuthorizerBinary, -1)
	if err != nil {
		return err
	}
	if r.authorizer, err = b.group(p, most); err != nil {
		return err
	}
	for i, descriptor := range contract.Providers() {
		if p, err = b.function(contract.ProcessorName(descriptor), contract.ProcessorBinary, i); err != nil {
			return err
		}
		g, err := b.group(p, most)
		if err != nil {
			return err
		}
		r.processors = append(r.processors, g)
	}
	if p, err = b.function(contract.ConsumerName, contract.ConsumerBinary, -1); err != nil {
		return err
	}
	r.consumer, err = b.group(p, most)
	return err
}

// front is what takes a request, in the order in which it meets them.
func (r *loadRun) front() []*group { return append([]*group{r.authorizer}, r.processors...) }

// groups are all functions.
func (r *loadRun) groups() []*group { return append(r.front(), r.consumer) }

// send sends one request: to the authorizer, and when that allows it, to its
// provider's processor.
func (r *loadRun) send(i int, due time.Time) {
	w, inWindow := r.webhooks[r.warm.total()+i], i >= r.schedule.first
	r.authorizer.invoke(w.Authorizer, due, inWindow, []string{allowed}, func(at time.Time) {
		r.processors[w.Provider].invoke(w.Processor, at, inWindow, []string{status, w.EventID}, func(at time.Time) {
			if inWindow {
				r.request.Record(at.Sub(due))
			}
		})
	})
}

// mark begins the measured window.
func (r *loadRun) mark() {
	r.began = time.Now()
	for _, g := range r.front() {
		r.markErr = errors.Join(r.markErr, g.mark())
	}
	var err error
	r.own, err = process.CPU(os.Getpid())
	r.markErr = errors.Join(r.markErr, err)
}
