package consumer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

var errDown = errors.New("down")

// table is a table in memory. before runs before each Put.
type table struct {
	mu     sync.Mutex
	rows   map[string]event.Event
	before func(context.Context, event.Event) error
}

func (t *table) Put(ctx context.Context, e event.Event) (*event.Event, error) {
	if t.before != nil {
		if err := t.before(ctx, e); err != nil {
			return nil, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := fmt.Sprint(e.ID, e.Timestamp)
	if there, taken := t.rows[key]; taken {
		return &there, nil
	}
	t.rows[key] = e
	return nil, nil
}

// guards are guards in memory.
type guards struct {
	mu      sync.Mutex
	held    map[string]string
	expires map[string]time.Time
	err     error // of names with the prefix failing
	failing string
}

func (g *guards) Claim(_ context.Context, name, value string, expires time.Time) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err != nil && strings.HasPrefix(name, g.failing) {
		return "", g.err
	}
	if held, taken := g.held[name]; taken {
		return held, nil
	}
	g.held[name], g.expires[name] = value, expires
	return value, nil
}

// queue records messages, or fails with err.
type queue struct {
	err    error
	bodies []string
	reason string
}

func (q *queue) Send(_ context.Context, body, failureReason string) error {
	if q.err != nil {
		return q.err
	}
	q.bodies, q.reason = append(q.bodies, body), failureReason
	return nil
}

// fixture is a consumer with its dependencies.
type fixture struct {
	providers   provider.Set
	table       table
	guards      *guards // nil for none
	deadLetters queue
	now         time.Time
	log         bytes.Buffer
}

func newFixture() *fixture {
	return &fixture{
		providers: all.All(all.Settings{}),
		table:     table{rows: map[string]event.Event{}},
		guards:    &guards{held: map[string]string{}, expires: map[string]time.Time{}},
		now:       time.UnixMilli(receivedAt),
	}
}

// handle returns the ids of the failed messages; the i-th record has id "i".
func (f *fixture) handle(t *testing.T, bodies ...string) []string {
	t.Helper()
	var batch events.SQSEvent
	for i, body := range bodies {
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId:  fmt.Sprint(i),
			Body:       body,
			Attributes: map[string]string{"ApproximateReceiveCount": "2"},
		})
	}
	clock := func() time.Time { return f.now }
	h := consumer.Handler{
		Providers:   f.providers,
		Table:       &f.table,
		DeadLetters: &f.deadLetters,
		Concurrency: 2,
		Now:         clock,
		Log:         function.NewLogger(&f.log, "DEBUG"),
		Metrics:     function.NewMetrics(&f.log, "test", clock),
	}
	if f.guards != nil {
		h.Guards = f.guards
	}
	answer, err := h.Handle(t.Context(), batch)
	require.NoError(t, err, "an error would fail the whole batch")
	failed := []string{}
	for _, failure := range answer.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}

// message returns the message of an event.
func message(id, payload string) string {
	return event.Encode(event.Event{
		Schema: event.Schema, ID: event.NewID("stripe", id), Timestamp: 1_780_000_000_000, Provider: "stripe",
		PayloadSHA256: event.HashPayload([]byte(payload)), Payload: []byte(payload),
	})
}

// reference returns the message of an event whose payload in S3 has that hash.
func reference(id, hash string) string {
	return event.Encode(event.Event{
		Schema: event.Schema, ID: event.NewID("stripe", id), Timestamp: 1_780_000_000_000, Provider: "stripe",
		PayloadSHA256: hash, PayloadRef: "oversize/stripe/" + hash,
	})
}

// received returns the message of a Stripe body as a processor writes it; one
// before contentSha256 existed if older, and one with the body in S3 if large.
func received(t *testing.T, members string, older, large bool) string {
	t.Helper()
	body := []byte(`{"id":"evt_1","created":1780000000,` + members + `}`)
	p, err := all.All(all.Settings{}).ByName("stripe")
	require.NoError(t, err)
	e, err := p.Event(body, provider.Origin{})
	require.NoError(t, err)
	e.Payload, e.PayloadSHA256 = body, event.HashPayload(body)
	if older {
		e.ContentSHA256 = ""
	}
	if large {
		e.Payload, e.PayloadRef = nil, "oversize/stripe/"+e.PayloadSHA256
	}
	return event.Encode(e)
}

