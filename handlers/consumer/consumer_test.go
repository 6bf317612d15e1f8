package consumer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

var errDown = errors.New("down")

// table keeps events as WebhookEvents does; before runs ahead of each put.
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

// queue keeps what it was sent, or refuses it.
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

// fixture is a consumer with everything around it.
type fixture struct {
	table       table
	deadLetters queue
	log         bytes.Buffer
}

func newFixture() *fixture {
	return &fixture{table: table{rows: map[string]event.Event{}}}
}

// handle returns the ids of the failed messages; the i-th record has id "i".
func (f *fixture) handle(ctx context.Context, t *testing.T, bodies ...string) []string {
	t.Helper()
	var batch events.SQSEvent
	for i, body := range bodies {
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId:  fmt.Sprint(i),
			Body:       body,
			Attributes: map[string]string{"ApproximateReceiveCount": "2"},
		})
	}
	h := consumer.Handler{
		Providers:   all.All(all.Settings{}),
		Table:       &f.table,
		DeadLetters: &f.deadLetters,
		Concurrency: 2,
		Log:         function.NewLogger(&f.log, "DEBUG"),
		Metrics:     function.NewMetrics(&f.log, "test", time.Now),
	}
	answer, err := h.Handle(ctx, batch)
	require.NoError(t, err, "an error would fail the whole batch")
	require.NotNil(t, answer.BatchItemFailures, "a null is not an answer")

	failed := []string{}
	for _, failure := range answer.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}

// message is an event on the queue.
func message(id, payload string) string {
	return event.Encode(event.Event{
		Schema: event.Schema, ID: event.NewID("stripe", id), Timestamp: 1_780_000_000_000, Provider: "stripe",
		PayloadSHA256: event.HashPayload([]byte(payload)), Payload: []byte(payload),
	})
}

func TestNewEventsAreStored(t *testing.T) {
	f := newFixture()

	failed := f.handle(t.Context(), t, message("evt_1", "{}"), message("evt_2", "{}"), message("evt_3", "{}"))

	assert.Empty(t, failed)
	assert.Len(t, f.table.rows, 3)
	assert.Contains(t, f.log.String(), `"Stored":3`)
}

func TestEmptyBatch(t *testing.T) {
	f := newFixture()
	assert.Empty(t, f.handle(t.Context(), t))
	assert.Empty(t, f.log.String())
}

