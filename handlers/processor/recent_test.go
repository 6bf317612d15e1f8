package processor_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// environment is one processor at a time that passes.
type environment struct {
	*fixture
	*processor.Handler
	at time.Time
}

func newEnvironment() *environment {
	e := &environment{fixture: newFixture(), at: now}
	e.Handler = e.newHandler(func() time.Time { return e.at })
	return e
}

// send sends a body that is signed now.
func (e *environment) send(t *testing.T, body, secret string) (status int, response string) {
	t.Helper()
	r := signed(body, secret)
	r.Header = providertest.Header(providertest.Sign(stripe.Signer{Secret: secret}, []byte(body), e.at))
	answer, err := e.Handle(t.Context(), r)
	require.NoError(t, err)
	return answer.StatusCode, answer.Body
}

// TestMemoryKnowsTheEnvironment: an event that was quarantined by mistake is accepted
// again as soon as the secret is corrected.
func TestMemoryKnowsTheEnvironment(t *testing.T) {
	e := newEnvironment()
	sent := strings.Replace(body, "{", `{"livemode":true,`, 1)
	for _, members := range []string{`,"environment":"sandbox"`, `,"environment":"sandbox","otherMode":"store"`, `,"environment":"live"`, ``} {
		e.secrets.members = members
		for range 2 {
			status, _ := e.send(t, sent, oldSecret)
			require.Equal(t, http.StatusOK, status)
		}
	}
	assert.Len(t, e.deadLetters.bodies, 1)
	assert.Len(t, e.events.bodies, 3)
}

func TestRepeatedWebhookIsSentOnce(t *testing.T) {
	for _, row := range []struct{ why, body, answer string }{
		{"an event", body, `{"received":true,"eventId":"stripe:evt_1"}`},
		{"a signed body that is not an event", "marked", `{"received":true}`},
		{"a large body", padded(processor.MaxInline + 1), `{"received":true,"eventId":"stripe:evt_1"}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			e := newEnvironment()
			for range 1000 {
				status, answer := e.send(t, row.body, oldSecret)
				require.Equal(t, http.StatusOK, status)
				require.JSONEq(t, row.answer, answer)
			}
			assert.Len(t, append(e.events.bodies, e.deadLetters.bodies...), 1)
			lines := logLines(t, &e.log)
			assert.EqualValues(t, 1, lines[len(lines)-1]["Duplicates"], "the ticket counts them")
			assert.NotContains(t, lines[len(lines)-1], "reason")
		})
	}
}

func TestMemoryAnswersOnlyForWhatAQueueHas(t *testing.T) {
	other := strings.Replace(body, "evt_1", "evt_2", 1)
	for _, row := range []struct {
		why    string
		before func(*testing.T, *environment)
		body   string
		secret string
		status int
		sent   int // messages in all
	}{
		{"the queue refused the first", func(t *testing.T, e *environment) {
			e.events.err = errDown
			e.send(t, body, oldSecret)
			e.events.err = nil
		}, body, oldSecret, http.StatusOK, 1},
		{"webhook-dlq refused the first", func(t *testing.T, e *environment) {
			e.deadLetters.err = errDown
			e.send(t, "marked", oldSecret)
			e.deadLetters.err = nil
		}, "marked", oldSecret, http.StatusOK, 1},
		{"the same bytes, forged", func(t *testing.T, e *environment) { e.send(t, body, oldSecret) },
			body, "whsec_marked_forged", http.StatusUnauthorized, 1},
		{"the same id, other bytes", func(t *testing.T, e *environment) { e.send(t, body, oldSecret) },
			body + " ", oldSecret, http.StatusOK, 2},
		{"a moment less than ten minutes later", func(t *testing.T, e *environment) {
			e.send(t, body, oldSecret)
			e.at = e.at.Add(10*time.Minute - time.Second)
		}, body, oldSecret, http.StatusOK, 1},
		{"ten minutes later", func(t *testing.T, e *environment) {
			e.send(t, body, oldSecret)
			e.at = e.at.Add(10 * time.Minute)
		}, body, oldSecret, http.StatusOK, 2},
		{"the clock was set back", func(t *testing.T, e *environment) {
			e.send(t, body, oldSecret)
			e.at = e.at.Add(-time.Second)
		}, body, oldSecret, http.StatusOK, 2},
		{"after 4,096 other webhooks", func(t *testing.T, e *environment) {
			e.send(t, body, oldSecret)
			for n := range 4096 {
				e.send(t, strings.Replace(other, "evt_2", fmt.Sprintf("evt_%d", n+2), 1), oldSecret)
			}
		}, body, oldSecret, http.StatusOK, 4098},
	} {
		t.Run(row.why, func(t *testing.T) {
			e := newEnvironment()
			row.before(t, e)
			status, _ := e.send(t, row.body, row.secret)
			assert.Equal(t, row.status, status)
			assert.Len(t, append(e.events.bodies, e.deadLetters.bodies...), row.sent)
		})
	}
}

// TestMessageGroups: SQS delivers the messages of a group that takes up the
// consumer after those of all others.
func TestMessageGroups(t *testing.T) {
	group := func(id string, age time.Duration) string {
		e := newEnvironment()
		text := strings.Replace(body, "evt_1", id, 1)
		text = strings.Replace(text, "1780000000", fmt.Sprint(now.Add(-age).Unix()), 1)
		e.send(t, text, oldSecret)
		require.Len(t, e.events.groups, 1)
		return e.events.groups[0]
	}
	long := strings.Repeat("x", 255)
	assert.Equal(t, group("evt_1", 0), group("evt_1", 59*time.Minute), "a redelivery is in its event's group")
	assert.NotEqual(t, group("evt_1", 0), group("evt_2", 0), "new events do not wait for each other")
	assert.Equal(t, "stripe-late", group("evt_1", time.Hour), "late events are one group")
	assert.Equal(t, "stripe-late", group("evt_2", 30*24*time.Hour))
	assert.NotEqual(t, "stripe-late", group("evt_2", -5*time.Minute), "Stripe's clock is ahead")
	assert.Equal(t, "stripe-late", group("evt_2", -5*time.Minute-time.Second), "no clock is that far ahead")
	assert.Equal(t, "stripe-late", group("evt_1", now.Sub(time.Unix(0, 0))), "an event without a time")
	assert.LessOrEqual(t, len(group(long, 0)), 128, "the maximum of SQS")
}
