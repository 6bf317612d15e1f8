// Package runtimeapi runs a Lambda function's bootstrap as Lambda does: one process
// behind a Runtime API of its own, which hands it one invocation at a time (Lambda
// Developer Guide, "Using the Lambda runtime API for custom runtimes").
package runtimeapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Errors that concern the process. Their text holds what the process logged.
var (
	// ErrExited reports that the process ended by itself.
	ErrExited = errors.New("the function's process ended")
	// ErrKilled reports that the process did not end when it was asked to.
	ErrKilled = errors.New("the function's process had to be killed")
)

// Error is the response of a function whose handler failed.
type Error struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Function is one running process.
type Function struct {
	// Trace is the X-Ray trace header of the invocations, empty for none. It does not change
	// during one.
	Trace string

	cmd     *exec.Cmd
	server  *http.Server
	logs    logs
	idle    chan struct{}    // holds an element while the process waits for an invocation
	next    chan *invocation // holds at most the one that Invoke was given
	exited  chan struct{}
	stopped chan struct{} // closed by Stop
	stop    sync.Once
	spawned time.Time

	mu      sync.Mutex
	running *invocation
	lastID  int
	init    time.Duration
}

// Start runs binary with env as its whole environment, except for the address of the
// Runtime API, and returns when the process asks for its first invocation. If the process
// ends before that, the error is ErrExited. ctx bounds the start only.
func Start(ctx context.Context, binary string, env []string) (*Function, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Function{
		cmd: exec.Command(binary), idle: make(chan struct{}, 1), next: make(chan *invocation, 1),
		exited: make(chan struct{}), stopped: make(chan struct{}),
	}
	f.server = &http.Server{Handler: f.routes()}
	f.cmd.Env = slices.Concat(env, []string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()})
	f.cmd.Stdout, f.cmd.Stderr = &f.logs, &f.logs
	// Ctrl-C in a terminal is for this program. The process does not outlive it:
	// without a Runtime API it ends.
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	f.spawned = time.Now()
	if err := f.cmd.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { _ = f.server.Serve(listener) }()
	go f.wait()
	if err := f.Ready(ctx); err != nil {
		return nil, errors.Join(err, f.Stop())
	}
	return f, nil
}

// Ready returns when the process waits for an invocation.
func (f *Function) Ready(ctx context.Context) error {
	select {
	case <-f.idle:
		f.idle <- struct{}{}
		return nil
	case <-f.exited:
		return f.exitError()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Invoke hands the function one payload and returns its response. When the function
// is busy, Invoke waits. The error is an *Error when the handler fails. The deadline
// of ctx is the invocation's; without one it is 30 seconds from now.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(30 * time.Second)
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case <-f.idle:
	case <-f.exited:
		return nil, f.exitError()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	i := f.begin(payload, deadline)
	select {
	case a := <-i.answered:
		return a.body, a.err
	case <-f.exited:
		select {
		case a := <-i.answered: // a panic is answered before the process ends
			return a.body, a.err
		default:
			return nil, f.exitError()
		}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// PID returns the process id.
func (f *Function) PID() int { return f.cmd.Process.Pid }

// Init returns the time from the start of the process until it asked for its first
// invocation.
func (f *Function) Init() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.init
}

// Stop ends the process by failing its request for the next invocation. The Go
// runtime client then calls os.Exit, so that a binary built with -cover writes its
// counters; a signal would prevent that. After five seconds Stop kills the process
// and returns ErrKilled. It may be called repeatedly, and after the process has ended.
func (f *Function) Stop() error {
	f.stop.Do(func() { close(f.stopped) })
	var err error
	select {
	case <-f.exited:
	case <-time.After(5 * time.Second):
		err = ErrKilled
		_ = f.cmd.Process.Kill() // fails when it has ended already
		<-f.exited
	}
	_ = f.server.Close()
	return err
}

func (f *Function) wait() {
	_ = f.cmd.Wait() // the result stays in cmd.ProcessState
	close(f.exited)
}

func (f *Function) exitError() error {
	return fmt.Errorf("%w: %s: %s\n%s", ErrExited, f.cmd.Path, f.cmd.ProcessState, f.Logs())
}

// Logs returns what the process has written to stdout and stderr so far.
func (f *Function) Logs() string {
	f.logs.mu.Lock()
	defer f.logs.mu.Unlock()
	return f.logs.text.String()
}

// logs collects what a process writes.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}
