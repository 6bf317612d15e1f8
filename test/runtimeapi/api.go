package runtimeapi

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// invocation is one event on its way through the function.
type invocation struct {
	payload  []byte
	deadline time.Time
	done     chan outcome // buffered: its receiver may have given up
}

type outcome struct {
	response []byte
	err      error
}

// api is the Runtime API of one environment.
type api struct {
	invocations chan *invocation
	// ready is closed by the first request for an invocation, the end of init.
	ready     chan struct{}
	readyOnce sync.Once
	// stopped makes every request for an invocation fail.
	stopped  chan struct{}
	stopOnce sync.Once

	mu      sync.Mutex
	lastID  int
	running map[string]*invocation
}

func newAPI() *api {
	return &api{
		invocations: make(chan *invocation),
		ready:       make(chan struct{}),
		stopped:     make(chan struct{}),
		running:     map[string]*invocation{},
	}
}

func (a *api) stop() { a.stopOnce.Do(func() { close(a.stopped) }) }

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.finish(func(body []byte) outcome {
		return outcome{response: body}
	}))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.finish(func(body []byte) outcome {
		return outcome{err: functionError(body)}
	}))
	// The runtime exits after it; Start and Invoke report that with the logs.
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

// next answers with an invocation as soon as there is one.
func (a *api) next(w http.ResponseWriter, r *http.Request) {
	a.readyOnce.Do(func() { close(a.ready) })
	select {
	case call := <-a.invocations:
		header := w.Header()
		header.Set("Lambda-Runtime-Aws-Request-Id", a.begin(call))
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(call.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:local")
		header.Set("Content-Type", "application/json")
		w.Write(call.payload)
	case <-a.stopped:
		w.WriteHeader(http.StatusGone)
	case <-r.Context().Done():
	}
}

func (a *api) begin(call *invocation) (id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastID++
	id = "request-" + strconv.Itoa(a.lastID)
	a.running[id] = call
	return id
}

// finish takes the function's answer to one invocation.
func (a *api) finish(read func(body []byte) outcome) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		a.mu.Lock()
		call := a.running[id]
		delete(a.running, id)
		a.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if call == nil || err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		call.done <- read(body)
		w.WriteHeader(http.StatusAccepted)
	}
}

func functionError(body []byte) error {
	e := &Error{}
	if err := json.Unmarshal(body, e); err != nil {
		e.Type, e.Message = "not JSON", string(body)
	}
	return e
}

// logs collects what a process writes, while others read it.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
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
