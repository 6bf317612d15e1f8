package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/performance/internal/stack"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// ErrWrong is returned when a function does not answer as it must: then what was
// measured means nothing.
var ErrWrong = errors.New("a function went wrong")

// What a good response contains.
const (
	allowed  = `"Effect":"Allow"`
	accepted = `"statusCode":200`
	allTaken = `"batchItemFailures":[]`
)

// Task is a program with what it is invoked with.
type Task struct {
	Name     string
	Binary   Binary
	Function stack.Function
	// Payloads are invocations; Want is a part of each good response.
	Payloads [][]byte
	Want     string
}

// process is one environment that is invoked again and again.
type process struct {
	*runtimeapi.Environment
	task   Task
	idle   chan struct{}
	output *os.File
}

// start starts a process and returns when it has asked for an invocation.
func (w *World) start(ctx context.Context, t Task) (*process, error) {
	output, err := os.CreateTemp(w.dir, "log-")
	if err != nil {
		return nil, err
	}
	p := &process{task: t, idle: make(chan struct{}, 1), output: output}
	err = atLowerPriority(func() (err error) {
		p.Environment, err = runtimeapi.Launch(runtimeapi.Options{
			Binary: t.Binary.Path, Env: w.environment(t.Function), Output: output,
			Idle: func(*runtimeapi.Environment) { p.idle <- struct{}{} },
		})
		return err
	})
	if err != nil {
		return nil, errors.Join(err, output.Close())
	}
	select {
	case <-p.idle:
		p.idle <- struct{}{}
		return p, nil
	case <-p.Exited():
		return nil, errors.Join(p.wrong("it did not start"), p.close())
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), p.close())
	}
}

// wrong returns an error with what the process wrote.
func (p *process) wrong(what string) error {
	text, _ := os.ReadFile(p.output.Name())
	return fmt.Errorf("%w: %s: %s; it wrote %.500s", ErrWrong, p.task.Name, what, text)
}

func (p *process) close() error {
	p.Kill()
	return errors.Join(p.output.Close(), os.Remove(p.output.Name()))
}

// logged returns how much the process has written, in bytes.
func (p *process) logged() (int64, error) {
	info, err := p.output.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// invoke returns the response and how long it took.
func (p *process) invoke(ctx context.Context, payload []byte) ([]byte, time.Duration, error) {
	select {
	case <-p.idle:
	case <-p.Exited():
		return nil, 0, p.wrong("it has ended")
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
	begin, answered := time.Now(), make(chan runtimeapi.Answer, 1)
	deadline := begin.Add(time.Duration(p.task.Function.TimeoutSec * float64(time.Second)))
	if !p.Begin(payload, deadline, func(a runtimeapi.Answer) { answered <- a }) {
		return nil, 0, p.wrong("it has ended")
	}
	select {
	case a := <-answered:
		if a.Err != nil || !bytes.Contains(a.Body, []byte(p.task.Want)) {
			return nil, 0, p.wrong(fmt.Sprintf("it answered %.300s (%v)", a.Body, a.Err))
		}
		return a.Body, a.At.Sub(begin), nil
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
}

// ready waits until the process asks for the next invocation, so that the work behind a
// response is counted too.
func (p *process) ready(ctx context.Context) error {
	select {
	case <-p.idle:
		p.idle <- struct{}{}
		return nil
	case <-p.Exited():
		return p.wrong("it has ended")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Probe starts one process, invokes it with each payload in turn and returns what the
// process took: init, first call, and the mean of the other calls. The stub answers
// after call.
func (w *World) Probe(ctx context.Context, t Task, call time.Duration) (sample result.Program, err error) {
	w.Stub.SetLatency(func(string) time.Duration { return call })
	p, err := w.start(ctx, t)
	if err != nil {
		return sample, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	sample = result.Program{Name: t.Name, Init: ms(p.Init()), Binary: t.Binary.Size, Zip: t.Binary.Zip}
	marks, calls := []time.Duration{}, []float64{} // CPU time after init, the first call and the last one
	mark := func() error {
		cpu, err := cpuTime(p.PID())
		marks = append(marks, cpu)
		return err
	}
	if err := mark(); err != nil {
		return sample, err
	}
	for i, payload := range t.Payloads {
		_, took, err := p.invoke(ctx, payload)
		if err != nil {
			return sample, err
		}
		if err := p.ready(ctx); err != nil {
			return sample, err
		}
		if i == 0 {
			sample.FirstCall = ms(took)
		} else {
			calls = append(calls, ms(took))
		}
		if i == 0 || i == len(t.Payloads)-1 {
			if err := mark(); err != nil {
				return sample, err
			}
		}
	}
	sample.InitCPU = ms(marks[0])
	if len(t.Payloads) > 0 {
		sample.FirstCPU = ms(marks[1] - marks[0])
	}
	if n := len(t.Payloads) - 1; n > 0 {
		sample.WarmCall, sample.WarmCPU = median(calls), ms(marks[2]-marks[1])/float64(n)
	}
	sample.Memory, err = peakMemory(p.PID())
	return sample, err
}

// medianProgram returns the median of each figure.
func medianProgram(all []result.Program) result.Program {
	m := all[0]
	of := func(figure func(*result.Program) *float64) {
		var values []float64
		for i := range all {
			values = append(values, *figure(&all[i]))
		}
		*figure(&m) = median(values)
	}
	of(func(p *result.Program) *float64 { return &p.Init })
	of(func(p *result.Program) *float64 { return &p.InitCPU })
	of(func(p *result.Program) *float64 { return &p.FirstCall })
	of(func(p *result.Program) *float64 { return &p.FirstCPU })
	of(func(p *result.Program) *float64 { return &p.WarmCall })
	of(func(p *result.Program) *float64 { return &p.WarmCPU })
	memory := []int64{}
	for _, p := range all {
		memory = append(memory, p.Memory)
	}
	slices.Sort(memory)
	m.Memory = memory[len(memory)/2]
	return m
}
