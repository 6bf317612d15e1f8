package lab

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/awsstub"
	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// LoadOptions describe an open-loop run.
type LoadOptions struct {
	Rate   float64 // requests a second, at random times (Poisson)
	Warmup time.Duration
	For    time.Duration
	// Flooded silences the last provider, except for one delivery of it, which is repeated
	// Flood times a second.
	Flooded bool
	Flood   float64
	// Latency draws one of AWS's recorded latencies.
	Latency func(call string, random *rand.Rand) time.Duration
	// Warm is how many environments of each function are started before the run.
	Warm int
}

// seed of what is drawn: times, providers and latencies.
const seed = 1

// drain is how long after the last request its response may take.
const drain = 20 * time.Second

type loadRun struct {
	LoadOptions
	fail       context.CancelCauseFunc
	webhooks   []Webhook
	at         []time.Duration // when each is due
	first      int             // of the measured window
	repeats    int             // webhooks of the flood
	front      []*pool         // the authorizer's and then the processors'
	processors map[string]*pool
	late       *hdrhistogram.Histogram
	sent       sync.WaitGroup // until they are answered

	mu      sync.Mutex // of request
	request *hdrhistogram.Histogram
}

// Load sends webhooks of all providers to authorizer and processors at their time,
// however long responses take, then what they have queued to the consumer at the same
// rate, and then what that has stored to the publisher. On Lambda all happen at once on
// different machines; here they would slow each other down.
func (w *World) Load(ctx context.Context, r Revision, o LoadOptions, progress io.Writer) (l result.Load, err error) {
	run := &loadRun{LoadOptions: o, processors: map[string]*pool{}, request: newHistogram(), late: newHistogram()}
	ctx, run.fail = context.WithCancelCause(ctx)
	run.draw(w.Source)
	var all []*pool
	defer func() {
		run.fail(nil)
		run.sent.Wait()
		for _, p := range all {
			p.close()
		}
	}()
	add := func(function, want string) *pool {
		p := &pool{world: w, task: r.task(function, want), fail: run.fail, idle: make(chan *runtimeapi.Function, o.Warm+2*int(MaxAge/apart)), latency: newHistogram()}
		all = append(all, p)
		return p
	}
	add(contract.AuthorizerName, allowed)
	for _, provider := range w.Source.Providers() {
		run.processors[provider] = add(provider+"-processor", accepted)
	}
	run.front = all
	consumer, publisher := add(contract.ConsumerName, allTaken), add(contract.PublisherName, allTaken)
	var mu sync.Mutex // of latencies
	latencies := rand.New(rand.NewPCG(seed, 1))
	w.Stub.SetLatency(func(call string) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return o.Latency(call, latencies)
	})
	w.Stub.Reset()
	fmt.Fprintf(progress, "load: %.0f requests a second for %v, %.0f repeats …\n", o.Rate, o.For, o.Flood)
	if err := run.send(ctx); err != nil {
		return l, err
	}
	if err := feed(ctx, run, consumer, contract.BatchSize, w.Stub.Arrived().Messages, batch); err != nil {
		return l, err
	}
	if err := feed(ctx, run, publisher, contract.PublishBatchSize, w.Stub.Arrived().Items, stream); err != nil {
		return l, err
	}
	l = result.Load{
		Rate: o.Rate, Seconds: o.For.Seconds(), BodySize: BodySize, Seed: seed,
		Request: distribution(run.request), Late: distribution(run.late),
	}
	for _, p := range all {
		f, err := p.measured()
		if err != nil {
			return l, err
		}
		l.Functions = append(l.Functions, f)
	}
	return l, run.count(&l, w.Stub.Arrived())
}

// count counts what became of the webhooks, those of the flood apart. Each must be stored
// and published once. An environment may send the flood's delivery to the queue once.
func (r *loadRun) count(l *result.Load, a awsstub.Arrived) error {
	flooded := r.front[len(r.front)-1]
	for _, m := range a.Messages {
		if r.repeats > 0 && strings.Contains(m, `"provider":"`+flooded.task.Function.Provider+`"`) {
			l.Copies++
		}
	}
	once := min(1, l.Copies)
	l.Repeats, l.Requests, l.Accepted = r.repeats, len(r.webhooks)-r.repeats, -r.repeats
	l.Messages, l.Items = len(a.Messages)-l.Copies, len(a.Items)-once
	for _, p := range r.processors {
		l.Accepted += p.total.done
	}
	if l.Accepted != l.Requests || l.Messages != l.Requests || l.Items != l.Requests || a.Published != l.Requests+once ||
		l.Copies > len(flooded.all) || a.Duplicates != l.Copies-once || a.Refusals+a.Objects > 0 {
		return fmt.Errorf("%w: of %d requests %d accepted, %d messages, %d items, %d published; %d repeats sent %d times; %d duplicates, %d refusals, %d objects",
			ErrWrong, l.Requests, l.Accepted, l.Messages, l.Items, a.Published, l.Repeats, l.Copies, a.Duplicates, a.Refusals, a.Objects)
	}
	return nil
}

