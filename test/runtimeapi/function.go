// Package runtimeapi runs a Lambda function's bootstrap binary as Lambda does:
// behind the Runtime API, one invocation at a time
// (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
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
	name   string
	api    *api
	server *http.Server
	cmd    *exec.Cmd
	logs   logs
	// exited is closed when the process has ended.
	exited chan struct{}
}

// Start runs binary with no other environment than env and the address of the
// Runtime API, and returns when it asks for its first invocation. A process
// that ends before that is ErrExited. ctx bounds the start only.
func Start(ctx context.Context, binary string, env []string) (*Function, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Function{
		name:   binary,
		api:    newAPI(),
		cmd:    exec.Command(binary),
		exited: make(chan struct{}),
	}
	f.server = &http.Server{Handler: f.api.handler()}
	f.cmd.Env = slices.Concat(env, []string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()})
	f.cmd.Stdout, f.cmd.Stderr = &f.logs, &f.logs
	if err := f.cmd.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go f.server.Serve(listener) // ends with ErrServerClosed in Stop
	go func() {
		f.cmd.Wait() // its verdict stays in cmd.ProcessState
		close(f.exited)
	}()
	select {
	case <-f.api.ready:
		return f, nil
	case <-f.exited:
		return nil, errors.Join(f.hasExited(), f.server.Close())
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
	call := &invocation{payload: payload, deadline: deadline, done: make(chan outcome, 1)}
	select {
	case f.api.invocations <- call:
	case <-f.exited:
		return nil, f.hasExited()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case o := <-call.done:
		return o.response, o.err
	case <-f.exited:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case o := <-call.done: // a panic is answered before the process ends
		return o.response, o.err
	default:
		return nil, f.hasExited()
	}
}

// Stop ends the process by failing its request for the next invocation. The Go
// runtime client then calls os.Exit, which lets a binary built with -cover
// write its counters; a signal would not. After five seconds it is killed.
// Stop may be called again, and when the process has ended already.
func (f *Function) Stop() error {
	f.api.stop()
	var err error
	select {
	case <-f.exited:
	case <-time.After(5 * time.Second):
		err = errors.Join(ErrKilled, f.cmd.Process.Kill())
		<-f.exited
	}
	return errors.Join(err, f.server.Close())
}

// Logs is what the process has written to stdout and stderr so far.
func (f *Function) Logs() string { return f.logs.String() }

func (f *Function) hasExited() error {
	return fmt.Errorf("%w: %s: %s\n%s", ErrExited, f.name, f.cmd.ProcessState, f.Logs())
}
