package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/process"
	"github.com/paysluice/paysluice/test/measured"
)

// ColdOptions are those of a measurement of cold starts.
type ColdOptions struct {
	Rounds int
	Call   time.Duration // each AWS call
}

// warmCalls are made after the first one; the last of them is a warm call.
const warmCalls = 20

// coldProgram is a program and what it is first called with.
type coldProgram struct {
	program
	// calls are those of a process; none are for a program that is only started.
	calls
}

// coldRun is one process.
type coldRun struct {
	init, answer, first, warm time.Duration
	initCPU, firstCPU         time.Duration
	memory                    int64
	events                    []awsstub.Event
	spawned                   time.Time
}

// ColdStart starts every program in turn, one at a time, as often as there are
// rounds.
func (b *Bench) ColdStart(ctx context.Context, o ColdOptions) (measured.ColdStart, error) {
	result := measured.ColdStart{Machine: b.Machine, Rounds: o.Rounds, Call: ms(o.Call)}
	programs, err := b.coldPrograms(ctx)
	if err != nil {
		return result, err
	}
	defer lean()()
	runs := make([][]coldRun, len(programs))
	for round := range o.Rounds {
		fmt.Fprintf(b.progress, "cold starts, round %d of %d …\n", round+1, o.Rounds)
		for i := range programs {
			i := (i + round) % len(programs) // so that none always follows the same one
			run, err := b.coldStart(ctx, programs[i], o.Call)
			if err != nil {
				return result, err
			}
			runs[i] = append(runs[i], run)
		}
	}
	for i, p := range programs {
		c := coldResult(p, runs[i])
		if c.PackageInit, c.Packages, err = b.packageInit(ctx, p, min(o.Rounds, 5)); err != nil {
			return result, err
		}
		result.Programs = append(result.Programs, c)
	}
	return result, nil
}

func coldResult(p coldProgram, runs []coldRun) measured.ColdProgram {
	figure := func(f func(coldRun) time.Duration) float64 {
		return median(runs, func(r coldRun) float64 { return ms(f(r)) })
	}
	return measured.ColdProgram{
		Name:       p.name,
		Init:       figure(func(r coldRun) time.Duration { return r.init }),
		Answer:     figure(func(r coldRun) time.Duration { return r.answer }),
		FirstCall:  figure(func(r coldRun) time.Duration { return r.first }),
		WarmCall:   figure(func(r coldRun) time.Duration { return r.warm }),
		InitCPU:    figure(func(r coldRun) time.Duration { return r.initCPU }),
		FirstCPU:   figure(func(r coldRun) time.Duration { return r.firstCPU }),
		Memory:     int64(median(runs, func(r coldRun) float64 { return float64(r.memory) })),
		BinarySize: p.binary.Size,
		ZipSize:    p.binary.ZipSize,
		Steps:      steps(runs),
	}
}

// coldStart starts one process, whose first invocation comes at the end of its
// init, as on Lambda.
func (b *Bench) coldStart(ctx context.Context, p coldProgram, call time.Duration) (coldRun, error) {
	defer b.killAll()
	b.stub.Reset(nil)
	b.stub.SetLatencies(latency.Fixed(b.Figures, call))
	var mu sync.Mutex
	var r coldRun
	b.stub.SetTrace(func(e awsstub.Event) {
		mu.Lock()
		defer mu.Unlock()
		r.events = append(r.events, e)
	})
	defer b.stub.SetTrace(func(awsstub.Event) {})
	c, err := b.caller(ctx, p.program)
	if err != nil {
		return r, err
	}
	pid := c.environment.PID()
	r.spawned, r.init = c.environment.Spawned, c.environment.Init()
	if r.initCPU, err = process.CPU(pid); err != nil {
		return r, err
	}
	for i, payload := range p.payloads {
		took, err := c.call(ctx, payload, p.answer)
		if err != nil {
			return r, err
		}
		r.warm = took
		if i > 0 {
			continue
		}
		r.answer, r.first = c.answered.Sub(r.spawned), took
		b.stub.SetTrace(func(awsstub.Event) {}) // the first call is over
		used, err := process.CPU(pid)
		if err != nil {
			return r, err
		}
		r.firstCPU = used - r.initCPU
	}
	r.memory, err = process.PeakMemory(pid)
	mu.Lock()
	defer mu.Unlock()
	return r, err
}
