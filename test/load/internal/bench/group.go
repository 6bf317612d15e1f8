package bench

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/fleet"
	"github.com/paysluice/paysluice/test/load/internal/pool"
	"github.com/paysluice/paysluice/test/load/internal/record"
	"github.com/paysluice/paysluice/test/measured"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// group is one function under load: its environments and what is known of its
// invocations.
type group struct {
	program
	fleet *fleet.Fleet
	pool  *pool.Pool
	// latency is of the measured window.
	latency *record.Histogram
	// done counts all invocations that have ended, failed those among them that
	// were not answered as they must be.
	done, failed atomic.Int64
	first        atomic.Pointer[error] // of what failed
	// onFailure is called with each failure.
	onFailure func(error)
	// before is what had been used when the window began, after beforeDone
	// invocations.
	before     fleet.Usage
	beforeDone int64
}

func (b *Bench) group(p program, concurrency int) (*group, error) {
	f, err := b.fleet(p)
	if err != nil {
		return nil, err
	}
	return &group{
		program:   p,
		fleet:     f,
		pool:      pool.New(f.Launch, pool.Limits{Timeout: p.timeout, Concurrency: concurrency, Apart: apart}, time.Now),
		latency:   record.New(),
		onFailure: func(error) {},
	}, nil
}

// invoke invokes the function with a payload that was due at that time. answers
// holds what the answer must contain; then is called with the answer's time if
// it does.
func (g *group) invoke(payload []byte, due time.Time, inWindow bool, answers []string, then func(at time.Time)) {
	g.invokeBy(g.pool.Invoke, payload, due, inWindow, answers, then)
}

// warm is invoke by an environment that is started for it.
func (g *group) warm(payload []byte, answers []string, then func(at time.Time)) {
	g.invokeBy(g.pool.Warm, payload, time.Now(), false, answers, then)
}

// invokeNow is invoke outside of the measured window.
func (g *group) invokeNow(payload []byte, answers []string, then func(at time.Time)) {
	g.invoke(payload, time.Now(), false, answers, then)
}

func (g *group) invokeBy(by func([]byte, func(runtimeapi.Answer)), payload []byte, due time.Time, inWindow bool, answers []string, then func(at time.Time)) {
	by(payload, func(a runtimeapi.Answer) {
		err := right(g.name, a, answers...)
		if err != nil {
			g.failed.Add(1)
			g.first.CompareAndSwap(nil, &err)
			g.onFailure(err)
		} else if inWindow {
			g.latency.Record(a.At.Sub(due))
		}
		// What follows is begun before this is counted, so that nothing is under
		// way when all counts agree.
		if err == nil && then != nil {
			then(a.At)
		}
		g.done.Add(1)
	})
}

// mark begins the measured window.
func (g *group) mark() (err error) {
	g.pool.Mark()
	g.beforeDone = g.done.Load()
	g.before, err = g.fleet.Usage()
	return err
}

// result is of the window, which ends now.
func (g *group) result() (measured.Function, error) {
	after, err := g.fleet.Usage()
	if err != nil {
		return measured.Function{}, err
	}
	stats, invocations := g.pool.Stats(), g.done.Load()-g.beforeDone
	f := measured.Function{
		Name:         g.name,
		MemorySize:   g.memory,
		Invocations:  invocations,
		Latency:      g.latency.Latency(true),
		PeakMemory:   after.PeakMemory,
		Init:         record.Of(after.Inits).Latency(false),
		Environments: stats.Environments,
		ColdStarts:   stats.ColdStarts,
		Busiest:      stats.Busiest,
	}
	if invocations > 0 {
		f.CPU = ms(after.CPU-g.before.CPU) / float64(invocations)
		f.LogBytes = float64(after.LogBytes-g.before.LogBytes) / float64(invocations)
	}
	return f, nil
}

// failure says what went wrong, if anything did.
func (g *group) failure() error {
	if err := g.first.Load(); err != nil {
		if errors.Is(*err, pool.ErrThrottled) {
			return fmt.Errorf("%w: this machine cannot keep up, functions, load and AWS share it; try a lower -rate, or a machine that nobody else uses", *err)
		}
		return fmt.Errorf("%d of %d invocations of %s were not answered as they must be; the first: %w",
			g.failed.Load(), g.done.Load(), g.name, *err)
	}
	lines, err := g.fleet.ErrorLines()
	if err != nil {
		return err
	}
	if len(lines) > 0 {
		return fmt.Errorf("%w: %s logged %d errors, such as %.300s", ErrWrong, g.name, len(lines), lines[0])
	}
	return nil
}

// right is nil for an answer that contains all of parts.
func right(name string, a runtimeapi.Answer, parts ...string) error {
	if a.Err != nil {
		return fmt.Errorf("%w: %s: %w", ErrWrong, name, a.Err)
	}
	for _, part := range parts {
		if !bytes.Contains(a.Body, []byte(part)) {
			return fmt.Errorf("%w: %s answered %.300s", ErrWrong, name, a.Body)
		}
	}
	return nil
}
