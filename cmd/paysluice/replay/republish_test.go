package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/publisher"
)

// stage is the publishing stage of a stack: its table, the publisher and what that has
// published.
type stage struct {
	*cloud
	stored    []event.Event
	published []string
	invoked   int
	largest   int // request
	// before runs before each publication, after replaces the function's answer.
	before func(id string) error
	after  func(*lambda.InvokeOutput) (*lambda.InvokeOutput, error)
	full   error
	// spoiled has the ids of rows that are not events.
	spoiled map[string]bool
}

// row yields a row with the given fields.
func (s *stage) row(e event.Event, yield func(event.Event, error) bool) bool {
	if s.spoiled[e.ID] {
		return yield(event.Event{ID: e.ID, Timestamp: e.Timestamp}, fmt.Errorf("row of %s: %w", e.ID, table.ErrItem))
	}
	return yield(e, nil)
}

func newStage(c *cloud, n int, payload string) *stage {
	s := &stage{cloud: c}
	for i := range n {
		s.stored = append(s.stored, event.Event{
			Schema: event.Schema, ID: fmt.Sprintf("stripe:evt_%03d", i), Timestamp: int64(i + 1), Provider: "stripe",
			Category: event.PaymentSucceeded, Payload: []byte(payload),
		})
	}
	return s
}

func (s *stage) list() iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, e := range s.stored {
			if !s.row(event.Event{ID: e.ID, Timestamp: e.Timestamp, Provider: e.Provider, Category: e.Category}, yield) {
				return
			}
		}
	}
}

func (s *stage) Full(_ context.Context, list iter.Seq2[event.Event, error]) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for key := range list {
			if s.full != nil {
				yield(event.Event{}, s.full)
				return
			}
			for _, e := range s.stored {
				if e.ID == key.ID && e.Timestamp == key.Timestamp && !s.row(e, yield) {
					return
				}
			}
		}
	}
}

// Publish is the topic.
func (s *stage) Publish(_ context.Context, e cloudevent.Event, replay string) error {
	if s.before != nil {
		if err := s.before(e.Data.ID); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.published = append(s.published, e.Data.ID+" "+replay)
	return nil
}

// named is webhook-unpublished.
type named struct{}

func (named) Send(context.Context, string, string) error { return nil }

// Invoke runs the publisher.
func (s *stage) Invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	s.invoked++
	s.largest = max(s.largest, len(in.Payload))
	batch, err := function.DecodeJSON[publisher.Batch](in.Payload)
	if err != nil {
		return nil, err
	}
	h := &publisher.Handler{
		Target: s, Unpublished: named{}, Source: "urn:paysluice:1:us-east-1:test", Log: function.NewLogger(io.Discard, contract.LogLevelInfo),
		Metrics: function.NewMetrics(io.Discard, "test", time.Now), Now: time.Now,
	}
	answer, err := h.Handle(ctx, batch)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(answer)
	out := &lambda.InvokeOutput{Payload: payload}
	if s.after != nil {
		return s.after(out)
	}
	return out, err
}

func (s *stage) republisher() *replay.Republisher {
	return &replay.Republisher{
		Records: s.records(replay.Republication), Events: s, Function: s, FunctionName: "event-publisher-test",
		Rate: replay.MaxRate, Sleep: replay.Sleep,
	}
}

// begin starts a run of all events.
func (s *stage) begin(t *testing.T) *replay.Run {
	t.Helper()
	p := s.republisher()
	plan, err := p.Plan(replay.Selection{EventIDs: []string{"all"}}, s.list(), ignore)
	require.NoError(t, err)
	run, err := p.Start(t.Context(), p.NewID(), plan, "me")
	require.NoError(t, err)
	return run
}

