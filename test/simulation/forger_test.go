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
