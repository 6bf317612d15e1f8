// Package runtimeapi runs a Lambda function's bootstrap as Lambda does: one process
// behind a Runtime API of its own, which hands it one invocation at a time (Lambda
// Developer Guide, "Using the Lambda runtime API for custom runtimes").
//
// Tests use a Function, which waits for each response. Measurements use an
// Environment, which calls back.
package runtimeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
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

// Options describe an environment.
type Options struct {
	// Binary is the path of the bootstrap.
	Binary string
	// Env is the whole environment of the process, except for the address of the
	// Runtime API.
	Env []string
	// Output receives what the process writes. If it is nil, Logs returns it.
	Output *os.File
	// Idle is called each time the process asks for an invocation. It may call
	// Begin.
	Idle func(*Environment)
}

// Environment is one running process.
type Environment struct {
	// Spawned is the time at which the process was started.
	Spawned time.Time

	options Options
	server  *http.Server
	cmd     *exec.Cmd
	logs    logs
	exited  chan struct{}
	stopped chan struct{} // closed by Stop

	mu      sync.Mutex
	waiting bool             // the process waits for an invocation
	next    chan *invocation // holds at most the one that Begin was given
	running *invocation
	lastID  int
	ready   time.Time
	stop    sync.Once
}

// Answer is the end of an invocation.
type Answer struct {
	// Body is the function's response.
	Body []byte
	// At is the time at which all of it had arrived.
	At time.Time
	// Err is an *Error that the handler returned, or ErrExited.
	Err error
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	done     func(Answer)
}

// Launch starts a process. The first call of Idle is the end of its init.
func Launch(o Options) (*Environment, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &Environment{
		options: o, cmd: exec.Command(o.Binary),
		exited: make(chan struct{}), stopped: make(chan struct{}), next: make(chan *invocation, 1),
	}
	e.cmd.Env = slices.Concat(o.Env, []string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String()})
	if o.Output != nil {
		e.cmd.Stdout, e.cmd.Stderr = o.Output, o.Output
	} else {
		e.cmd.Stdout, e.cmd.Stderr = &e.logs, &e.logs
	}
	// Ctrl-C in a terminal is for this program. The process does not outlive it:
	// without a Runtime API it ends.
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	mux := http.NewServeMux()
	const path = "/2018-06-01/runtime/"
	mux.HandleFunc("GET "+path+"invocation/next", e.serveNext)
	mux.HandleFunc("POST "+path+"invocation/{id}/response", e.serveResponse)
	mux.HandleFunc("POST "+path+"invocation/{id}/error", e.serveResponse)
	mux.HandleFunc("POST "+path+"init/error", func(w http.ResponseWriter, _ *http.Request) { accept(w) })
	e.server = &http.Server{Handler: mux}
	e.Spawned = time.Now()
	if err := e.cmd.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { _ = e.server.Serve(listener) }()
	go e.wait()
	return e, nil
}

// Begin hands an idle environment an invocation. done is called once, on another
// goroutine. Begin reports whether the environment was idle; if not, done is not
// called.
func (e *Environment) Begin(payload []byte, deadline time.Time, done func(Answer)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.waiting {
		return false
	}
	e.waiting = false
	e.lastID++
	e.running = &invocation{fmt.Sprintf("00000000-0000-4000-8000-%012d", e.lastID), payload, deadline, done}
	e.next <- e.running
	return true
}

func (e *Environment) serveNext(w http.ResponseWriter, r *http.Request) {
	if !e.wantsInvocation() {
		w.WriteHeader(http.StatusGone)
		return
	}
	e.options.Idle(e)
	select {
	case i := <-e.next:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(i.payload)))
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:local")
		_, _ = w.Write(i.payload) // if the process has ended, wait tells done
	case <-e.stopped:
		w.WriteHeader(http.StatusGone)
	case <-r.Context().Done():
	}
}

// wantsInvocation notes that the process waits for an invocation. It returns false
// when the process is to end.
func (e *Environment) wantsInvocation() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ready.IsZero() {
		e.ready = time.Now()
	}
	select {
	case <-e.stopped:
		return false
	case <-e.exited:
		return false
	default:
		e.waiting = true
		return true
	}
}

func (e *Environment) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	answer := Answer{Body: body, At: time.Now()}
	e.mu.Lock()
	i := e.running
	known := err == nil && i != nil && i.id == r.PathValue("id")
	if known {
		e.running = nil
	}
	e.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	accept(w)
	if strings.HasSuffix(r.URL.Path, "/error") {
		failure := &Error{}
		if err := json.Unmarshal(body, failure); err != nil {
			failure = &Error{Type: "not JSON", Message: string(body)}
		}
		answer.Err = failure
	}
	i.done(answer)
}

// accept sends 202 before the handler goes on.
func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	_ = http.NewResponseController(w).Flush()
}

// PID returns the process id.
func (e *Environment) PID() int { return e.cmd.Process.Pid }

// Init returns the time from the start of the process until it asked for its first
// invocation, and 0 before that.
func (e *Environment) Init() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ready.IsZero() {
		return 0
	}
	return e.ready.Sub(e.Spawned)
}

// Exited returns a channel that is closed when the process has ended.
func (e *Environment) Exited() <-chan struct{} { return e.exited }

// Logs returns what the process has written so far, unless it has an Output.
func (e *Environment) Logs() string { return e.logs.String() }

// Kill ends the process at once and returns when it has ended.
func (e *Environment) Kill() {
	_ = e.cmd.Process.Kill() // fails when it has ended already
	<-e.exited
	_ = e.server.Close()
}

// Stop ends the process by failing its request for the next invocation. The Go
// runtime client then calls os.Exit, so that a binary built with -cover writes its
// counters; a signal would prevent that. After five seconds Stop kills the process
// and returns ErrKilled.
func (e *Environment) Stop() error {
	e.stop.Do(func() { close(e.stopped) })
	select {
	case <-e.exited:
		_ = e.server.Close()
		return nil
	case <-time.After(5 * time.Second):
		e.Kill()
		return ErrKilled
	}
}

func (e *Environment) wait() {
	_ = e.cmd.Wait() // the result stays in cmd.ProcessState
	e.mu.Lock()
	close(e.exited)
	i := e.running
	e.running, e.waiting = nil, false
	e.mu.Unlock()
	if i != nil {
		i.done(Answer{At: time.Now(), Err: e.exitError()})
	}
}

func (e *Environment) exitError() error {
	return fmt.Errorf("%w: %s: %s\n%s", ErrExited, e.options.Binary, e.cmd.ProcessState, e.Logs())
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

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
