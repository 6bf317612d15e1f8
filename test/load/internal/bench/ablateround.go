package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/test/measured"
)

// coldRound starts each program as often as one round has processes, one at a
// time in turn.
func (b *Bench) coldRound(ctx context.Context, programs []ablated, round int, o AblateOptions) error {
	// Made anew in each round: signatures are good for five minutes.
	webhooks, err := b.webhooks(ctx, programs[0].program, 1+warmCalls, o.BodySize)
	if err != nil {
		return err
	}
	defer lean()()
	for n := range o.Processes {
		for i := range programs {
			p := &programs[(i+n+round)%len(programs)]
			run, err := b.coldStart(ctx, coldProgram{program: p.program, calls: processed(webhooks)}, o.Call)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			p.cold = append(p.cold, run)
		}
	}
	return nil
}

// loadRound measures a program flat out and steady.
func (b *Bench) loadRound(ctx context.Context, p *ablated, o CompareOptions) error {
	flat, err := b.flatOut(ctx, p.program, o)
	if err != nil {
		return err
	}
	steady, err := b.steady(ctx, p.program, o)
	if err != nil {
		return err
	}
	p.flat, p.steady = append(p.flat, flat), append(p.steady, steady)
	return nil
}

// row is what was measured of a program, in medians.
func (p ablated) row() measured.Ablated {
	figure := func(of func(coldRun) time.Duration) float64 {
		return median(p.cold, func(r coldRun) float64 { return ms(of(r)) })
	}
	return measured.Ablated{
		Name:       p.Name,
		What:       p.What,
		Init:       figure(func(r coldRun) time.Duration { return r.init }),
		FirstCall:  figure(func(r coldRun) time.Duration { return r.first }),
		Answer:     figure(func(r coldRun) time.Duration { return r.answer }),
		FlatOut:    medianFlatOut(p.flat),
		Steady:     medianSteady(p.steady),
		BinarySize: p.binary.Size,
	}
}
