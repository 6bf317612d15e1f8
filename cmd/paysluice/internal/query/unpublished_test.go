package query_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
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
	failed []types.BatchResultErrorEntry // the answer to each batch
	expire bool                          // whether receipts are over when messages are deleted
	now    time.Time
	slow   time.Duration // of each receive
	calls  []int         // entries of each batch
}

func (q *unpublishedQueue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, o ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if q.broken == "ReceiveMessage" {
		return nil, errDown
	}
	q.now = q.now.Add(q.slow)
	return q.SQS.ReceiveMessage(ctx, in, o...)
}

// ChangeMessageVisibilityBatch is as if each message was visible again.
func (q *unpublishedQueue) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	if q.broken == "ChangeMessageVisibilityBatch" {
		return nil, errDown
	}
	q.now, q.calls = q.now.Add(time.Minute), append(q.calls, len(in.Entries))
	return &sqs.ChangeMessageVisibilityBatchOutput{Failed: q.failed}, nil
}

func (q *unpublishedQueue) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	if q.broken == "DeleteMessageBatch" {
		return nil, errDown
	}
	q.calls = append(q.calls, len(in.Entries))
	out := &sqs.DeleteMessageBatchOutput{Failed: q.failed}
	for _, e := range in.Entries {
		if q.expire {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: new("InvalidParameterValue")})
			continue
		}
		if _, err := q.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: in.QueueUrl, ReceiptHandle: e.ReceiptHandle}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func newUnpublished(t *testing.T) (*unpublishedQueue, *query.UnpublishedReader) {
	t.Helper()
	q := &unpublishedQueue{now: time.UnixMilli(1_780_000_000_000)}
	q.SQS = memory.NewSQS(func() time.Time { return q.now }, memory.Disorder{})
	made, err := q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("webhook-unpublished-test")})
	require.NoError(t, err)
	for _, body := range []string{
		`{"eventId":"stripe:evt_1","timestamp":5,"reason":"refused"}`,
		`{"requestContext":{"condition":"RecordAgeExceeded"},"DDBStreamBatchInfo":{"shardId":"shard-1","startSequenceNumber":"1","endSequenceNumber":"7",
			"approximateArrivalOfFirstRecord":"2026-11-01T10:00:00Z","approximateArrivalOfLastRecord":"2026-11-01T10:00:05.5Z"}}`,
		`something else`,
	} {
		_, err := q.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: &body})
		require.NoError(t, err)
	}
	return q, &query.UnpublishedReader{Queue: q, URL: *made.QueueUrl}
}

func TestUnpublished(t *testing.T) {
	q, u := newUnpublished(t)
	found, all, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	assert.True(t, all)
	var texts []string
	for _, m := range found {
		assert.EqualValues(t, 1_780_000_000_000, m.SentAt)
		texts = append(texts, m.EventID+"|"+m.Reason+"|"+m.Records)
	}
	assert.Equal(t, []string{
		"stripe:evt_1|refused|", "|RecordAgeExceeded|1 to 7 of shard-1", "|not a message of the publisher or of Lambda|",
	}, texts)
	hidden, _, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	assert.Empty(t, hidden, "others do not see them meanwhile")

	require.NoError(t, u.Release(t.Context(), found))
	again, all, err := u.Read(t.Context(), 2)
	require.NoError(t, err)
	assert.Len(t, again, 2, "they are still there")
	assert.False(t, all)
	q.expire = true
	left, err := u.Remove(t.Context(), again)
	require.NoError(t, err)
	assert.Equal(t, again, left, "nothing was deleted")
	q.expire = false
	left, err = u.Remove(t.Context(), again)
	require.NoError(t, err)
	assert.Empty(t, left)
	q.now = q.now.Add(time.Hour)
	kept, _, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	assert.Len(t, kept, 1)
}

