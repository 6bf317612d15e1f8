package memory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/simulation/memory"
)

// The package conformance tests what AWS documents. These tests are about what a
// caller of memory can add.

func newQueue(t *testing.T, disorder memory.Disorder, bodies ...string) (s *memory.SQS, url string) {
	t.Helper()
	s = memory.NewSQS(time.Now, disorder)
	out, err := s.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("queue")})
	require.NoError(t, err)
	for _, body := range bodies {
		_, err := s.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: out.QueueUrl, MessageBody: &body})
		require.NoError(t, err)
	}
	return s, *out.QueueUrl
}

func receive(ctx context.Context, t *testing.T, s *memory.SQS, url string) (bodies, handles []string) {
	t.Helper()
	out, err := s.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	require.NoError(t, err)
	for _, m := range out.Messages {
		bodies, handles = append(bodies, *m.Body), append(handles, *m.ReceiptHandle)
	}
	return bodies, handles
}

func TestCallerChoosesTheOrder(t *testing.T) {
	s, url := newQueue(t, memory.Disorder{}, "a", "b", "c")
	bodies, _ := receive(t.Context(), t, s, url)
	assert.Equal(t, []string{"a", "b", "c"}, bodies)

	s, url = newQueue(t, memory.Disorder{Pick: func(n int) int { return n - 1 }}, "a", "b", "c")
	bodies, _ = receive(t.Context(), t, s, url)
	assert.Equal(t, []string{"c", "b", "a"}, bodies)
}

func TestCopyOfAMessageHasTheLatestHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := true
		s, url := newQueue(t, memory.Disorder{Again: func() bool { return again }}, "a")
		_, first := receive(t.Context(), t, s, url)
		again = false
		bodies, second := receive(t.Context(), t, s, url)
		require.Equal(t, []string{"a"}, bodies)

		for _, handle := range []string{first[0], second[0]} {
			assert.Equal(t, 1, s.Len(url), "the older handle does not delete")
			_, err := s.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: &handle})
			require.NoError(t, err)
		}
		assert.Zero(t, s.Len(url))
	})
}
