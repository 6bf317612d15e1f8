package simulation_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

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
