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

// think makes up the next webhook, in bursts and lulls.
func (s *sender) think() {
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
		s.dishonest(base)
	}
}

// ordinary is an event, sometimes delivered again with another number of
// pending webhooks.
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
	_, _ = fmt.Sscan(s.created, &created) // stays 0 for what is no number
	return &content{id: s.id, created: created}
}

// rendered is one event in two API versions, for two endpoints.
func (s *sender) rendered(base shape) {
	c := s.add(newContent(base))
	s.send("event", c, base.body(), 0)
	base.version, base.pending = "2020-08-27", 0
	s.send("event in another version", c, base.body(), time.Duration(s.w.rng.Int64N(int64(time.Minute))))
}

// rivals are two contents under one key.
func (s *sender) rivals(base shape) {
	first, second := s.add(newContent(base)), s.add(newContent(base))
	first.rival, second.rival = second, first
	s.send("event", first, base.body(), 0)
	base.serial += 1_000_000
	s.send("rival", second, base.body(), time.Duration(s.w.rng.Int64N(int64(10*time.Minute))))
}

// untimed is an event whose time cannot be read.
func (s *sender) untimed(base shape) {
	base.created = `"yesterday"`
	s.ordinary(base)
}

// odd is signed, but no event.
func (s *sender) odd(base shape) {
	all := oddities()
	o := all[s.w.rng.IntN(len(all))]
	s.send("oddity", s.add(&content{reason: o.reason}), []byte(o.body(base)), 0)
}

// revokedFor is the age from which a removed secret is refused everywhere
// (docs, "Secrets").
const revokedFor = 5 * time.Minute

// dishonest sends a webhook that must be refused and leave nothing behind.
func (s *sender) dishonest(base shape) {
	header := contract.Stripe().IdentityHeaders[0]
	live := func(body []byte, at time.Time) http.Header { return signed(body, at, s.w.operator.signing...) }
	kinds := []delivery{
		s.revoked(),
		{what: "signed with a guess", forge: func(body []byte, at time.Time) http.Header {
			return signed(body, at, "whsec_"+mark+"_guess")
		}},
		{what: "stale", forge: func(body []byte, at time.Time) http.Header { return live(body, at.Add(-10*time.Minute)) }},
		{what: "of the future", forge: func(body []byte, at time.Time) http.Header { return live(body, at.Add(10*time.Minute)) }},
		{what: "tampered with", forge: func(body []byte, at time.Time) http.Header { return live(append(body[:len(body):len(body)], ' '), at) }},
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

// revoked is signed with the secret that was removed last among those that
// must be refused by now. Before there is one, its secret was never any.
func (s *sender) revoked() delivery {
	d, secret := delivery{what: "signed with a secret to come"}, "whsec_"+mark+"_to_come"
	for _, r := range s.w.operator.revoked {
		if time.Since(r.at) > revokedFor {
			d.what, secret = "signed with a revoked secret", r.secret
		}
	}
	d.forge = func(body []byte, at time.Time) http.Header { return signed(body, at, secret) }
	return d
}

// strange puts a message into the queue that no processor wrote: what a later
// version wrote, before a rollback, or a hand.
func (s *sender) strange(base shape) {
	kinds := []string{
		fmt.Sprintf("poison %d", base.serial),
		fmt.Sprintf(`{"schema":"paysluice.event/9","eventId":"stripe:evt_%d"}`, base.serial),
		fmt.Sprintf(`{"schema":"paysluice.event/1","eventId":"klarna:%d","provider":"klarna"}`, base.serial),
	}
	body := kinds[s.w.rng.IntN(len(kinds))]
	if _, err := s.w.sqs.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &s.w.queueURL, MessageBody: &body}); err != nil {
		s.w.breaks("the queue takes poison: %v", err)
	}
	s.w.poison[body] = true
}
