package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

// Outcome is the last state of a request.
type Outcome string

// All outcomes.
const (
	Stored    Outcome = "stored"
	Duplicate Outcome = "duplicate" // the event was stored before
	Archived  Outcome = "archived"
	Rejected  Outcome = "rejected"
	// Pending is a request that is neither in the table nor in the archive yet.
	Pending Outcome = "pending"
)

// Sent is a request and its answer.
type Sent struct {
	EventID string `json:"eventId,omitempty"`
	Type    string `json:"type,omitempty"`
	Status  int    `json:"status"`
	// RequestID is API Gateway's.
	RequestID    string `json:"requestId,omitempty"`
	Milliseconds int64  `json:"milliseconds"`
	// Expected reports whether the status is the one that Request expects.
	Expected bool `json:"expected"`
	// Outcome is empty unless Plan.Reader is set.
	Outcome Outcome `json:"outcome,omitempty"`
	Reason  string  `json:"reason,omitempty"` // of an archived event
}

// ErrNoAnswer reports a request without an answer. It may have arrived.
var ErrNoAnswer = errors.New("does not answer")

// Client sends requests.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Reader reads what a stack has stored and archived.
type Reader interface {
	Event(ctx context.Context, id string) ([]event.Event, error)
	Archived(ctx context.Context, e event.Event) (event.Archived, error)
}

const (
	// postTimeout is longer than API Gateway waits for a function, 29 seconds.
	postTimeout = 35 * time.Second
	// waitTimeout is longer than three receives and the archiver take.
	waitTimeout = time.Minute
	pollEvery   = 200 * time.Millisecond
	// inFlight bounds the requests that wait for an answer.
	inFlight = 64
)

// Plan says what is sent where.
type Plan struct {
	URL    string
	Client Client
	Count  int
	Rate   int // a second
	// Next makes the next request.
	Next func(ctx context.Context) (Request, error)
	// Reader finds out what became of each request; nil does not.
	Reader Reader
	Sender *Sender
}

// Run sends the requests at the rate and returns each with its answer, as they
// arrive. When ctx ends it sends no more, and waits for the answers of those that
// are under way. An error ends the sequence.
func (p Plan) Run(ctx context.Context) iter.Seq2[Sent, error] {
	return func(yield func(Sent, error) bool) {
		type result struct {
			sent Sent
			err  error
		}
		results := make(chan result, p.Count)
		stopped, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			defer close(results)
			var running sync.WaitGroup
			sent := map[string]bool{} // by event id
			slots := make(chan struct{}, inFlight)
			tick := time.NewTicker(time.Second / time.Duration(p.Rate))
			defer tick.Stop()
			for n := range p.Count {
				if n > 0 {
					select {
					case <-stopped.Done():
					case <-tick.C:
					}
				}
				if stopped.Err() != nil {
					break
				}
				r, err := p.Next(stopped)
				if err != nil {
					results <- result{err: err}
					break
				}
				slots <- struct{}{}
				repeated := sent[r.Event.ID]
				sent[r.Event.ID] = true
				running.Go(func() {
					defer func() { <-slots }()
					sent, err := p.send(ctx, r, repeated)
					if err == nil || ctx.Err() == nil || errors.Is(err, ErrNoAnswer) { // else it was not sent
						results <- result{sent, err}
					}
				})
			}
			running.Wait()
		}()
		for r := range results {
			if !yield(r.sent, r.err) || r.err != nil {
				return
			}
		}
	}
}

// Delivery is a request that was sent, and its state so far.
type Delivery struct {
	Sent
	// Event is the event that the stack should store, with the request's id.
	Event    event.Event
	repeated bool // whether it was sent or stored before
}

// send posts one request and waits for what becomes of it.
func (p Plan) send(ctx context.Context, r Request, repeated bool) (Sent, error) {
	d, err := p.deliver(ctx, r, repeated)
	if err == nil && p.Reader != nil && d.Outcome == Pending && d.Event.ID != "" {
		err = p.await(ctx, &d)
	}
	return d.Sent, err
}

// Deliver posts one request. With a Reader, Look tells what becomes of it.
func (p Plan) Deliver(ctx context.Context, r Request) (Delivery, error) {
	return p.deliver(ctx, r, false)
}

func (p Plan) deliver(ctx context.Context, r Request, repeated bool) (Delivery, error) {
	d := Delivery{Event: r.Event, repeated: repeated}
	if p.Reader != nil && r.Expected.Status == http.StatusOK && d.Event.ID != "" {
		rows, err := p.rows(ctx, d.Event)
		if err != nil {
			return d, err
		}
		d.repeated = repeated || len(rows) > 0
	}
	sent, err := p.post(ctx, r)
	d.Sent = sent
	d.Event.RequestID, d.Event.ReceivedAt = sent.RequestID, time.Now().UnixMilli()
	switch {
	case err != nil || p.Reader == nil:
	case sent.Status != http.StatusOK:
		d.Outcome = Rejected
	default:
		d.Outcome = Pending
	}
	return d, err
}

// Look sets the outcome of a delivery that is pending. A body without an event's id
// stays pending, because only the stack knows the name of its archived object.
func (p Plan) Look(ctx context.Context, d *Delivery) (err error) {
	if d.Outcome == Pending && d.Event.ID != "" {
		d.Outcome, d.Reason, err = p.outcome(ctx, d.Event, d.repeated)
	}
	return err
}

// post sends a request. An interrupt lets it finish, because it may have arrived.
func (p Plan) post(ctx context.Context, r Request) (Sent, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(r.Body))
	if err != nil {
		return Sent{}, err
	}
	request.Header = r.Header
	started := time.Now()
	response, err := p.Client.Do(request)
	if err != nil {
		return Sent{}, fmt.Errorf("%s %w: %w", p.URL, ErrNoAnswer, err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // so that the connection is reused
	return Sent{
		EventID: r.Event.ID, Type: r.Event.Type, Status: response.StatusCode,
		RequestID:    response.Header.Get("x-amzn-RequestId"),
		Milliseconds: time.Since(started).Milliseconds(),
		Expected:     response.StatusCode == r.Expected.Status,
	}, nil
}

// await polls until the event is stored or archived.
func (p Plan) await(ctx context.Context, d *Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, waitTimeout)
	defer cancel()
	for {
		err := p.Look(ctx, d)
		if ctx.Err() != nil {
			d.Outcome, d.Reason = Pending, ""
			return nil
		}
		if err != nil || d.Outcome != Pending {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

// outcome looks once.
func (p Plan) outcome(ctx context.Context, e event.Event, repeated bool) (Outcome, string, error) {
	rows, err := p.rows(ctx, e)
	if err != nil {
		return Pending, "", err
	}
	for _, row := range rows {
		switch {
		case !repeated:
			return Stored, "", nil
		case p.Sender.provider.SameEvent(row, e):
			return Duplicate, "", nil
		}
	}
	m, err := p.Reader.Archived(ctx, e)
	switch {
	case err == nil:
		return Archived, m.FailureReason, nil
	case errors.Is(err, query.ErrNotFound):
		return Pending, "", nil
	}
	return Pending, "", err
}

// rows returns the stored rows with the key of an event.
func (p Plan) rows(ctx context.Context, e event.Event) ([]event.Event, error) {
	rows, err := p.Reader.Event(ctx, e.ID)
	if errors.Is(err, query.ErrNotFound) {
		return nil, nil
	}
	return slices.DeleteFunc(rows, func(row event.Event) bool { return row.Timestamp != e.Timestamp }), err
}
