package runtimeapi

import (
	"context"
	"errors"
	"time"
)

// Function is an environment whose invocations are waited for.
type Function struct {
	environment *Environment
	// idle holds an element while the process waits for an invocation.
	idle chan struct{}
}

// Start runs binary with env as its whole environment and returns when the process
// asks for its first invocation. If the process ends before that, the error is
// ErrExited. ctx bounds the start only.
func Start(ctx context.Context, binary string, env []string) (*Function, error) {
	f := &Function{idle: make(chan struct{}, 1)}
	environment, err := Launch(Options{
		Binary: binary,
		Env:    env,
		Idle:   func(*Environment) { f.idle <- struct{}{} },
	})
	if err != nil {
		return nil, err
	}
	f.environment = environment
	select {
	case <-f.idle:
		f.idle <- struct{}{}
		return f, nil
	case <-environment.exited:
		return nil, errors.Join(environment.exitError(), f.Stop())
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), f.Stop())
	}
}

// Invoke hands the function one payload and returns its response. When the function
// is busy, Invoke waits. The error is an *Error when the handler fails. The deadline
// of ctx is the invocation's; without one it is 30 seconds from now.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	deadline, _ := ctx.Deadline()
	select {
	case <-f.idle:
	case <-f.environment.exited:
		return nil, f.environment.exitError()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	answered := make(chan Answer, 1) // the receiver may have given up
	if !f.environment.Begin(payload, deadline, func(a Answer) { answered <- a }) {
		return nil, f.environment.exitError()
	}
	select {
	case a := <-answered:
		return a.Body, a.Err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// PID returns the process id.
func (f *Function) PID() int { return f.environment.PID() }

// Stop ends the process as Environment.Stop does. It may be called repeatedly, and
// after the process has ended.
func (f *Function) Stop() error { return f.environment.Stop() }

// Logs returns what the process has written to stdout and stderr so far.
func (f *Function) Logs() string { return f.environment.Logs() }