func TestRepublish(t *testing.T) {
	test(t, 0, func(t *testing.T, c *cloud) {
		s := newStage(c, 250, "body")
		s.stored[7].Category = event.RefundSucceeded
		run := s.begin(t)
		assert.Equal(t, []replay.Group{
			{Provider: "stripe", Category: "payment.succeeded", Count: 249, Samples: []string{"stripe:evt_000", "stripe:evt_001", "stripe:evt_002"}},
			{Provider: "stripe", Category: "refund.succeeded", Count: 1, Samples: []string{"stripe:evt_007"}},
		}, run.Groups)

		p, start := s.republisher(), time.Now()
		p.Rate = 50
		gone := s.stored[3]
		s.stored = append(s.stored[:3:3], s.stored[4:]...) // TTL deletes it after the plan
		require.NoError(t, p.Run(t.Context(), run, ignore))

		assert.Equal(t, 5*time.Second, time.Since(start).Round(time.Second), "50 a second")
		assert.Len(t, s.published, 249)
		for _, e := range s.stored {
			assert.Contains(t, s.published, e.ID+" "+run.ID, "each with the id of the run")
		}
		assert.NotContains(t, strings.Join(s.published, ","), gone.ID)
		assert.Equal(t, 1, run.Dropped())
		again, err := p.Load(t.Context(), run.ID)
		require.NoError(t, err)
		assert.Equal(t, 250, again.Done(), "the record has the result")
		require.NoError(t, p.Run(t.Context(), again, ignore))
		assert.Len(t, s.published, 249, "a finished run publishes nothing")

		runs, err := p.Runs(t.Context(), time.Time{})
		require.NoError(t, err)
		require.Len(t, runs, 1)
		assert.Equal(t, []any{replay.Republication, 250, 250, "me"}, []any{runs[0].Kind, runs[0].Done, runs[0].Total, runs[0].Who})
		replays, err := c.engine().Runs(t.Context(), time.Time{})
		require.NoError(t, err)
		assert.Empty(t, replays, "a republication is no replay")
		_, err = c.engine().Load(t.Context(), run.ID)
		require.ErrorIs(t, err, replay.ErrNotFound)
		assert.ErrorContains(t, err, "is a run of paysluice events republish")
		_, err = c.engine().Summary(t.Context(), run.ID)
		assert.ErrorContains(t, err, "is a run of paysluice events republish")
		_, err = p.Load(t.Context(), "none")
		assert.ErrorContains(t, err, "paysluice events republish list shows them")
	})
}

// An event that the topic refuses again is not sent, and the record says why.
func TestRepublishRefused(t *testing.T) {
	test(t, 0, func(t *testing.T, c *cloud) {
		s := newStage(c, 3, "body")
		s.before = func(id string) error {
			if id == "stripe:evt_001" {
				return event.ErrRefused
			}
			return nil
		}
		run := s.begin(t)
		require.NoError(t, s.republisher().Run(t.Context(), run, ignore))
		assert.Len(t, s.published, 2)
		again, err := s.republisher().Load(t.Context(), run.ID)
		require.NoError(t, err)
		for _, r := range []*replay.Run{run, again} {
			assert.Equal(t, []int{3, 1, 1}, []int{r.Done(), r.Dropped(), r.Unpublished()})
		}
	})
}

// A row that is not an event is dropped with its reason, and holds up no other. Some are found
// with the plan, and some later.
func TestRepublishUnreadable(t *testing.T) {
	test(t, 0, func(t *testing.T, c *cloud) {
		s := newStage(c, 4, "body")
		s.spoiled = map[string]bool{"stripe:evt_001": true}
		p := s.republisher()
		plan, err := p.Plan(replay.Selection{EventIDs: []string{"all"}}, s.list(), ignore)
		require.NoError(t, err)
		assert.Equal(t, []replay.Group{
			{Provider: "stripe", Category: "payment.succeeded", Count: 3, Samples: []string{"stripe:evt_000", "stripe:evt_002", "stripe:evt_003"}},
			{Provider: "stripe", Skipped: "the row is not an event", Count: 1, Samples: []string{"stripe:evt_001"}},
		}, plan.Groups)
		run, err := p.Start(t.Context(), p.NewID(), plan, "me")
		require.NoError(t, err)
		s.spoiled["stripe:evt_002"] = true
		require.NoError(t, p.Run(t.Context(), run, ignore))
		assert.Equal(t, []string{"stripe:evt_000 " + run.ID, "stripe:evt_003 " + run.ID}, slices.Sorted(slices.Values(s.published)))
		again, err := p.Load(t.Context(), run.ID)
		require.NoError(t, err)
		for _, r := range []*replay.Run{run, again} {
			assert.Equal(t, []int{4, 2, 0}, []int{r.Done(), r.Dropped(), r.Unpublished()})
			assert.Equal(t, []string{"row of stripe:evt_001: not an event item", "row of stripe:evt_002: not an event item"}, r.Unreadable())
		}
	})
}

