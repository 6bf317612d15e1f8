package bench

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/fleet"
	"github.com/paysluice/paysluice/test/load/internal/process"
	"github.com/paysluice/paysluice/test/load/internal/record"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// loop is a closed loop: each environment is given the next payload as soon as
// it asks.
type loop struct {
	program
	calls
	// again is called before the first payload is given once more.
	again   func()
	fleet   *fleet.Fleet
	latency *record.Histogram

	next, done, failed atomic.Int64
	stopped            atomic.Bool
	first              atomic.Pointer[error] // of what failed
}

func (b *Bench) loop(p program, c calls, extra ...string) (*loop, error) {
	f, err := b.fleet(p, extra...)
	if err != nil {
		return nil, err
	}
	return &loop{program: p, calls: c, again: func() {}, fleet: f, latency: record.New()}, nil
}

// start starts one environment and keeps it busy.
func (l *loop) start() error {
	_, err := l.fleet.Start(l.give)
	return err
}

func (l *loop) give(e *runtimeapi.Environment) {
	if l.stopped.Load() {
		return
	}
	n := int(l.next.Add(1) - 1)
	if n > 0 && n%len(l.payloads) == 0 {
		l.again()
	}
	begin := time.Now()
	e.Begin(l.payloads[n%len(l.payloads)], begin.Add(l.timeout), func(a runtimeapi.Answer) {
		if err := right(l.name, a, l.answer); err != nil {
			l.failed.Add(1)
			l.first.CompareAndSwap(nil, &err)
		}
		l.latency.Record(a.At.Sub(begin))
		l.done.Add(1)
	})
}

// stop gives no more payloads.
func (l *loop) stop() { l.stopped.Store(true) }

// until waits for that many invocations.
func (l *loop) until(ctx context.Context, n int64) error {
	for deadline := time.Now().Add(time.Minute); l.done.Load() < n; {
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: %s has answered %d of %d", ErrNotDone, l.name, l.done.Load(), n)
		}
		if err := firstError(l.failure(), pause(ctx, time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) failure() error {
	if err := l.first.Load(); err != nil {
		return fmt.Errorf("%d of %d invocations of %s were not answered as they must be; the first: %w",
			l.failed.Load(), l.done.Load(), l.name, *err)
	}
	return nil
}

// snapshot is what has been done and used at one time.
type snapshot struct {
	at    time.Time
	done  int64
	own   time.Duration // the harness's CPU
	usage fleet.Usage
}

func (l *loop) snapshot() (snapshot, error) {
	own, err := process.CPU(os.Getpid())
	if err != nil {
		return snapshot{}, err
	}
	usage, err := l.fleet.Usage()
	return snapshot{at: time.Now(), done: l.done.Load(), own: own, usage: usage}, err
}
