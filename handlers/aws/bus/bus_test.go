package bus_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bus"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

type client func(context.Context, *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error)

func (c client) PutEvents(ctx context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	return c(ctx, in)
}

const name = "webhook-events-test"

func published(t *testing.T) cloudevent.Event {
	t.Helper()
	e, err := cloudevent.From("urn:paysluice:1:us-east-1:test", event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe", Category: event.PaymentSucceeded,
	}, cloudevent.Stores{Table: "WebhookEvents-test"})
	require.NoError(t, err)
	return e
}

func TestPublish(t *testing.T) {
	e := published(t)
	for replay, want := range map[string]string{
		"":        e.Encode(),
		`a "run"`: `{"replay":"a \"run\"",` + e.Encode()[1:],
	} {
		var sent *eventbridge.PutEventsInput
		target := bus.New(client(func(_ context.Context, in *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
			sent = in
			return &eventbridge.PutEventsOutput{Entries: []types.PutEventsResultEntry{{EventId: new("1")}}}, nil
		}), name, time.Second)

		require.NoError(t, target.Publish(t.Context(), e, replay))

		require.Len(t, sent.Entries, 1)
		entry := sent.Entries[0]
		assert.Equal(t, name, *entry.EventBusName)
		assert.Equal(t, e.Source, *entry.Source)
		assert.Equal(t, e.Type, *entry.DetailType)
		assert.Equal(t, want, *entry.Detail)
		decoded, err := cloudevent.Decode([]byte(*entry.Detail))
		require.NoError(t, err)
		assert.Equal(t, e, decoded, "a replay is the same event")
	}
	for _, c := range event.Categories() {
		assert.LessOrEqual(t, len(cloudevent.TypePrefix+string(c)), 128, "the maximum of a detail type")
	}
}

func TestPublishFails(t *testing.T) {
	entry := func(code string) *eventbridge.PutEventsOutput {
		return &eventbridge.PutEventsOutput{FailedEntryCount: 1, Entries: []types.PutEventsResultEntry{{ErrorCode: &code}}}
	}
	for _, row := range []struct {
		why     string
		out     *eventbridge.PutEventsOutput
		err     error
		refused bool
	}{
		{"the detail, with status 200", entry("MalformedDetail"), nil, true},
		{"an argument, with status 200", entry("InvalidArgument"), nil, true},
		{"a throttle, with status 200", entry("ThrottlingException"), nil, false},
		{"a permission, with status 200", entry("AccessDeniedException"), nil, false},
		{"a failure without a reason", &eventbridge.PutEventsOutput{FailedEntryCount: 1, Entries: make([]types.PutEventsResultEntry, 1)}, nil, false},
		{"no entry", &eventbridge.PutEventsOutput{}, nil, false},
		{"the entry is too large", nil, &smithy.GenericAPIError{Code: "ValidationException"}, true},
		{"EventBridge fails", nil, &types.InternalException{}, false},
		{"no connection", nil, errors.New("reset"), false},
	} {
		err := bus.New(client(func(context.Context, *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
			return row.out, row.err
		}), name, time.Second).Publish(t.Context(), published(t), "")
		want := row.err
		if want == nil {
			want = bus.ErrEntry
		}
		require.ErrorIs(t, err, want, row.why)
		assert.Equal(t, row.refused, errors.Is(err, event.ErrRefused), row.why)
		assert.ErrorContains(t, err, name, row.why)
	}
}

func TestPublishGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := bus.New(client(func(ctx context.Context, _ *eventbridge.PutEventsInput) (*eventbridge.PutEventsOutput, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}), name, 3*time.Second)
		start := time.Now()
		require.ErrorIs(t, target.Publish(t.Context(), published(t), ""), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