// draw draws what is sent: at random times, at a rate that grows evenly from nothing
// during the warm-up, and then a webhook for each environment that is warm.
func (r *loadRun) draw(source *Source) {
	random := rand.New(rand.NewPCG(seed, 0))
	rate, w := r.Rate+r.Flood, r.Warmup.Seconds()
	for expected := random.ExpFloat64(); ; expected += random.ExpFloat64() {
		// expected = rate/w · t²/2 within the warm-up, and rate · (t - w/2) after it.
		t := expected/rate + w/2
		if t < w {
			t = math.Sqrt(2 * w * expected / rate)
		}
		at := time.Duration(t * float64(time.Second))
		if at >= r.Warmup+r.For {
			break
		}
		if at < r.Warmup {
			r.first++
		}
		r.at = append(r.at, at)
	}
	senders := len(source.Providers())
	if r.Flooded {
		senders--
	}
	providers := make([]int, len(r.at)+r.Warm)
	for i := range providers {
		if providers[i] = random.IntN(senders); random.Float64()*rate < r.Flood {
			providers[i] = Repeated
			r.repeats++
		}
	}
	r.webhooks = source.Make(BodySize, providers)
}

// send starts environments, one after the other, and then sends each request when it is
// due.
func (r *loadRun) send(ctx context.Context) error {
	for range r.Warm {
		for _, p := range r.front {
			p.launch(ctx)
		}
	}
	for _, w := range r.webhooks[len(r.at):] { // each environment's first call is one of these, or of the warm-up
		r.sent.Go(func() { r.sendOne(ctx, w, time.Now(), false) })
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	begin := time.Now()
	for i, at := range r.at {
		due := begin.Add(at)
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		if i == r.first {
			for _, p := range r.front {
				p.mark()
			}
		}
		if i >= r.first {
			record(r.late, time.Since(due))
		}
		r.sent.Go(func() { r.sendOne(ctx, r.webhooks[i], due, i >= r.first && !r.webhooks[i].Repeated) })
	}
	return r.settle(ctx)
}

// sendOne sends one request: to the authorizer and, when that allows it, to the
// processor.
func (r *loadRun) sendOne(ctx context.Context, w Webhook, due time.Time, measured bool) {
	at, err := r.front[0].invoke(ctx, w.Authorizer, due, measured)
	if err == nil {
		at, err = r.processors[w.Provider].invoke(ctx, w.Processor, at, measured)
	}
	if err != nil {
		r.fail(err)
	} else if measured {
		r.mu.Lock()
		defer r.mu.Unlock()
		record(r.request, at.Sub(due))
	}
}

// settle waits until all that was sent is answered.
func (r *loadRun) settle(ctx context.Context) error {
	late := time.AfterFunc(drain, func() { r.fail(fmt.Errorf("%w: invocations have no response", ErrWrong)) })
	defer late.Stop()
	r.sent.Wait()
	return context.Cause(ctx)
}

// feed hands messages or items to a function in full batches, at equal distances that
// make the rate. The first batches start its environments and are not measured.
func feed[T any](ctx context.Context, r *loadRun, reader *pool, size int, all []T, payload func([]T, time.Time) []byte) error {
	for range r.Warm {
		reader.launch(ctx)
	}
	batches := slices.Collect(slices.Chunk(all, size))
	warm, begin := min(2*r.Warm, len(batches)/2), time.Now()
	for i, part := range batches {
		body := payload(part, time.Now())
		due := begin.Add(time.Duration(float64(i*size) / r.Rate * float64(time.Second)))
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		if i == warm {
			reader.mark()
		}
		r.sent.Go(func() {
			if _, err := reader.invoke(ctx, body, due, i >= warm); err != nil {
				r.fail(err)
			}
		})
	}
	return r.settle(ctx)
}

// pause returns the cause of ctx when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// distribution returns percentiles and a curve up to the percentile that ten latencies
// lie beyond, evenly on an axis of nines.
func distribution(h *hdrhistogram.Histogram) result.Latency {
	at := func(percent float64) float64 { return float64(h.ValueAtQuantile(percent)) / 1000 }
	l := result.Latency{
		Count: h.TotalCount(), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1000,
	}
	last := max(1, math.Log10(float64(l.Count)/10))
	const steps = 40
	for i := range steps + 1 {
		percent := 100 - 100*math.Pow(10, -last*float64(i)/steps)
		l.Curve = append(l.Curve, result.Point{Percent: percent, Time: at(percent)})
	}
	return l
}
