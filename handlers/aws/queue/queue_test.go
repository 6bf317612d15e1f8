package queue_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/queue"
)

type client func(context.Context, *sqs.SendMessageInput) error

func (c client) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return &sqs.SendMessageOutput{}, c(ctx, in)
}

const url = "https://sqs.us-east-1.amazonaws.com/1/webhook-queue-test"

func TestSend(t *testing.T) {
	var sent *sqs.SendMessageInput
	s := queue.NewSender(client(func(_ context.Context, in *sqs.SendMessageInput) error {
		sent = in
		return nil
	}), url, time.Second)

	require.NoError(t, s.Send(t.Context(), "body", ""))
	assert.Equal(t, url, *sent.QueueUrl)
	assert.Equal(t, "body", *sent.MessageBody)
	assert.Empty(t, sent.MessageAttributes, "SQS refuses an attribute without a value")

	require.NoError(t, s.SendInGroup(t.Context(), "body", "stripe-late"))
	assert.Equal(t, url, *sent.QueueUrl)
	assert.Equal(t, "body", *sent.MessageBody)
	assert.Equal(t, "stripe-late", *sent.MessageGroupId)

	require.NoError(t, s.Send(t.Context(), "body", "conflict"))
	assert.Nil(t, sent.MessageGroupId)
	reason := sent.MessageAttributes["failureReason"]
	assert.Equal(t, "String", *reason.DataType)
	assert.Equal(t, "conflict", *reason.StringValue)
}

func TestSendReportsRefusal(t *testing.T) {
	refused := errors.New("AccessDenied")
	s := queue.NewSender(client(func(context.Context, *sqs.SendMessageInput) error { return refused }), url, time.Second)

	err := s.Send(t.Context(), "body", "")

	require.ErrorIs(t, err, refused)
	assert.ErrorContains(t, err, url, "it says which queue")
}

func TestSendGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := queue.NewSender(client(func(ctx context.Context, _ *sqs.SendMessageInput) error {
			<-ctx.Done()
			return ctx.Err()
		}), url, 3*time.Second)
		start := time.Now()

		require.ErrorIs(t, s.Send(t.Context(), "body", ""), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