// A request of Lambda has at most 6 MB.
func TestRepublishLargeEvents(t *testing.T) {
	test(t, 0, func(t *testing.T, c *cloud) {
		s := newStage(c, 30, strings.Repeat("x", event.MaxInline))
		require.NoError(t, s.republisher().Run(t.Context(), s.begin(t), ignore))
		assert.Len(t, s.published, 30)
		assert.Equal(t, 2, s.invoked)
		assert.Less(t, s.largest, 6_000_000)
	})
}

// A stopped run is resumed where the publisher stopped.
func TestRepublishResumes(t *testing.T) {
	for _, row := range []struct {
		why  string
		fail func(*stage, func())
		err  error
		left int // to be published
	}{
		{"the topic is down", func(s *stage, _ func()) { s.before = func(id string) error { return downAfter(id, "stripe:evt_004") } }, replay.ErrStopped, 6},
		{"the publisher crashes", func(s *stage, _ func()) {
			s.after = func(*lambda.InvokeOutput) (*lambda.InvokeOutput, error) {
				return &lambda.InvokeOutput{FunctionError: new("Unhandled"), Payload: []byte(`{"errorType":"OutOfMemory"}`)}, nil
			}
		}, replay.ErrStopped, 10},
		{"an answer of another function", func(s *stage, _ func()) {
			s.after = func(*lambda.InvokeOutput) (*lambda.InvokeOutput, error) {
				return &lambda.InvokeOutput{Payload: []byte("x")}, nil
			}
		}, replay.ErrStopped, 10},
		{"a record that was not sent", func(s *stage, _ func()) {
			s.after = func(*lambda.InvokeOutput) (*lambda.InvokeOutput, error) {
				return &lambda.InvokeOutput{Payload: []byte(`{"batchItemFailures":[{"itemIdentifier":"99"}]}`)}, nil
			}
		}, replay.ErrStopped, 10},
		{"Lambda is down", func(s *stage, _ func()) {
			s.after = func(*lambda.InvokeOutput) (*lambda.InvokeOutput, error) { return nil, errDown }
		}, errDown, 10},
		{"the table is down", func(s *stage, _ func()) { s.full = errDown }, errDown, 10},
		{"the record is not written", func(s *stage, _ func()) { s.hooks["PutObject"] = func() error { return errDown } }, errDown, 10},
		{"an interrupt", func(s *stage, cancel func()) {
			s.after = func(out *lambda.InvokeOutput) (*lambda.InvokeOutput, error) { cancel(); return out, nil }
		}, context.Canceled, 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			test(t, 0, func(t *testing.T, c *cloud) {
				s := newStage(c, 10, "body")
				run := s.begin(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				row.fail(s, cancel)
				require.ErrorIs(t, s.republisher().Run(ctx, run, ignore), row.err)

				s.before, s.after, s.full, s.published = nil, nil, nil, nil
				clear(s.hooks)
				p := s.republisher()
				resumed, err := p.Load(t.Context(), run.ID)
				require.NoError(t, err)
				require.NoError(t, p.Run(t.Context(), resumed, ignore))
				assert.Len(t, s.published, row.left)
			})
		})
	}
}

// downAfter fails for an id and all greater ones.
func downAfter(id, first string) error {
	if id >= first {
		return errDown
	}
	return nil
}

func TestRepublishPlanFails(t *testing.T) {
	_, err := (&replay.Republisher{}).Plan(replay.Selection{}, func(yield func(event.Event, error) bool) { yield(event.Event{}, errDown) }, ignore)
	require.ErrorIs(t, err, errDown)
}
