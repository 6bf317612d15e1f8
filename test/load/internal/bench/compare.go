package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/record"
	"github.com/paysluice/paysluice/test/measured"
)

// CompareOptions are those of a comparison.
type CompareOptions struct {
	Environments int           // of a program flat out
	Rounds       int           // of all programs in turn
	Flat         time.Duration // each round flat out
	Steady       time.Duration // each round at Rate
	Rate         float64       // requests a second
	Call         time.Duration // each AWS call at that rate
	BodySize     int
}

// warmup is left out of what is measured of every program.
const warmup = 500 * time.Millisecond

// manyWebhooks are sent again and again flat out, so that all signatures are
// different ones to verify but are made in seconds.
const manyWebhooks = 3000

// Compare measures hello, naive and the processors in turn, so that whatever
// else the machine does meets all of them.
func (b *Bench) Compare(ctx context.Context, o CompareOptions) (measured.Comparison, error) {
	c := measured.Comparison{
		Machine: b.Machine, Environments: o.Environments, Rounds: o.Rounds, Seconds: o.Flat.Seconds(),
		Rate: o.Rate, Call: ms(o.Call),
	}
	programs, err := b.requestPrograms()
	if err != nil {
		return c, err
	}
	flat, steady := make([][]measured.FlatOut, len(programs)), make([][]measured.Steady, len(programs))
	for round := range o.Rounds {
		for i := range programs {
			i := (i + round) % len(programs) // so that none always follows the same one
			p := programs[i]
			fmt.Fprintf(b.progress, "round %d of %d: %s flat out, then at %.0f a second …\n", round+1, o.Rounds, p.name, o.Rate)
			f, err := b.flatOut(ctx, p, o)
			if err != nil {
				return c, err
			}
			s, err := b.steady(ctx, p, o)
			if err != nil {
				return c, err
			}
			flat[i], steady[i] = append(flat[i], f), append(steady[i], s)
		}
	}
	for i, p := range programs {
		c.Programs = append(c.Programs, measured.Program{
			Name:    p.name,
			FlatOut: medianFlatOut(flat[i]),
			Steady:  medianSteady(steady[i]),
		})
	}
	return c, nil
}

// flatOut keeps every environment busy, with an AWS that answers at once.
func (b *Bench) flatOut(ctx context.Context, p program, o CompareOptions) (measured.FlatOut, error) {
	defer b.killAll()
	b.stub.Reset(nil)
	b.stub.SetLatencies(latency.Calls{})
	webhooks, err := b.webhooks(ctx, p, manyWebhooks, o.BodySize)
	if err != nil {
		return measured.FlatOut{}, err
	}
	defer lean()()
	l, err := b.loop(p, processed(webhooks))
	if err != nil {
		return measured.FlatOut{}, err
	}
	for range o.Environments {
		if err := l.start(); err != nil {
			return measured.FlatOut{}, err
		}
	}
	if err := pause(ctx, warmup); err != nil {
		return measured.FlatOut{}, err
	}
	secured := b.countHandshakes()
	defer b.stub.SetTrace(func(awsstub.Event) {})
	before, err := l.snapshot()
	if err != nil {
		return measured.FlatOut{}, err
	}
	l.latency.Reset()
	if err := pause(ctx, o.Flat); err != nil {
		return measured.FlatOut{}, err
	}
	after, err := l.snapshot()
	if err != nil {
		return measured.FlatOut{}, err
	}
	l.stop()
	n := float64(after.done - before.done)
	return measured.FlatOut{
		PerSecond:   n / after.at.Sub(before.at).Seconds(),
		P99:         l.latency.Latency(false).P99,
		CPU:         ms(after.usage.CPU-before.usage.CPU) / n,
		HarnessCPU:  ms(after.own-before.own) / n,
		PeakMemory:  after.usage.PeakMemory,
		Connections: 1000 * float64(secured.Load()) / n,
	}, l.failure()
}

// steady sends an open loop of requests, each AWS call taking the same time.
func (b *Bench) steady(ctx context.Context, p program, o CompareOptions) (measured.Steady, error) {
	defer b.killAll()
	b.stub.Reset(nil)
	b.stub.SetLatencies(latency.Fixed(b.Figures, o.Call))
	s := newSchedule(o.Rate, 4*warmup, o.Steady, Even, 0)
	webhooks, err := b.webhooks(ctx, p, len(s.at), o.BodySize)
	if err != nil {
		return measured.Steady{}, err
	}
	defer lean()()
	g, err := b.group(p, AccountConcurrency)
	if err != nil {
		return measured.Steady{}, err
	}
	var markErr error
	if err := s.run(ctx, record.New(), func() { markErr = g.mark() }, func(i int, due time.Time) {
		g.invoke(webhooks[i].Processor, due, i >= s.first, []string{status}, nil)
	}); err != nil {
		return measured.Steady{}, err
	}
	for deadline := time.Now().Add(drainTime); int(g.done.Load()) < len(webhooks); {
		if time.Now().After(deadline) {
			return measured.Steady{}, fmt.Errorf("%w: %s has answered %d of %d", ErrNotDone, p.name, g.done.Load(), len(webhooks))
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return measured.Steady{}, err
		}
	}
	if err := firstError(markErr, g.failure()); err != nil {
		return measured.Steady{}, err
	}
	f, err := g.result()
	return measured.Steady{P50: f.Latency.P50, P99: f.Latency.P99, CPU: f.CPU}, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// median of one figure of several; the lower one of the two in the middle.
func median[T any](all []T, figure func(T) float64) float64 {
	figures := make([]float64, len(all))
	for i, one := range all {
		figures[i] = figure(one)
	}
	slices.Sort(figures)
	if len(figures) == 0 {
		return 0
	}
	return figures[(len(figures)-1)/2]
}
