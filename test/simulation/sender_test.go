package simulation_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/header"
)

// patience is how long an honest sender tries. Stripe's own is three days
// (docs.stripe.com/webhooks, "Retries").
const patience = 3 * 24 * time.Hour

// sender is Stripe, and everybody who pretends to be.
type sender struct {
	w     *world
	epoch time.Time

	// quiet is a run in which nobody but the holder of a revoked secret forges:
	// every other forgery makes a processor look for a newer one.
	quiet bool

	pace     time.Duration // the longest between two webhooks, lulls aside
	left     int           // webhooks that are still to be thought up
	nextAt   time.Time     // when the next one is
	queue    []*delivery   // to be sent, again or for the first time
	inFlight int
	serial   int
	requests int

	// genuine is what was ever signed, by body.
	genuine  map[string]*content
	large    map[string]string // large ones by the hash of the body
	failed   map[string]bool   // bodies that were answered 5xx once
	contents []*content
	accepted int // contents that were answered 200
}

// delivery is a request that is sent until it is answered 200, or once if it
// is not honest.
type delivery struct {
	what    string
	body    []byte
	content *content // nil for what must never be accepted
	forge   func(body []byte, at time.Time) http.Header

	at       time.Time
	first    time.Time
	attempts int
}

func newSender(w *world) *sender {
	now := time.Now()
	return &sender{
		w:       w,
		epoch:   now,
		quiet:   w.rng.IntN(3) == 0,
		pace:    time.Second,
		nextAt:  now,
		genuine: map[string]*content{},
		large:   map[string]string{},
		failed:  map[string]bool{},
	}
}

// done reports whether everything was sent and answered.
func (s *sender) done() bool { return s.left == 0 && s.inFlight == 0 && len(s.queue) == 0 }

// due reports whether a request is to be sent now.
func (s *sender) due() bool {
	now := time.Now()
	for s.left > 0 && !s.nextAt.After(now) {
		s.think()
	}
	return s.earliest(now) >= 0
}

// earliest is the index of the delivery whose time came first, -1 if none has.
func (s *sender) earliest(now time.Time) int {
	found := -1
	for i, d := range s.queue {
		if !d.at.After(now) && (found < 0 || d.at.Before(s.queue[found].at)) {
			found = i
		}
	}
	return found
}

// add takes a content into the books.
func (s *sender) add(c *content) *content {
	s.contents = append(s.contents, c)
	return c
}

// send puts a genuine body in line.
func (s *sender) send(what string, c *content, body []byte, after time.Duration) {
	s.genuine[string(body)] = c
	if len(body) > maxInline {
		c.large = true
		s.large[event.HashPayload(body)] = string(body)
	}
	s.enqueue(&delivery{what: what, body: body, content: c}, after)
}

func (s *sender) enqueue(d *delivery, after time.Duration) {
	d.at = time.Now().Add(after + time.Duration(s.w.rng.Int64N(int64(time.Millisecond))))
	d.first = d.at
	s.queue = append(s.queue, d)
}

// request is the delivery's next attempt as API Gateway passes it on, signed
// anew.
func (s *sender) request(d *delivery) function.Request {
	now := time.Now()
	var values http.Header
	if d.forge == nil {
		values = signed(d.body, now, s.w.operator.signing...)
	} else {
		values = d.forge(d.body, now)
	}
	s.requests++
	r := function.Request{
		RequestID:       fmt.Sprintf("request-%06d", s.requests),
		Header:          header.Multi(values),
		Body:            []byte(base64.StdEncoding.EncodeToString(d.body)),
		IsBase64Encoded: true,
	}
	if utf8.Valid(d.body) && s.w.rng.IntN(4) == 0 {
		r.Body, r.IsBase64Encoded = bytes.Clone(d.body), false
	}
	return r
}

// signed is the header with one v1 for each secret, as Stripe sends it while a
// secret is being rolled.
func signed(body []byte, at time.Time, secrets ...string) http.Header {
	value := stripe.Sign(body, secrets[0], at)
	for _, secret := range secrets[1:] {
		_, v1, _ := strings.Cut(stripe.Sign(body, secret, at), ",")
		value += "," + v1
	}
	return http.Header{contract.Stripe().IdentityHeaders[0]: {value}}
}

// next is the delivery that is due, and its request.
func (s *sender) next() (*delivery, function.Request) {
	i := s.earliest(time.Now())
	d := s.queue[i]
	s.queue = append(s.queue[:i], s.queue[i+1:]...)
	s.inFlight++
	d.attempts++
	return d, s.request(d)
}

// answered takes a processor's answer, or none if the process died.
func (s *sender) answered(p *process) {
	d := p.delivery
	s.inFlight--
	status := http.StatusBadGateway
	switch {
	case p.dead:
	case p.failure != nil:
		s.w.breaks("the processor never fails as a whole: %v", p.failure)
	default:
		status = p.response.StatusCode
	}
	s.w.note(p.name, "answers", fmt.Sprint(status))
	s.w.seen[fmt.Sprintf("%s: %d", d.what, status)]++
	accepted := status == http.StatusOK
	if d.content == nil {
		if accepted {
			s.w.breaks("nothing unverified is accepted: a webhook that is %s was", d.what)
		}
		return
	}
	if status == http.StatusUnauthorized && s.w.operator.settled() {
		s.w.breaks("a rotation takes effect at once: an %s was refused", d.what)
	}
	if status >= http.StatusInternalServerError {
		s.failed[string(d.body)] = true
	}
	if accepted && !d.content.accepted {
		d.content.accepted = true
		s.accepted++
	}
	if accepted && !s.w.happens(s.w.faults.replyLost) {
		return
	}
	if !accepted && s.w.happens(s.w.faults.givenUp) {
		s.w.note(d.what, "is given up")
		return
	}
	if time.Since(d.first) > patience {
		s.w.breaks("a genuine webhook is accepted in the end: an %s was answered %d for %v", d.what, status, patience)
		return
	}
	pause := min(time.Hour, 5*time.Second<<min(d.attempts, 12))
	d.at = time.Now().Add(time.Duration(s.w.rng.Int64N(int64(pause))))
	s.queue = append(s.queue, d)
}
