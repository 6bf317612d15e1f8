package query_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// unpublishedQueue is a queue in memory with what SQS adds. It fails the call named by
// broken.
type unpublishedQueue struct {
	*memory.SQS
	broken string
	now    time.Time
}

func (q *unpublishedQueue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, o ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if q.broken == "ReceiveMessage" {
		return nil, errDown
	}
	return q.SQS.ReceiveMessage(ctx, in, o...)
}

func (q *unpublishedQueue) ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	if q.broken == "ChangeMessageVisibility" {
		return nil, errDown
	}
	q.now = q.now.Add(time.Minute) // as if each was visible again
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

func (q *unpublishedQueue) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, o ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	if q.broken == "DeleteMessage" {
		return nil, errDown
	}
	return q.SQS.DeleteMessage(ctx, in, o...)
}

func newUnpublished(t *testing.T) (*unpublishedQueue, *query.UnpublishedReader) {
	t.Helper()
	q := &unpublishedQueue{now: time.UnixMilli(1_780_000_000_000)}
	q.SQS = memory.NewSQS(func() time.Time { return q.now }, memory.Disorder{})
	made, err := q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("webhook-unpublished-test")})
	require.NoError(t, err)
	for _, body := range []string{
		`{"eventId":"stripe:evt_1","timestamp":5,"reason":"refused"}`,
		`{"requestContext":{"condition":"RecordAgeExceeded"},"DDBStreamBatchInfo":{"shardId":"shard-1","startSequenceNumber":"1","endSequenceNumber":"7"}}`,
		`something else`,
	} {
		_, err := q.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: &body})
		require.NoError(t, err)
	}
	return q, &query.UnpublishedReader{Queue: q, URL: *made.QueueUrl}
}

func TestUnpublished(t *testing.T) {
	q, u := newUnpublished(t)
	found, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	var texts []string
	for _, m := range found {
		assert.EqualValues(t, 1_780_000_000_000, m.SentAt)
		texts = append(texts, m.EventID+"|"+m.Reason+"|"+m.Records)
	}
	assert.Equal(t, []string{
		"stripe:evt_1|refused|", "|RecordAgeExceeded|1 to 7 of shard-1", "|not a message of the publisher or of Lambda|",
	}, texts)
	hidden, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	assert.Empty(t, hidden, "others do not see them meanwhile")

	require.NoError(t, u.Release(t.Context(), found))
	again, err := u.Read(t.Context(), 2)
	require.NoError(t, err)
	assert.Len(t, again, 2, "they are still there")
	require.NoError(t, u.Remove(t.Context(), again))
	q.now = q.now.Add(time.Hour)
	left, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

func TestUnpublishedFails(t *testing.T) {
	for call, do := range map[string]func(*query.UnpublishedReader, []query.Unpublished) error{
		"ReceiveMessage": func(u *query.UnpublishedReader, _ []query.Unpublished) error {
			_, err := u.Read(t.Context(), 0)
			return err
		},
		"ChangeMessageVisibility": func(u *query.UnpublishedReader, m []query.Unpublished) error { return u.Release(t.Context(), m) },
		"DeleteMessage":           func(u *query.UnpublishedReader, m []query.Unpublished) error { return u.Remove(t.Context(), m) },
	} {
		q, u := newUnpublished(t)
		found, err := u.Read(t.Context(), 0)
		require.NoError(t, err)
		q.broken = call
		require.ErrorIs(t, do(u, found), errDown, call)
	}
	_, err := query.NewUnpublishedReader(&stack.Stack{})
	require.ErrorIs(t, err, query.ErrNoPublisher)
	_, err = query.NewUnpublishedReader(&stack.Stack{Outputs: map[string]string{"UnpublishedQueueUrl": "url"}})
	require.NoError(t, err)
}
