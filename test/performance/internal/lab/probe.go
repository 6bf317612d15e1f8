package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
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
	// Profile is a file for the profile of the warm calls, or "".
	Profile string
}

// niceness is how far below this program's the functions' priority is (setpriority(2)): on
// a busy machine the load must still come when it is due.
const niceness = 5

// start starts a process and returns when it has asked for an invocation.
func (w *World) start(ctx context.Context, t Task) (*runtimeapi.Function, error) {
	f, err := runtimeapi.Start(ctx, t.Binary.Path, w.environment(t.Function))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrWrong, t.Name, err)
	}
	// Each process has a group of its own. All threads of a group get the priority.
	if err := syscall.Setpriority(syscall.PRIO_PGRP, f.PID(), niceness); err != nil {
		return nil, errors.Join(err, f.Stop())
	}
	return f, nil
}

// invoke returns the response, which must be a good one.
func (t Task) invoke(ctx context.Context, f *runtimeapi.Function, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(t.Function.TimeoutSec*float64(time.Second)))
	defer cancel()
	body, err := f.Invoke(ctx, payload)
	if err != nil || !bytes.Contains(body, []byte(t.Want)) {
		return nil, fmt.Errorf("%w: %s answered %.300s (%v); it wrote %.500s", ErrWrong, t.Name, body, err, f.Logs())
	}
	return body, nil
}

// Probe starts one process, invokes it with each payload in turn and returns what the
// process took: init, first call, and the mean of the other calls. The stub answers
// after call.
func (w *World) Probe(ctx context.Context, t Task, call time.Duration) (sample result.Program, err error) {
	w.Stub.SetLatency(func(string) time.Duration { return call })
	f, err := w.start(ctx, t)
	if err != nil {
		return sample, err
	}
	defer func() { err = errors.Join(err, f.Stop()) }()
	begin := cpuTime(f.PID())
	sample = result.Program{Name: t.Name, Init: ms(f.Init()), InitCPU: ms(begin), Binary: t.Binary.Size, Zip: t.Binary.Zip}
	var calls []float64
	for i, payload := range t.Payloads {
		sent := time.Now()
		if _, err := t.invoke(ctx, f, payload); err != nil {
			return sample, err
		}
		took := ms(time.Since(sent))
		if err := f.Ready(ctx); err != nil { // so that the work after a response is counted too
			return sample, err
		}
		if i > 0 {
			calls = append(calls, took)
			continue
		}
		first := cpuTime(f.PID())
		sample.FirstCall, sample.FirstCPU, begin = took, ms(first-begin), first
		if t.Profile != "" {
			stop, err := profile(ctx, f.PID(), t.Profile)
			if err != nil {
				return sample, err
			}
			defer stop()
		}
	}
	if len(calls) > 0 {
		sample.WarmCall, sample.WarmCPU = median(calls), ms(cpuTime(f.PID())-begin)/float64(len(calls))
	}
	sample.Memory = float64(peakMemory(f.PID()))
	return sample, nil
}

// peakMemory returns the most bytes that a process has had resident: VmHWM of
// /proc/PID/status (proc_pid_status(5)).
func peakMemory(pid int) int64 {
	kB, _ := strconv.ParseInt(strings.TrimSuffix(entry(fmt.Sprintf("%d/status", pid), "VmHWM"), " kB"), 10, 64)
	return kB << 10
}

// summary returns the program with one value for each of its figures.
func summary(all []result.Program, of func([]float64) float64) result.Program {
	figures := func(p *result.Program) []*float64 {
		return []*float64{&p.Init, &p.InitCPU, &p.FirstCall, &p.FirstCPU, &p.WarmCall, &p.WarmCPU, &p.Memory}
	}
	s := all[0]
	for i, figure := range figures(&s) {
		var values []float64
		for j := range all {
			values = append(values, *figures(&all[j])[i])
		}
		*figure = of(values)
	}
	return s
}

// profile records the stacks of a process with perf(1) until stop is called.
func profile(ctx context.Context, pid int, path string) (stop func(), err error) {
	cmd := exec.CommandContext(ctx, "perf", "record", "--quiet", "-g", "-e", "cpu-clock", "-p", strconv.Itoa(pid), "-o", path)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	time.Sleep(time.Second) // until it is attached
	return func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // it says that it was interrupted
	}, nil
}
