// Package awsstub answers the AWS calls that the functions make, over TLS 1.3
// and HTTP/1.1 as AWS does, each after a latency that is drawn for it. It keeps
// count of everything, so that a run can show that nothing was lost.
//
// It shares the machine with the functions that it answers and is written to
// take little of it.
package awsstub

import (
	"crypto/tls"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/quality/runtimeapi/wire"
)

// Stub is a running AWS.
type Stub struct {
	// URL is https://127.0.0.1:{port}.
	URL string
	// Certificate is what clients have to trust, PEM.
	Certificate []byte

	listener  net.Listener
	config    *tls.Config
	latencies atomic.Pointer[latency.Calls]
	trace     atomic.Pointer[func(Event)]
	seed      atomic.Uint64
	state     state
}

// Event is something that happened, seen from AWS.
type Event struct {
	At time.Time
	// What is EventConnected, EventSecured, or a call such as
	// "sqs.SendMessage" that has arrived.
	What string
	// Answered is when the call's answer was written.
	Answered time.Time
}

// What can happen besides a call.
const (
	EventConnected = "connected"     // a TCP connection is there
	EventSecured   = "TLS handshake" // and its handshake done
)

// Start serves calls at once, with no latency. secrets are by their ARN;
// messages that are sent to any other queue than deadLetterURL's are in
// webhook-queue.
func Start(secrets map[string]string, deadLetterURL string) (*Stub, error) {
	certificate, pem, err := newCertificate(time.Now())
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Stub{
		URL:         "https://" + listener.Addr().String(),
		Certificate: pem,
		listener:    listener,
		config: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			MinVersion:   tls.VersionTLS13,
			NextProtos:   []string{"http/1.1"},
		},
	}
	s.state.secrets, s.state.deadLetterURL = secrets, deadLetterURL
	s.Reset(nil)
	s.SetLatencies(latency.Calls{})
	s.SetTrace(func(Event) {})
	go s.accept()
	return s, nil
}

// SetLatencies sets what calls take from now on; a call that is not among them
// takes none.
func (s *Stub) SetLatencies(calls latency.Calls) { s.latencies.Store(&calls) }

// SetTrace makes trace see every event from now on. It is called on the
// goroutine of the connection.
func (s *Stub) SetTrace(trace func(Event)) { s.trace.Store(&trace) }

// Close stops accepting connections. Those that are open end with their
// clients.
func (s *Stub) Close() error { return s.listener.Close() }

func (s *Stub) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.serve(conn)
	}
}

func (s *Stub) serve(plain net.Conn) {
	defer plain.Close()
	trace := *s.trace.Load()
	trace(Event{At: time.Now(), What: EventConnected})
	conn := tls.Server(plain, s.config)
	if conn.Handshake() != nil {
		return // the client is gone, or does not trust the certificate
	}
	trace(Event{At: time.Now(), What: EventSecured})
	random := rand.New(rand.NewPCG(s.seed.Add(1), 0))
	requests := wire.NewReader(conn)
	var answer []byte
	for {
		r, err := requests.Next()
		if err != nil {
			return
		}
		at := time.Now()
		call := callOf(r)
		if d := (*s.latencies.Load())[call].Draw(random); d > 0 {
			time.Sleep(d)
		}
		// What is in the answer is stored now: a client that has given up
		// meanwhile finds it stored, as with AWS.
		answer = s.state.answer(answer[:0], call, r.Body)
		// Before the client can go on, so that nothing of a call is seen late.
		(*s.trace.Load())(Event{At: at, What: call, Answered: time.Now()})
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}
