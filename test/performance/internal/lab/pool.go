package lab

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// apart is the least time between two cold starts of a function under load. On Lambda
// each has a machine to start on; here all share one, and a start takes as much of it as
// twenty invocations.
const apart = 250 * time.Millisecond

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

	idle chan *runtimeapi.Function // has room for all that a run can start

	mu      sync.Mutex
	all     []*runtimeapi.Function
	started time.Time               // the last cold start
	latency *hdrhistogram.Histogram // µs
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
		p.idle <- f
	})
	return at, nil
}

// take returns an idle environment, or starts one and waits for the next that is idle.
func (p *pool) take(ctx context.Context) (*runtimeapi.Function, error) {
	select {
	case f := <-p.idle:
		return f, nil
	default:
		p.grow(ctx)
	}
	select {
	case f := <-p.idle:
		return f, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// grow starts an environment, unless one was started a moment ago.
func (p *pool) grow(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.started) < apart {
		return
	}
	p.started = time.Now()
	p.total.coldStarts++
	p.background.Go(func() { p.launch(ctx) })
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
	p.idle <- f
}

// count adds up what all environments have used; mu is held.
func (p *pool) count() {
	p.total.cpu, p.total.logged = 0, 0
	for _, f := range p.all {
		p.total.cpu += cpuTime(f.PID())
		p.total.memory = max(p.total.memory, peakMemory(f.PID()))
		p.total.logged += int64(len(f.Logs()))
	}
}

// mark begins the measured window.
func (p *pool) mark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count()
	p.begin = p.total
}

// measured returns what the window took. No function may have logged an error.
func (p *pool) measured() (result.Function, error) {
	p.background.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count()
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