func TestNewEventsAreStored(t *testing.T) {
	f := newFixture()

	failed := f.handle(t, message("evt_1", "{}"), message("evt_2", "{}"), message("evt_3", "{}"))

	assert.Empty(t, failed)
	assert.Len(t, f.table.rows, 3)
	assert.Contains(t, f.log.String(), `"Stored":3`)
}

// The alarm publisher-idle compares Stored with the publisher's invocations, and a slow message
// of the batch must not make the count later than they are.
func TestCountsHaveTheTimeOfTheStart(t *testing.T) {
	f := newFixture()
	f.table.before = func(context.Context, event.Event) error {
		f.now = f.now.Add(5 * time.Second)
		return nil
	}

	assert.Empty(t, f.handle(t, message("evt_1", "{}")))

	assert.Contains(t, f.log.String(), fmt.Sprintf(`"Timestamp":%d`, receivedAt))
}

func TestEmptyBatch(t *testing.T) {
	f := newFixture()
	assert.Empty(t, f.handle(t))
	assert.Empty(t, f.log.String())
}

func TestSecondEventWithTheSameKey(t *testing.T) {
	inS3 := func(payload string) string { return reference("evt_1", event.HashPayload([]byte(payload))) }
	inTrace := func(message string) string {
		return strings.Replace(message, `{`, `{"traceparent":"00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",`, 1)
	}
	const (
		charge = `"type":"charge.updated","api_version":"2026-03-25.dahlia","data":{"object":{"id":"ch_1","object":"charge"}}`
		again  = charge + `,"pending_webhooks":1`
		older  = `"type":"charge.updated","api_version":"2016-07-06","data":{"object":{"id":"ch_1","object":"charge","amount":1}}`
		other  = `"type":"charge.updated","api_version":"2016-07-06","data":{"object":{"id":"ch_2","object":"charge"}}`
		deep   = `"type":"charge.updated","a":`
	)
	nested := strings.Repeat("[", 9900) + strings.Repeat("]", 9900)
	for _, row := range []struct{ why, first, second, metric string }{
		{"SQS delivers at least once", message("evt_1", `{"a":1}`), message("evt_1", `{"a":1}`), "Duplicates"},
		{"Stripe counts pending_webhooks down", message("evt_1", `{"a":1,"pending_webhooks":2}`), message("evt_1", `{"a":1,"pending_webhooks":1}`), "Duplicates"},
		{"X-Ray traces the second delivery", message("evt_1", `{"a":1}`), inTrace(message("evt_1", `{"a":1}`)), "Duplicates"},
		{"another body in the same trace", inTrace(message("evt_1", `{"a":1}`)), inTrace(message("evt_1", `{"a":2}`)), "Conflicts"},
		{"the same body in S3", inS3(`{"a":1}`), inS3(`{"a":1}`), "Duplicates"},
		{"the same body, first in S3", inS3(`{"a":1}`), message("evt_1", `{"a":1}`), "Duplicates"},
		{"another body", message("evt_1", `{"a":1}`), message("evt_1", `{"a":2}`), "Conflicts"},
		{"another body in S3", inS3(`{"a":1}`), inS3(`{"a":2}`), "Conflicts"},
		{"another body in S3 with a similar hash", reference("evt_1", strings.Repeat("a", 64)), reference("evt_1", strings.Repeat("a", 63)+"b"), "Conflicts"},
		{"another body, now in S3", message("evt_1", `{"a":1}`), inS3(`{"a":2}`), "Conflicts"},
		{"a large body, redelivered", received(t, charge, false, true), received(t, again, false, true), "Duplicates"},
		{"a row of an earlier release", received(t, charge, true, false), received(t, again, false, false), "Duplicates"},
		{"a message of an earlier release", received(t, charge, false, false), received(t, again, true, false), "Duplicates"},
		{"a row of an earlier release, its body in S3", received(t, charge, true, true), received(t, again, false, true), "Conflicts"},
		{"in another API version", received(t, charge, false, false), received(t, older, false, false), "Duplicates"},
		{"large, in another API version", received(t, charge, true, true), received(t, older, false, true), "Duplicates"},
		{"of another object in another API version", received(t, charge, false, false), received(t, other, false, false), "Conflicts"},
		{"nested too deeply to be compared", received(t, deep+nested, false, false), received(t, deep+" "+nested, false, false), "Conflicts"},
		{"another body, first in S3", inS3(`{"a":1}`), message("evt_1", `{"a":2}`), "Conflicts"},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()

			assert.Empty(t, f.handle(t, row.first))
			assert.Empty(t, f.handle(t, row.second))

			first, err := event.Decode(row.first)
			require.NoError(t, err)
			assert.Equal(t, []event.Event{first}, slices.Collect(maps.Values(f.table.rows)), "the first event stays")
			assert.Contains(t, f.log.String(), fmt.Sprintf("%q:1", row.metric))
			if row.metric == "Conflicts" {
				assert.Equal(t, []string{row.second}, f.deadLetters.bodies, "the message unchanged")
				assert.Equal(t, "conflict", f.deadLetters.reason)
			} else {
				assert.Empty(t, f.deadLetters.bodies)
			}
		})
	}
}