func TestSameEventAgainIsADuplicate(t *testing.T) {
	for _, row := range []struct{ why, first, second string }{
		{"SQS delivers at least once", `{"a":1}`, `{"a":1}`},
		{"Stripe counts down between deliveries", `{"a":1,"pending_webhooks":2}`, `{"a":1,"pending_webhooks":1}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()

			failed := f.handle(t.Context(), t, message("evt_1", row.first), message("evt_1", row.second))

			assert.Empty(t, failed, "a duplicate is a success, within one batch too")
			assert.Len(t, f.table.rows, 1)
			assert.Contains(t, f.log.String(), `"Stored":1,"Duplicates":1`)
			assert.Empty(t, f.deadLetters.bodies)
		})
	}
}

func TestOtherContentUnderATakenKeyIsKeptAsAConflict(t *testing.T) {
	f := newFixture()
	require.Empty(t, f.handle(t.Context(), t, message("evt_1", `{"a":1}`)))

	failed := f.handle(t.Context(), t, message("evt_1", `{"a":2}`))

	assert.Empty(t, failed)
	assert.Equal(t, []string{message("evt_1", `{"a":2}`)}, f.deadLetters.bodies, "the message as it came")
	assert.Equal(t, "conflict", f.deadLetters.reason)
	assert.Contains(t, f.log.String(), `"Conflicts":1`)
	for _, kept := range f.table.rows {
		assert.Equal(t, `{"a":1}`, string(kept.Payload), "the first body stays")
	}
}

func TestConflictThatCannotBeKeptIsReceivedAgain(t *testing.T) {
	f := newFixture()
	require.Empty(t, f.handle(t.Context(), t, message("evt_1", `{"a":1}`)))
	f.deadLetters.err = errDown

	assert.Equal(t, []string{"0"}, f.handle(t.Context(), t, message("evt_1", `{"a":2}`)))
}

// TestPoisonFailsAlone holds that whatever is wrong with one record, the ones
// beside it are stored.
func TestPoisonFailsAlone(t *testing.T) {
	foreign := event.Encode(event.Event{
		Schema: event.Schema, ID: "klarna:1", Provider: "klarna", PayloadSHA256: event.HashPayload(nil),
	})
	for _, row := range []struct {
		why, poison, logged string
		before              func(context.Context, event.Event) error
	}{
		{"it is no message of ours", "poison", "not an event message", nil},
		{"its provider is unknown, as after a rollback", foreign, "unknown provider", nil},
		{"the table refuses it", message("evt_bad", "{}"), "down", failFor("stripe:evt_bad", func() error { return errDown })},
		{"it makes the code panic", message("evt_bad", "{}"), "panic: boom", failFor("stripe:evt_bad", func() error { panic("boom") })},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			f.table.before = row.before

			failed := f.handle(t.Context(), t, message("evt_1", "{}"), row.poison, message("evt_3", "{}"))

			assert.Equal(t, []string{"1"}, failed)
			assert.Len(t, f.table.rows, 2)
			assert.Contains(t, f.log.String(), row.logged)
			assert.Contains(t, f.log.String(), `"messageId":"1","receiveCount":"2"`, "enough to find it again")
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

func TestFailureNamesTheEvent(t *testing.T) {
	f := newFixture()
	f.table.before = func(context.Context, event.Event) error { return errDown }

	f.handle(t.Context(), t, message("evt_1", "marked payload"))

	assert.Contains(t, f.log.String(), `"eventId":"stripe:evt_1","provider":"stripe"`)
	assert.NotContains(t, f.log.String(), "marked")
}

func TestWritesRunConcurrentlyWithinTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.table.before = func(context.Context, event.Event) error {
			time.Sleep(time.Second)
			return nil
		}
		start := time.Now()

		f.handle(t.Context(), t, message("a", "{}"), message("b", "{}"), message("c", "{}"), message("d", "{}"))

		assert.Equal(t, 2*time.Second, time.Since(start), "four writes of a second, two at a time")
	})
}

// TestThrottledRecordsCostOnlyTheirOwnReceives has a table that refuses some
// keys for as long as the client retries, as a hot partition does.
func TestThrottledRecordsCostOnlyTheirOwnReceives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.table.before = func(ctx context.Context, e event.Event) error {
			if e.ID == "stripe:healthy" {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()

		failed := f.handle(ctx, t, message("hot1", "{}"), message("hot2", "{}"), message("hot3", "{}"), message("healthy", "{}"))

		assert.Equal(t, []string{"0", "1", "2"}, failed, "the last one waits for a slot, and is stored all the same")
		assert.Len(t, f.table.rows, 1)
		assert.LessOrEqual(t, time.Since(start), 28*time.Second, "two seconds are left to answer")
	})
}

// large is an event on the queue whose payload is in S3.
func large(id, payload string) string {
	return referring(id, event.HashPayload([]byte(payload)))
}

// referring is an event on the queue whose payload in S3 has that hash.
func referring(id, hash string) string {
	return event.Encode(event.Event{
		Schema: event.Schema, ID: event.NewID("stripe", id), Timestamp: 1_780_000_000_000, Provider: "stripe",
		PayloadSHA256: hash, PayloadRef: "oversize/stripe/" + hash,
	})
}

func TestEventsByReferenceAreComparedByHash(t *testing.T) {
	for _, row := range []struct{ why, first, second, metric string }{
		{"the same body", large("evt_1", `{"a":1}`), large("evt_1", `{"a":1}`), "Duplicates"},
		{"the limit was lower when it was first sent", large("evt_1", `{"a":1}`), message("evt_1", `{"a":1}`), "Duplicates"},
		{"another body", large("evt_1", `{"a":1}`), large("evt_1", `{"a":2}`), "Conflicts"},
		{"another body, with nearly the same hash", referring("evt_1", strings.Repeat("a", 64)), referring("evt_1", strings.Repeat("a", 63)+"b"), "Conflicts"},
		{"another body, that is there", message("evt_1", `{"a":1}`), large("evt_1", `{"a":2}`), "Conflicts"},
		{"another body, that was there", large("evt_1", `{"a":1}`), message("evt_1", `{"a":2}`), "Conflicts"},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			require.Empty(t, f.handle(t.Context(), t, row.first))

			assert.Empty(t, f.handle(t.Context(), t, row.second))

			assert.Len(t, f.table.rows, 1)
			assert.Contains(t, f.log.String(), fmt.Sprintf("%q:1", row.metric))
		})
	}
}
