package simulation_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/contract"
)

// makeWebhook draws the next webhook, in bursts with pauses between them.
func (s *sender) makeWebhook() {
	rng := s.w.rng
	s.left--
	s.nextAt = s.nextAt.Add(time.Duration(rng.Int64N(int64(s.pace))))
	if rng.IntN(100) == 0 {
		s.pace = 10 * time.Millisecond << rng.IntN(10)
		s.nextAt = s.nextAt.Add(time.Duration(rng.Int64N(int64(20 * time.Minute))))
	}
	s.serial++
	base := anyShape(rng, s.serial, time.Now().Unix()-int64(rng.IntN(3600)))
	switch n := rng.IntN(100); {
	case s.w.plays.sender != nil:
		s.plain(base)
	case n < 60:
		s.ordinary(base)
	case n < 68:
		s.rendered(base)
	case n < 72:
		s.rivals(base)
	case n < 75:
		s.untimed(base)
	case n < 79:
		s.odd(base)
	case n < 80:
		s.strange(base)
	default:
		s.forge(base)
	}
}

// ordinary sends an event, sometimes repeatedly with another number of pending
// webhooks.
func (s *sender) ordinary(base shape) {
	c := s.add(newContent(base))
	s.send("event", c, base.body(), 0)
	for s.w.rng.IntN(8) == 0 {
		base.pending = s.w.rng.IntN(3)
		s.send("event again", c, base.body(), time.Duration(s.w.rng.Int64N(int64(20*time.Minute))))
	}
}

func newContent(s shape) *content {
	var created int64
	_, _ = fmt.Sscan(s.created, &created) // stays 0 if it is not a number
	return &content{id: s.id, created: created}
}

// rendered sends one event in two API versions, as two endpoints receive it.
func (s *sender) rendered(base shape) {
	c := s.add(newContent(base))
	s.send("event", c, base.body(), 0)
	base.version, base.pending = "2020-08-27", 0
	s.send("event in another version", c, base.body(), time.Duration(s.w.rng.Int64N(int64(time.Minute))))
}

// rivals sends two contents with one key, some in two API versions.
func (s *sender) rivals(base shape) {
	first, second := s.add(newContent(base)), s.add(newContent(base))
	first.rival, second.rival = second, first
	s.send("event", first, base.body(), 0)
	base.serial += 1_000_000
	if s.w.rng.IntN(2) == 0 {
		base.version = "2020-08-27"
	}
	s.send("rival", second, base.body(), time.Duration(s.w.rng.Int64N(int64(10*time.Minute))))
}

// untimed sends an event without a readable time.
func (s *sender) untimed(base shape) {
	base.created = `"yesterday"`
	s.ordinary(base)
}

// odd sends a signed body that is not an event.
func (s *sender) odd(base shape) {
	all := oddities()
	o := all[s.w.rng.IntN(len(all))]
	s.send("oddity", s.add(&content{reason: o.reason}), []byte(o.body(base)), 0)
}

// revokedFor is the time after which every processor rejects a removed secret
// (docs/secrets.md).
const revokedFor = 5 * time.Minute

// forge sends a webhook that must be rejected and must not be kept.
func (s *sender) forge(base shape) {
	header := contract.Stripe().SignatureHeaders[0]
	live := func(body []byte, at time.Time) http.Header { return signed(body, at, s.w.operator.signing...) }
	kinds := []delivery{
		s.revoked(),
		{what: "signed with a guess", forge: func(body []byte, at time.Time) http.Header {
			return signed(body, at, "whsec_"+mark+"_guess")
		}},
		{what: "stale", forge: func(body []byte, at time.Time) http.Header { return live(body, at.Add(-10*time.Minute)) }},
		{what: "from the future", forge: func(body []byte, at time.Time) http.Header { return live(body, at.Add(10*time.Minute)) }},
		{what: "changed after signing", forge: func(body []byte, at time.Time) http.Header { return live(append(body[:len(body):len(body)], ' '), at) }},
		{what: "not signed", forge: func([]byte, time.Time) http.Header { return http.Header{} }},
		{what: "signed in another scheme", forge: func(body []byte, at time.Time) http.Header {
			h := live(body, at)
			h.Set(header, strings.ReplaceAll(h.Get(header), "v1=", "v0="))
			return h
		}},
		{what: "signed twice", forge: func(body []byte, at time.Time) http.Header {
			h := live(body, at)
			h.Add(header, h.Get(header))
			return h
		}},
		{what: "signed over nothing", forge: func(_ []byte, at time.Time) http.Header { return live(nil, at) }},
	}
	d := kinds[s.w.rng.IntN(len(kinds))]
	if s.quiet {
		d = kinds[0]
	}
	d.body = base.body()
	s.enqueue(&d, 0)
}

// revoked returns a webhook that is signed with the latest secret that every
// processor rejects by now, or with one that never existed.
func (s *sender) revoked() delivery {
	d, secret := delivery{what: "signed with a future secret"}, "whsec_"+mark+"_to_come"
	for _, r := range s.w.operator.revoked {
		if time.Since(r.at) > revokedFor {
			d.what, secret = "signed with a revoked secret", r.secret
		}
	}
	d.forge = func(body []byte, at time.Time) http.Header { return signed(body, at, secret) }
	return d
}

// strange sends a message to the queue that this version's processor did not
// write: by a later version before a rollback, or by hand.
func (s *sender) strange(base shape) {
	kinds := []string{
		fmt.Sprintf("poison %d", base.serial),
		fmt.Sprintf(`{"schema":"paysluice.event/9","eventId":"stripe:evt_%d"}`, base.serial),
		fmt.Sprintf(`{"schema":"paysluice.event/1","eventId":"imaginary:%d","provider":"imaginary"}`, base.serial),
	}
	body := kinds[s.w.rng.IntN(len(kinds))]
	if _, err := s.w.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &s.w.queueURL, MessageBody: &body}); err != nil {
		s.w.violate("the queue accepts poison: %v", err)
	}
	s.w.poison[body] = true
}