// What Lambda gave up was received before it was stored, as long before as webhook-queue keeps it.
func TestReceived(t *testing.T) {
	_, u := newUnpublished(t)
	found, _, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	span := func(messages []query.Unpublished) string {
		since, until, ok := query.Received(messages)
		return fmt.Sprint(ok, " ", since.Format(time.RFC3339), " ", until.Format(time.RFC3339))
	}
	assert.Equal(t, "true 2026-10-25T09:59:00Z 2026-11-01T10:01:06Z", span(found))
	other := query.Unpublished{Records: "1 to 2 of shard-2", FirstStoredAt: found[1].FirstStoredAt + 1000, LastStoredAt: found[1].LastStoredAt + 60_000}
	assert.Equal(t, "true 2026-10-25T09:59:00Z 2026-11-01T10:02:06Z", span(append(found, other)))
	_, _, ok := query.Received(found[:1])
	assert.False(t, ok, "Lambda wrote none of them")
}

// Messages of a long queue are visible again before the last is read.
func TestUnpublishedLongQueue(t *testing.T) {
	q, u := newUnpublished(t)
	for i := range 122 {
		_, err := q.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &u.URL, MessageBody: new(fmt.Sprint(i))})
		require.NoError(t, err)
	}
	q.slow = 10 * time.Second
	found, all, err := u.Read(t.Context(), 0)
	require.NoError(t, err)
	assert.False(t, all)
	assert.Greater(t, len(found), 50)
	assert.LessOrEqual(t, len(found), 70, "the first that comes again is the end")
	_, err = u.Remove(t.Context(), found)
	require.NoError(t, err)
	assert.Equal(t, 125-len(found), q.Len(u.URL), "each is listed once, and its latest receipt deletes it")
	for _, n := range q.calls {
		assert.LessOrEqual(t, n, 10)
	}
}

// A message that is visible again needs no release.
func TestUnpublishedBatchAnswers(t *testing.T) {
	for code, refused := range map[string]bool{
		"MessageNotInflight": false, "AWS.SimpleQueueService.MessageNotInflight": false, "ReceiptHandleIsInvalid": false,
		"InvalidParameterValue": false, "InternalError": true,
	} {
		q, u := newUnpublished(t)
		found, _, err := u.Read(t.Context(), 0)
		require.NoError(t, err)
		q.failed = []types.BatchResultErrorEntry{{Id: new("0"), Code: &code}}
		left, removal := u.Remove(t.Context(), found)
		if !refused {
			assert.Equal(t, found[:1], left, "it is read again")
		}
		for _, err := range []error{u.Release(t.Context(), found), removal} {
			assert.Equal(t, refused, err != nil, code)
			if refused {
				assert.ErrorContains(t, err, "SQS refuses a message: InternalError")
			}
		}
	}
}

func TestUnpublishedFails(t *testing.T) {
	for call, do := range map[string]func(*query.UnpublishedReader, []query.Unpublished) error{
		"ReceiveMessage": func(u *query.UnpublishedReader, _ []query.Unpublished) error {
			_, _, err := u.Read(t.Context(), 0)
			return err
		},
		"ChangeMessageVisibilityBatch": func(u *query.UnpublishedReader, m []query.Unpublished) error { return u.Release(t.Context(), m) },
		"DeleteMessageBatch": func(u *query.UnpublishedReader, m []query.Unpublished) error {
			_, err := u.Remove(t.Context(), m)
			return err
		},
	} {
		q, u := newUnpublished(t)
		found, _, err := u.Read(t.Context(), 0)
		require.NoError(t, err)
		q.broken = call
		require.ErrorIs(t, do(u, found), errDown, call)
	}
	_, err := query.NewUnpublishedReader(&stack.Stack{})
	require.ErrorIs(t, err, query.ErrNoPublisher)
	_, err = query.NewUnpublishedReader(&stack.Stack{Outputs: map[string]string{"UnpublishedQueueUrl": "url"}})
	require.NoError(t, err)
}
