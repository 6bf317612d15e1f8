package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// Limits of a pool.
const (
	// maxEnvironments is an account's default concurrency (Lambda Developer Guide,
	// "Understanding Lambda function scaling").
	maxEnvironments = 1000
	// apart is the least time between two cold starts of a function under load. On Lambda
	// each has a machine to start on; here all share one, and a start takes as much of it
	// as twenty invocations.
	apart = 250 * time.Millisecond
)

// pool scales the environments of one function as Lambda does: an invocation takes an
// idle environment, or else starts one (Lambda Developer Guide, "Understanding Lambda
// function scaling").
type pool struct {
	world *World
	task  Task
	fail  context.CancelCauseFunc // ends the run
	// background are cold starts, and environments that have answered and do not yet ask
	// for an invocation.
	background sync.WaitGroup

	mu      sync.Mutex
	all     []*runtimeapi.Function
	idle    []*runtimeapi.Function      // the last was used most recently
	waiting []chan *runtimeapi.Function // invocations, until an environment is idle
	started time.Time                   // the last cold start
	latency *hdrhistogram.Histogram     // µs
	total   totals
	begin   totals // of the measured window
}

// totals are counted over all environments.
type totals struct {
	done, coldStarts int
	cpu              time.Duration
	logged, memory   int64 // memory is the largest
}

// newHistogram returns one of microseconds up to a minute with three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Microseconds(), 3)
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d, time.Microsecond), time.Minute).Microseconds()) // it is within its bounds
}

// invoke returns when the response arrived. The latency counts from due, and is recorded
// within the measured window.
func (p *pool) invoke(ctx context.Context, payload []byte, due time.Time, measured bool) (time.Time, error) {
	f, err := p.take(ctx)
	if err != nil {
		return time.Time{}, err
	}
	_, err = p.task.invoke(ctx, f, payload)
	at := time.Now()
	if err != nil {
		return at, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total.done++
	if measured {
		record(p.latency, at.Sub(due))
	}
	p.background.Go(func() {
		if err := f.Ready(ctx); err != nil {
			p.fail(err)
			return
		}
		p.offer(f)
	})
	return at, nil
}

// take returns an idle environment, or waits for the next one.
func (p *pool) take(ctx context.Context) (*runtimeapi.Function, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		defer p.mu.Unlock()
		f := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return f, nil
	}
	turn := make(chan *runtimeapi.Function, 1)
	p.waiting = append(p.waiting, turn)
	if len(p.all)+len(p.waiting) > maxEnvironments {
		p.fail(fmt.Errorf("%w: %s has %d environments and %d invocations wait: this machine cannot keep up", ErrWrong, p.task.Name, len(p.all), len(p.waiting)))
	}
	if time.Since(p.started) >= apart {
		p.started = time.Now()
		p.total.coldStarts++
		p.background.Go(func() { p.launch(ctx) })
	}
	p.mu.Unlock()
	select {
	case f := <-turn:
		return f, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// launch starts an environment.
func (p *pool) launch(ctx context.Context) {
	f, err := p.world.start(ctx, p.task)
	if err != nil {
		p.fail(err)
		return
	}
	p.mu.Lock()
	p.all = append(p.all, f)
	p.mu.Unlock()
	p.offer(f)
}

// offer gives an idle environment to the invocation that has waited longest.
func (p *pool) offer(f *runtimeapi.Function) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.idle = append(p.idle, f)
		return
	}
	p.waiting[0] <- f
	p.waiting = p.waiting[1:]
}

// count adds up what all environments have used; mu is held.
func (p *pool) count() error {
	var errs []error
	p.total.cpu, p.total.logged = 0, 0
	for _, f := range p.all {
		cpu, err1 := cpuTime(f.PID())
		memory, err2 := peakMemory(f.PID())
		errs = append(errs, err1, err2)
		p.total.cpu += cpu
		p.total.memory = max(p.total.memory, memory)
		p.total.logged += int64(len(f.Logs()))
	}
	return errors.Join(errs...)
}

// mark begins the measured window.
func (p *pool) mark() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.count()
	p.begin = p.total
	return err
}

// measured returns what the window took. No function may have logged an error.
func (p *pool) measured() (result.Function, error) {
	p.background.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.count(); err != nil {
		return result.Function{}, err
	}
	for _, f := range p.all {
		if _, rest, found := strings.Cut(f.Logs(), `"level":"ERROR"`); found {
			return result.Function{}, fmt.Errorf("%w: %s logged an error: …%.300s", ErrWrong, p.task.Name, rest)
		}
	}
	done := p.total.done - p.begin.done
	n := float64(max(1, done))
	return result.Function{
		Name: p.task.Name, Invocations: int64(done), Latency: distribution(p.latency),
		CPU: ms(p.total.cpu-p.begin.cpu) / n, LogBytes: float64(p.total.logged-p.begin.logged) / n,
		Memory: p.total.memory, Environments: len(p.all), ColdStarts: p.total.coldStarts - p.begin.coldStarts,
	}, nil
}

// close ends the environments. The run must have ended.
func (p *pool) close() {
	p.background.Wait()
	for _, f := range p.all {
		_ = f.Stop() // which kills it otherwise
	}
}
