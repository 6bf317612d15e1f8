// Package runtimeapi runs a Lambda function's bootstrap binary as Lambda does:
// behind the Runtime API, one invocation at a time
// (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). Function is for
// tests, Environment for measurements: it costs little beside the function.
package runtimeapi

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// Errors of Function, by class. Those that concern the process show what it
// logged.
var (
	// ErrExited: the process ended by itself.
	ErrExited = errors.New("the function's process ended")
	// ErrKilled: the process did not end when it was asked to.
	ErrKilled = errors.New("the function's process had to be killed")
)

// Error is what a function answers when its handler fails.
type Error struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Function is one running environment of a function.
type Function struct {
	environment *Environment
	// idle holds something while the process waits for an invocation.
	idle chan struct{}
}

// Start runs binary with no other environment than env and the address of the
// Runtime API, and returns when it asks for its first invocation. A process
// that ends before that is ErrExited. ctx bounds the start only.
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
		return nil, errors.Join(environment.hasExited(), f.Stop())
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), f.Stop())
	}
}

// Invoke hands the function one payload and returns its response. When it is
// busy, Invoke waits for its turn. A handler's failure is an *Error. ctx's
// deadline is the invocation's; without one it is 30 seconds from now.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	deadline, _ := ctx.Deadline()
	select {
	case <-f.idle:
	case <-f.environment.exited:
		return nil, f.environment.hasExited()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	answered := make(chan Answer, 1) // its receiver may have given up
	if !f.environment.Begin(payload, deadline, func(a Answer) {
		a.Body = bytes.Clone(a.Body)
		answered <- a
	}) {
		return nil, f.environment.hasExited()
	}
	select {
	case a := <-answered:
		return a.Body, a.Err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Stop ends the process, see Environment.Stop. It may be called again, and when
// the process has ended already.
func (f *Function) Stop() error { return f.environment.Stop() }

// Logs is what the process has written to stdout and stderr so far.
func (f *Function) Logs() string { return f.environment.Logs() }
