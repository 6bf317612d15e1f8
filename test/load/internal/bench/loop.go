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
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/runtimeapi"
)

// loop is a closed loop: each environment is given the next webhook as soon as
// it asks.
type loop struct {
	program
	fleet    *fleet.Fleet
	webhooks []traffic.Webhook
	latency  *record.Histogram

	next, done, failed atomic.Int64
	stopped            atomic.Bool
	first              atomic.Pointer[error] // of what failed
}

func (b *Bench) loop(p program, webhooks []traffic.Webhook, extra ...string) (*loop, error) {
	f, err := b.fleet(p, extra...)
	if err != nil {
		return nil, err
	}
	return &loop{program: p, fleet: f, webhooks: webhooks, latency: record.New()}, nil
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
	w := l.webhooks[int(l.next.Add(1)-1)%len(l.webhooks)]
	begin := time.Now()
	e.Begin(w.Processor, begin.Add(l.timeout), func(a runtimeapi.Answer) {
		if err := right(l.name, a, status); err != nil {
			l.failed.Add(1)
			l.first.CompareAndSwap(nil, &err)
		}
		l.latency.Record(a.At.Sub(begin))
		l.done.Add(1)
	})
}

// stop gives no more webhooks.
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
		return fmt.Errorf("%d of %d invocations of %s were not answered with 200; the first: %w",
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