// comparing counts the comparisons that run at the same time.
type comparing struct {
	provider.Provider
	now, most atomic.Int32
}

func (c *comparing) SameEvent(event.Event, event.Event) bool {
	c.most.Store(max(c.most.Load(), c.now.Add(1)))
	time.Sleep(time.Millisecond)
	c.now.Add(-1)
	return true
}

// TestOneComparisonAtATime bounds the memory of a batch: a comparison can need
// several times the memory of its bodies.
func TestOneComparisonAtATime(t *testing.T) {
	p, err := all.All(all.Settings{}).ByName("stripe")
	require.NoError(t, err)
	f, c := newFixture(), &comparing{Provider: p}
	f.providers = provider.Set{c}
	bodies := make([]string, 10)
	require.Empty(t, f.handle(t, message("evt_1", "{}")))
	for i := range bodies {
		bodies[i] = message("evt_1", fmt.Sprint(i))
	}

	require.Empty(t, f.handle(t, bodies...))

	assert.Equal(t, int32(1), c.most.Load())
	assert.Contains(t, f.log.String(), `"Duplicates":10`)
}

func TestConflictThatCannotBeSentFails(t *testing.T) {
	f := newFixture()
	require.Empty(t, f.handle(t, message("evt_1", `{"a":1}`)))
	f.deadLetters.err = errDown

	assert.Equal(t, []string{"0"}, f.handle(t, message("evt_1", `{"a":2}`)))
}

func TestFailedRecordDoesNotFailOthers(t *testing.T) {
	foreign := event.Encode(event.Event{
		Schema: event.Schema, ID: "klarna:1", Provider: "klarna", PayloadSHA256: event.HashPayload(nil),
	})
	for _, row := range []struct {
		why, poison, logged string
		before              func(context.Context, event.Event) error
	}{
		{"it is not an event message", "poison", "not an event message", nil},
		{"its provider is unknown after a rollback", foreign, "unknown provider", nil},
		{"the table refuses it", message("evt_bad", "{}"), "down", failFor("stripe:evt_bad", func() error { return errDown })},
		{"handling it panics", message("evt_bad", "{}"), "panic: boom", failFor("stripe:evt_bad", func() error { panic("boom") })},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			f.table.before = row.before

			failed := f.handle(t, message("evt_1", "{}"), row.poison, message("evt_3", "{}"))

			assert.Equal(t, []string{"1"}, failed)
			assert.Len(t, f.table.rows, 2)
			assert.Contains(t, f.log.String(), row.logged)
			assert.Contains(t, f.log.String(), `"messageId":"1","receiveCount":"2"`, "it can be found")
		})
	}
}

func failFor(id string, fail func() error) func(context.Context, event.Event) error {
	return func(_ context.Context, e event.Event) error {
		if e.ID == id {
			return fail()
		}
		return nil
	}
}
