package topic_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/topic"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

type client func(context.Context, *sns.PublishInput) error

func (c client) Publish(ctx context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	return &sns.PublishOutput{}, c(ctx, in)
}

const arn = "arn:aws:sns:us-east-1:000000000000:webhook-events-test"

func published(t *testing.T) cloudevent.Event {
	t.Helper()
	e, err := cloudevent.From("urn:paysluice:1:us-east-1:test", event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe", Category: event.PaymentSucceeded, Livemode: new(true),
	}, cloudevent.Stores{Table: "WebhookEvents-test"})
	require.NoError(t, err)
	return e
}

func TestPublish(t *testing.T) {
	e := published(t)
	for replay, want := range map[string]map[string]string{
		"":      {"provider": "stripe", "category": "payment.succeeded", "livemode": "true"},
		"run-1": {"provider": "stripe", "category": "payment.succeeded", "livemode": "true", "replay": "run-1"},
	} {
		var sent *sns.PublishInput
		target := topic.New(client(func(_ context.Context, in *sns.PublishInput) error {
			sent = in
			return nil
		}), arn, time.Second)

		require.NoError(t, target.Publish(t.Context(), e, replay))

		assert.Equal(t, arn, *sent.TopicArn)
		assert.Equal(t, e.Encode(), *sent.Message)
		got := map[string]string{}
		for name, a := range sent.MessageAttributes {
			assert.Equal(t, "String", *a.DataType)
			got[name] = *a.StringValue
		}
		assert.Equal(t, want, got, "SNS refuses an attribute without a value")
	}
}

func TestPublishFails(t *testing.T) {
	for _, row := range []struct {
		why     string
		err     error
		refused bool
	}{
		{"too large, or an attribute that SNS does not take", &types.InvalidParameterException{}, true},
		{"a value of an attribute", &types.InvalidParameterValueException{}, true},
		{"a parameter, in the words of newer errors", &types.ValidationException{}, true},
		{"a throttle", &types.ThrottledException{}, false},
		{"the topic is gone", &types.NotFoundException{}, false},
		{"a permission is missing", &types.AuthorizationErrorException{}, false},
		{"no connection", errors.New("reset"), false},
	} {
		err := topic.New(client(func(context.Context, *sns.PublishInput) error { return row.err }), arn, time.Second).
			Publish(t.Context(), published(t), "")
		require.ErrorIs(t, err, row.err, row.why)
		assert.Equal(t, row.refused, errors.Is(err, event.ErrRefused), row.why)
		assert.ErrorContains(t, err, arn, row.why)
	}
}

func TestPublishGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := topic.New(client(func(ctx context.Context, _ *sns.PublishInput) error {
			<-ctx.Done()
			return ctx.Err()
		}), arn, 3*time.Second)
		start := time.Now()
		require.ErrorIs(t, target.Publish(t.Context(), published(t), ""), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
