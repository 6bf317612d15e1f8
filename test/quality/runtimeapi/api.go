package runtimeapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answered chan answer // the receiver may have given up
}

type answer struct {
	body []byte
	err  error
}

func (f *Function) routes() http.Handler {
	mux := http.NewServeMux()
	const path = "/2018-06-01/runtime/"
	mux.HandleFunc("GET "+path+"invocation/next", f.serveNext)
	mux.HandleFunc("POST "+path+"invocation/{id}/response", f.serveResponse)
	mux.HandleFunc("POST "+path+"invocation/{id}/error", f.serveResponse)
	mux.HandleFunc("POST "+path+"init/error", func(w http.ResponseWriter, _ *http.Request) { accept(w) })
	return mux
}

// begin hands the waiting process an invocation.
func (f *Function) begin(payload []byte, deadline time.Time) *invocation {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastID++
	f.running = &invocation{fmt.Sprintf("00000000-0000-4000-8000-%012d", f.lastID), payload, deadline, make(chan answer, 1)}
	f.next <- f.running
	return f.running
}

func (f *Function) serveNext(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	if f.init == 0 {
		f.init = time.Since(f.spawned)
	}
	f.mu.Unlock()
	f.idle <- struct{}{}
	select {
	case <-f.stopped:
		w.WriteHeader(http.StatusGone)
	case i := <-f.next:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(i.payload)))
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Trace-Id", f.Trace)
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:local")
		_, _ = w.Write(i.payload) // if the process has ended, Invoke says so
	case <-r.Context().Done():
	}
}

func (f *Function) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	f.mu.Lock()
	i := f.running
	known := err == nil && i != nil && i.id == r.PathValue("id")
	if known {
		f.running = nil
	}
	f.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a := answer{body: body}
	if strings.HasSuffix(r.URL.Path, "/error") {
		failure := &Error{}
		if err := json.Unmarshal(body, failure); err != nil {
			failure = &Error{Type: "not JSON", Message: string(body)}
		}
		a = answer{err: failure}
	}
	i.answered <- a // before the process may end
	accept(w)
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
}
