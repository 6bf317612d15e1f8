package simulation_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
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

// maxInline is the largest body, in bytes, that travels in its message
// (docs/architecture.md, "Contracts").
const maxInline = 192 << 10

// mark stands in every payload and every secret, so that one in a log line is
// noticed.
const mark = "marked"

// content is one thing that Stripe says under one event id, in all the bodies
// that say it.
type content struct {
	id      string // Stripe's, evt_…
	created int64  // unix seconds; 0 when the body has no readable time
	// reason is why it must be quarantined; "" for an event.
	reason string
	// rival is other content under the same id and time: one of the two is a
	// conflict.
	rival    *content
	accepted bool // a body of it was answered 200
	// large content travels by reference. The consumer knows only its hash, so
	// that what Stripe changes between deliveries makes a conflict.
	large bool
}

// shape is how the body of a webhook comes to be.
type shape struct {
	id      string
	created string // JSON
	typ     string
	version string
	status  string
	pending int
	serial  int // makes the body unlike every other
	padding int
}

func (s shape) body() []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"event","api_version":%q,"created":%s,"livemode":false,`+
		`"pending_webhooks":%d,"type":%q,"data":{"object":{"id":"pi_%d","object":"payment_intent",`+
		`"amount_received":%d,"currency":"eur","status":%q,"description":"%s%s"}}}`,
		s.id, s.version, s.created, s.pending, s.typ, s.serial, s.serial, s.status, mark, strings.Repeat(" ", s.padding))
}

// eventTypes are a few; what becomes of each is the business of the provider's
// own tests.
func eventTypes() []string {
	return []string{"payment_intent.succeeded", "charge.succeeded", "refund.created", "charge.dispute.created", "payout.paid", "new.in.2031"}
}

// anyShape is an event as Stripe sends most.
func anyShape(rng *rand.Rand, serial int, created int64) shape {
	types := eventTypes()
	s := shape{
		id:      fmt.Sprintf("evt_%d", serial),
		created: fmt.Sprint(created),
		typ:     types[rng.IntN(len(types))],
		version: "2026-03-25.dahlia",
		status:  "succeeded",
		pending: 1 + rng.IntN(3),
		serial:  serial,
	}
	switch rng.IntN(300) {
	case 0, 1, 2:
		s.padding = rng.IntN(100_000)
	case 3, 4, 5: // the most that is inline, and a byte around it
		s.padding = maxInline - len(s.body()) + rng.IntN(3) - 1
	case 6, 7, 8, 9, 10, 11:
		s.padding = maxInline + rng.IntN(10_000)
	case 12: // more than an item holds
		s.padding = 500_000
	}
	if rng.IntN(100) == 0 {
		s.status = "\ufffe\U0001F4B6" // what SQS refuses, and what it takes
	}
	return s
}

// oddity is a signed body that is no event.
type oddity struct {
	reason string
	body   func(shape) string
}

func oddities() []oddity {
	return []oddity{
		{"envelope_unreadable", func(s shape) string { return fmt.Sprintf("%s, but no JSON: %d\x00\xff", mark, s.serial) }},
		{"envelope_unreadable", func(s shape) string { return fmt.Sprintf(`{"id":"evt_%d","%s":true}`, s.serial, mark) }},
		{"envelope_unreadable", func(s shape) string { return fmt.Sprintf(`["%s",%d]`, mark, s.serial) }},
		{"event_id_invalid", func(s shape) string { s.id = fmt.Sprintf("../%d", s.serial); return string(s.body()) }},
		{"event_id_invalid", func(s shape) string { s.id = ""; return string(s.body()) }},
	}
}
