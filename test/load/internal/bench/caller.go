package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/fleet"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// caller calls one environment, one invocation after the other.
type caller struct {
	program
	fleet       *fleet.Fleet
	environment *runtimeapi.Environment
	idle        chan struct{}
	answered    time.Time // the last call
}

// caller returns when the environment has asked for its first invocation.
func (b *Bench) caller(ctx context.Context, p program, extra ...string) (*caller, error) {
	f, err := b.fleet(p, extra...)
	if err != nil {
		return nil, err
	}
	c := &caller{program: p, fleet: f, idle: make(chan struct{}, 1)}
	if c.environment, err = f.Start(func(*runtimeapi.Environment) { c.idle <- struct{}{} }); err != nil {
		return nil, err
	}
	select {
	case <-c.idle:
		c.idle <- struct{}{}
		return c, nil
	case <-c.environment.Exited():
		logged, _ := f.Logged()
		return nil, fmt.Errorf("%w: %s does not start: %.300s", ErrWrong, p.name, logged)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// call is how long one invocation takes; its answer has to contain that.
func (c *caller) call(ctx context.Context, payload []byte, answer string) (time.Duration, error) {
	select {
	case <-c.idle:
	case <-c.environment.Exited():
		return 0, fmt.Errorf("%w: %s has ended", ErrWrong, c.name)
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	begin, answered := time.Now(), make(chan error, 1)
	var took time.Duration
	if !c.environment.Begin(payload, begin.Add(c.timeout), func(a runtimeapi.Answer) {
		took, c.answered = a.At.Sub(begin), a.At
		answered <- right(c.name, a, answer)
	}) {
		return 0, fmt.Errorf("%w: %s has ended", ErrWrong, c.name)
	}
	select {
	case err := <-answered:
		return took, err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
