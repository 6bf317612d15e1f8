package runtimeapi

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Options say what an environment runs.
type Options struct {
	// Binary is the bootstrap.
	Binary string
	// Env is all of the process's environment but the Runtime API's address.
	Env []string
	// Output takes what the process writes. Nil keeps it for Logs.
	Output *os.File
	// Idle is called each time the process asks for an invocation. It may call
	// Begin.
	Idle func(*Environment)
}

// Environment is one process behind a Runtime API of its own, as Lambda's
// execution environments are: it takes one invocation at a time.
type Environment struct {
	// Spawned is when the process was started.
	Spawned time.Time

	options  Options
	listener net.Listener
	cmd      *exec.Cmd
	logs     logs
	exited   chan struct{}

	mu       sync.Mutex
	waiting  net.Conn // asks for an invocation
	running  *invocation
	lastID   int
	stopping bool
	ready    time.Time
	frame    []byte
}

// Answer is how an invocation ended.
type Answer struct {
	// Body is what the function answered; it is valid until the receiver
	// returns.
	Body []byte
	// At is when all of it had arrived.
	At time.Time
	// Err is an *Error that the handler returned, or ErrExited.
	Err error
}

type invocation struct {
	id   string
	done func(Answer)
}

// Launch starts a process. Its first call of Idle is the end of its init.
func Launch(o Options) (*Environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &Environment{options: o, listener: listener, cmd: exec.Command(o.Binary), exited: make(chan struct{})}
	e.cmd.Env = slices.Concat(o.Env, []string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()})
	if o.Output != nil {
		e.cmd.Stdout, e.cmd.Stderr = o.Output, o.Output
	} else {
		e.cmd.Stdout, e.cmd.Stderr = &e.logs, &e.logs
	}
	// A Ctrl-C in the terminal is for whoever started the process to act on.
	// The process cannot outlive it: without a Runtime API it ends.
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	e.Spawned = time.Now()
	if err := e.cmd.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go e.accept()
	go e.wait()
	return e, nil
}

// Begin hands an idle environment an invocation; done is called once with how
// it ended, on a goroutine that serves the environment. It reports whether the
// environment was idle; done is not called if it was not.
func (e *Environment) Begin(payload []byte, deadline time.Time, done func(Answer)) bool {
	e.mu.Lock()
	conn := e.waiting
	if conn == nil {
		e.mu.Unlock()
		return false
	}
	e.waiting = nil
	e.lastID++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", e.lastID)
	e.running = &invocation{id: id, done: done}
	e.frame = appendInvocation(e.frame[:0], id, deadline, payload)
	frame := e.frame // the next Begin can come only after this one's answer
	e.mu.Unlock()
	// When the process is gone, wait says so to done.
	_, _ = conn.Write(frame)
	return true
}

// PID is the process's.
func (e *Environment) PID() int { return e.cmd.Process.Pid }

// Init is how long the process took until it asked for its first invocation; 0
// if it has not.
func (e *Environment) Init() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ready.IsZero() {
		return 0
	}
	return e.ready.Sub(e.Spawned)
}

// Exited is closed when the process has ended.
func (e *Environment) Exited() <-chan struct{} { return e.exited }

// Logs is what the process has written so far, unless it has an Output.
func (e *Environment) Logs() string { return e.logs.String() }

// Kill ends the process at once and returns when it is gone.
func (e *Environment) Kill() {
	_ = e.cmd.Process.Kill() // fails when it has ended already
	<-e.exited
	_ = e.listener.Close()
}

// Stop ends the process by failing its request for the next invocation. The Go
// runtime client then calls os.Exit, which lets a binary built with -cover
// write its counters; a signal would not. After five seconds it is killed.
func (e *Environment) Stop() error {
	e.mu.Lock()
	e.stopping = true
	conn := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	if conn != nil {
		_, _ = conn.Write([]byte(gone))
	}
	select {
	case <-e.exited:
		_ = e.listener.Close() // fails when it was closed before
		return nil
	case <-time.After(5 * time.Second):
		e.Kill()
		return ErrKilled
	}
}

func (e *Environment) wait() {
	_ = e.cmd.Wait() // its verdict stays in cmd.ProcessState
	close(e.exited)
	e.mu.Lock()
	call := e.running
	e.running, e.waiting = nil, nil
	e.mu.Unlock()
	if call != nil {
		call.done(Answer{At: time.Now(), Err: e.hasExited()})
	}
}

func (e *Environment) hasExited() error {
	return fmt.Errorf("%w: %s: %s\n%s", ErrExited, e.options.Binary, e.cmd.ProcessState, e.Logs())
}
