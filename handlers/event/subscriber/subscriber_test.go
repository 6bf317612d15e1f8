package subscriber_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/event/subscriber"
)

func published(t *testing.T) cloudevent.Event {
	t.Helper()
	e, err := cloudevent.From(cloudevent.Source("123456789012", "us-east-1", "prod"), event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe", Category: event.Other,
	}, cloudevent.Stores{Table: "WebhookEvents-prod"})
	require.NoError(t, err)
	return e
}

// inbox is an inbox in memory, whose first conflicts fail.
type inbox struct {
	keys      map[string]int
	conflicts int
	err       error
}

func (i *inbox) Apply(_ context.Context, key string, effect int) (bool, error) {
	if i.conflicts > 0 {
		i.conflicts--
		return false, subscriber.ErrConflict
	}
	if _, ok := i.keys[key]; ok || i.err != nil {
		return false, i.err
	}
	i.keys[key] = effect
	return true, nil
}

func TestReceive(t *testing.T) {
	down := errors.New("down")
	e := published(t)
	for _, row := range []struct {
		why       string
		inbox     inbox
		message   string
		failing   error
		want      error
		computed  int
		unapplied bool
	}{
		{why: "an event", message: e.Encode(), computed: 1},
		{why: "a conflict is computed again", inbox: inbox{conflicts: 4}, message: e.Encode(), computed: 5},
		{why: "not for ever", inbox: inbox{conflicts: 5}, message: e.Encode(), computed: 5, want: subscriber.ErrConflict, unapplied: true},
		{why: "a store that is down", inbox: inbox{err: down}, message: e.Encode(), computed: 1, want: down, unapplied: true},
		{why: "an effect that cannot be computed", message: e.Encode(), failing: down, computed: 1, want: down, unapplied: true},
		{why: "no event", message: "hello", want: cloudevent.ErrInvalid, unapplied: true},
	} {
		t.Run(row.why, func(t *testing.T) {
			row.inbox.keys = map[string]int{}
			computed := 0
			s := subscriber.New(&row.inbox, func(_ context.Context, given cloudevent.Event) (int, error) {
				computed++
				assert.Equal(t, e, given)
				return computed, row.failing
			})
			_, first, err := s.Receive(t.Context(), row.message)
			require.ErrorIs(t, err, row.want)
			assert.Equal(t, !row.unapplied, first)
			assert.Equal(t, row.computed, computed)
			if row.unapplied {
				assert.Empty(t, row.inbox.keys)
				return
			}
			assert.Equal(t, map[string]int{"urn:paysluice:123456789012:us-east-1:prod#" + e.ID: computed}, row.inbox.keys)
			_, first, err = s.Receive(t.Context(), row.message)
			require.NoError(t, err)
			assert.False(t, first, "a duplicate")
		})
	}
}

// A corrected event is no duplicate of the first, and neither is one id with another time.
func TestReceiveCorrected(t *testing.T) {
	i := inbox{keys: map[string]int{}}
	s := subscriber.New(&i, func(context.Context, cloudevent.Event) (int, error) { return 1, nil })
	stored := event.Event{Schema: event.Schema, ID: "stripe:evt_1", Timestamp: 1, Provider: "stripe", Category: event.Other, PayloadSHA256: event.HashPayload([]byte("1"))}
	corrected, later := stored, stored
	corrected.PayloadSHA256 = event.HashPayload([]byte("2"))
	later.Timestamp = 2
	for round, first := range []bool{true, false} {
		for why, e := range map[string]event.Event{"first": stored, "corrected": corrected, "later": later} {
			message, err := cloudevent.From("urn:paysluice:1:us-east-1:prod", e, cloudevent.Stores{Table: "t"})
			require.NoError(t, err)
			_, applied, err := s.Receive(t.Context(), message.Encode())
			require.NoError(t, err)
			assert.Equal(t, first, applied, "%s, delivery %d", why, round+1)
		}
	}
}

func TestDecode(t *testing.T) {
	e := published(t)
	sns, err := json.Marshal(map[string]any{"Type": "Notification", "MessageId": "1", "Message": e.Encode()})
	require.NoError(t, err)
	bus, err := json.Marshal(map[string]any{"version": "0", "detail-type": e.Type, "source": e.Source, "detail": json.RawMessage(e.Encode())})
	require.NoError(t, err)
	for why, message := range map[string]string{"raw": e.Encode(), "SNS": string(sns), "EventBridge": string(bus)} {
		got, err := subscriber.Decode(message)
		require.NoError(t, err, why)
		assert.Equal(t, e, got, why)
	}
	_, err = subscriber.Decode(`{"Type":"SubscriptionConfirmation"}`)
	require.ErrorIs(t, err, cloudevent.ErrInvalid)
}
