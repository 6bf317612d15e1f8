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
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// patience is how long an honest sender retries: three days, as Stripe does
// (docs.stripe.com/webhooks, "Retries").
const patience = 3 * 24 * time.Hour

// sender plays Stripe and the forgers of its webhooks.
type sender struct {
	w     *world
	epoch time.Time

	// quiet is set in a run whose only forgeries are signed with revoked secrets.
	// Any other forgery makes a processor read the secret again.
	quiet bool

	pace     time.Duration // longest time between two webhooks of a burst
	left     int           // number of webhooks still to make
	nextAt   time.Time     // time of the next one
	queue    []*delivery   // to be sent or retried
	inFlight int
	serial   int
	requests int

	genuine  map[string]*content // everything that was signed, by body
	large    map[string]string   // large bodies by their hash
	failed   map[string]bool     // bodies that were answered 5xx at least once
	lose     float64             // odds that a webhook is not sent
	lost     []*delivery
	contents []*content
	accepted int // number of contents that were answered 200
}

// delivery is a webhook that the sender retries until it is answered 200. A
// forgery is sent once.
type delivery struct {
	what    string
	body    []byte
	content *content // nil for a forgery
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

// done reports whether every webhook was made and answered.
func (s *sender) done() bool { return s.left == 0 && s.inFlight == 0 && len(s.queue) == 0 }

// due makes the webhooks whose time has come and reports whether one is to be
// sent now.
func (s *sender) due() bool {
	now := time.Now()
	for s.left > 0 && !s.nextAt.After(now) {
		s.makeWebhook()
	}
	return s.earliest(now) >= 0
}

// earliest returns the index of the delivery with the earliest time up to now,
// or -1.
func (s *sender) earliest(now time.Time) int {
	found := -1
	for i, d := range s.queue {
		if !d.at.After(now) && (found < 0 || d.at.Before(s.queue[found].at)) {
			found = i
		}
	}
	return found
}

// add records a content.
func (s *sender) add(c *content) *content {
	s.contents = append(s.contents, c)
	return c
}

// send queues a genuine body.
func (s *sender) send(what string, c *content, body []byte, after time.Duration) {
	s.sign(c, body)
	d := &delivery{what: what, body: body, content: c}
	if s.lose > 0 && s.w.rng.Float64() < s.lose {
		s.lost = append(s.lost, d)
		return
	}
	s.enqueue(d, after)
}

// sign records a genuine body.
func (s *sender) sign(c *content, body []byte) {
	s.genuine[string(body)] = c
	if len(body) > maxInline {
		s.large[event.HashPayload(body)] = string(body)
	}
}

func (s *sender) enqueue(d *delivery, after time.Duration) {
	d.at = time.Now().Add(after + time.Duration(s.w.rng.Int64N(int64(time.Millisecond))))
	d.first = d.at
	s.queue = append(s.queue, d)
}

// request returns the delivery's next attempt as API Gateway sends it to the
// processor, with a new signature.
func (s *sender) request(d *delivery) function.Request {
	now := time.Now()
	var values http.Header
	switch {
	case d.forge != nil:
		values = d.forge(d.body, now)
	case s.w.plays.sender != nil:
		values = s.w.plays.header(d.body, now, s.w.operator.signing)
	default:
		values = signed(d.body, now, s.w.operator.signing...)
	}
	s.requests++
	r := function.Request{
		RequestID:       fmt.Sprintf("request-%06d", s.requests),
		Header:          providertest.MultiHeader(values),
		Body:            []byte(base64.StdEncoding.EncodeToString(d.body)),
		IsBase64Encoded: true,
	}
	if utf8.Valid(d.body) && s.w.rng.IntN(4) == 0 {
		r.Body, r.IsBase64Encoded = bytes.Clone(d.body), false
	}
	return r
}

// signed returns a header with one v1 signature for each secret, as Stripe sends
// it while a secret is being rotated.
func signed(body []byte, at time.Time, secrets ...string) http.Header {
	name, value := contract.Stripe().SignatureHeaders[0], ""
	for _, secret := range secrets {
		one := providertest.Sign(stripe.Signer{Secret: secret}, body, at)[name]
		if value == "" {
			value = one
			continue
		}
		_, v1, _ := strings.Cut(one, ",")
		value += "," + v1
	}
	return http.Header{name: {value}}
}

// next returns the delivery that is due, and its request.
func (s *sender) next() (*delivery, function.Request) {
	i := s.earliest(time.Now())
	d := s.queue[i]
	s.queue = append(s.queue[:i], s.queue[i+1:]...)
	s.inFlight++
	d.attempts++
	return d, s.request(d)
}

// answered handles a processor's response. A crash gives status 502.
func (s *sender) answered(p *process) {
	d := p.delivery
	s.inFlight--
	status := http.StatusBadGateway
	switch {
	case p.dead:
	case p.failure != nil:
		s.w.violate("the processor never returns an error: %v", p.failure)
	default:
		status = p.response.StatusCode
	}
	s.w.note(p.name, "answers", fmt.Sprint(status))
	s.w.seen[fmt.Sprintf("%s: %d", d.what, status)]++
	accepted := status == http.StatusOK
	if d.content == nil {
		if accepted {
			s.w.violate("no forgery is accepted: one that is %s was", d.what)
		}
		return
	}
	if status == http.StatusUnauthorized && s.w.operator.settled() {
		s.w.violate("a rotation takes effect at once: an %s was rejected", d.what)
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
		s.w.note(d.what, "is not retried")
		return
	}
	if time.Since(d.first) > patience {
		s.w.violate("a genuine webhook is accepted in the end: an %s was still answered %d after %v", d.what, status, patience)
		return
	}
	pause := min(time.Hour, 5*time.Second<<min(d.attempts, 12))
	d.at = time.Now().Add(time.Duration(s.w.rng.Int64N(int64(pause))))
	s.queue = append(s.queue, d)
}

// maxInline is the maximum size of a raw body in a message, in bytes.
const maxInline = processor.MaxInline

// mark is part of every payload and every secret, so that watchedLog recognises
// them.
const mark = "marked"

// content is what Stripe reports under one event id. Several bodies may report
// it.
type content struct {
	id      string // Stripe's: evt_…
	created int64  // unix seconds; 0 when the body has no readable time
	// reason is the reason of its quarantine; "" for an event.
	reason string
	// rival is a different content with the same id and time. One of the two is
	// a conflict.
	rival    *content
	accepted bool // a body of it was answered 200
}

// shape holds the values of a webhook's body.
type shape struct {
	id      string
	created string // JSON
	typ     string
	version string
	status  string
	pending int
	serial  int // makes the body unique
	padding int
}

func (s shape) body() []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"event","api_version":%q,"created":%s,"livemode":false,`+
		`"pending_webhooks":%d,"type":%q,"data":{"object":{"id":"pi_%d","object":"payment_intent",`+
		`"amount_received":%d,"currency":"eur","status":%q,"description":"%s%s"}}}`,
		s.id, s.version, s.created, s.pending, s.typ, s.serial, s.serial, s.status, mark, strings.Repeat(" ", s.padding))
}

// eventTypes returns some types. The provider's own tests cover all of them.
func eventTypes() []string {
	return []string{"payment_intent.succeeded", "charge.succeeded", "refund.created", "charge.dispute.created", "payout.paid", "new.in.2031"}
}

// anyShape draws an event. Some are large or have unusual characters.
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
	case 3, 4, 5: // the largest inline body, and a byte more or less
		s.padding = maxInline - len(s.body()) + rng.IntN(3) - 1
	case 6, 7, 8, 9, 10, 11:
		s.padding = maxInline + rng.IntN(10_000)
	case 12: // larger than an item
		s.padding = 500_000
	}
	if rng.IntN(100) == 0 {
		s.status = "\ufffe\U0001F4B6" // one character that SQS rejects and one that it accepts
	}
	return s
}

// oddity is a signed body that is not an event.
type oddity struct {
	reason string
	body   func(shape) string
}

func oddities() []oddity {
	return []oddity{
		{"envelope_unreadable", func(s shape) string { return fmt.Sprintf("%s, not JSON: %d\x00\xff", mark, s.serial) }},
		{"envelope_unreadable", func(s shape) string { return fmt.Sprintf(`{"id":"evt_%d","%s":true}`, s.serial, mark) }},
		{"envelope_unreadable", func(s shape) string { return fmt.Sprintf(`["%s",%d]`, mark, s.serial) }},
		{"event_id_invalid", func(s shape) string { s.id = fmt.Sprintf("../%d", s.serial); return string(s.body()) }},
		{"event_id_invalid", func(s shape) string { s.id = ""; return string(s.body()) }},
	}
}
