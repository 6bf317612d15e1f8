package runtimeapi

import (
	"bytes"
	"encoding/json"
	"net"
	"strconv"
	"time"

	"github.com/paysluice/paysluice/test/quality/runtimeapi/wire"
)

// Paths of the Runtime API.
const (
	nextPath       = "/2018-06-01/runtime/invocation/next"
	initErrorPath  = "/2018-06-01/runtime/init/error"
	invocationPath = "/2018-06-01/runtime/invocation/"
	responseSuffix = "/response"
	errorSuffix    = "/error"
)

// Answers of the Runtime API.
const (
	accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
	refused  = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	gone     = "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
)

// appendInvocation is the answer to a request for an invocation.
func appendInvocation(b []byte, id string, deadline time.Time, payload []byte) []byte {
	b = append(b, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"+
		"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:local\r\n"+
		"Lambda-Runtime-Aws-Request-Id: "...)
	b = append(b, id...)
	b = append(b, "\r\nLambda-Runtime-Deadline-Ms: "...)
	b = strconv.AppendInt(b, deadline.UnixMilli(), 10)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, payload...)
}

// accept serves the connections of the process until the listener is closed. A
// runtime client keeps to one of them as a rule.
func (e *Environment) accept() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			return
		}
		go e.serve(conn)
	}
}

// serve answers all requests of one connection. A request for an invocation is
// answered by Begin: the client sends nothing more until then.
func (e *Environment) serve(conn net.Conn) {
	defer conn.Close()
	requests := wire.NewReader(conn)
	for {
		r, err := requests.Next()
		if err != nil {
			return // the process has ended, or closed it
		}
		switch {
		case string(r.Path) == nextPath:
			e.next(conn)
		case string(r.Path) == initErrorPath:
			// The runtime exits after it, and whoever waits is told so.
			_, _ = conn.Write([]byte(accepted))
		default:
			e.finish(conn, r)
		}
	}
}

func (e *Environment) next(conn net.Conn) {
	e.mu.Lock()
	if e.ready.IsZero() {
		e.ready = time.Now()
	}
	stopping := e.stopping
	select {
	case <-e.exited: // wait has looked for invocations already
		stopping = true
	default:
	}
	if !stopping {
		e.waiting = conn
	}
	e.mu.Unlock()
	if stopping {
		_, _ = conn.Write([]byte(gone))
		return
	}
	e.options.Idle(e)
}

// finish takes the function's answer to one invocation.
func (e *Environment) finish(conn net.Conn, r wire.Request) {
	at := time.Now()
	rest, found := bytes.CutPrefix(r.Path, []byte(invocationPath))
	id, succeeded := bytes.CutSuffix(rest, []byte(responseSuffix))
	failed := false
	if !succeeded {
		id, failed = bytes.CutSuffix(rest, []byte(errorSuffix))
	}
	e.mu.Lock()
	call := e.running
	known := found && (succeeded || failed) && call != nil && call.id == string(id)
	if known {
		e.running = nil
	}
	e.mu.Unlock()
	if !known {
		_, _ = conn.Write([]byte(refused))
		return
	}
	_, _ = conn.Write([]byte(accepted))
	answer := Answer{Body: r.Body, At: at}
	if failed {
		answer.Err = functionError(r.Body)
	}
	call.done(answer)
}

func functionError(body []byte) error {
	e := &Error{}
	if err := json.Unmarshal(body, e); err != nil {
		e.Type, e.Message = "not JSON", string(body)
	}
	return e
}
