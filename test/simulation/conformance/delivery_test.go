package conformance_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func hiddenWhileInFlight(t *testing.T, s services) {
	url, _ := newQueue(t, s, 0)
	send(t, s, url, "x")
	receiveOne(t, s, url)
	assert.Empty(t, receive(t, s, url))
}

func comesAgain(t *testing.T, s services) {
	url, _ := newQueue(t, s, 0)
	send(t, s, url, "x")
	first := receiveOne(t, s, url)

	becomeVisible()

	second := receiveOne(t, s, url)
	assert.Equal(t, *first.MessageId, *second.MessageId)
	assert.Equal(t, "2", second.Attributes["ApproximateReceiveCount"])
	assert.Equal(t, first.Attributes["ApproximateFirstReceiveTimestamp"], second.Attributes["ApproximateFirstReceiveTimestamp"])
	assert.NotEqual(t, *first.ReceiptHandle, *second.ReceiptHandle)
}

func latestHandleDeletes(t *testing.T, s services) {
	url, _ := newQueue(t, s, 0)
	send(t, s, url, "x")
	old := receiveOne(t, s, url).ReceiptHandle
	becomeVisible()
	latest := receiveOne(t, s, url).ReceiptHandle

	// AWS documents a success without effect; the emulator answers with an
	// error without effect. What counts is the effect.
	_, _ = s.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: old})
	becomeVisible()

	again := receiveOne(t, s, url)
	assert.NotEqual(t, *latest, *again.ReceiptHandle)
	remove(t, s, url, again.ReceiptHandle)
	becomeVisible()
	assert.Empty(t, receive(t, s, url))
}

// The handle stays good when the timeout has passed and nobody else has the
// message.
func deletedIsGone(t *testing.T, s services) {
	url, _ := newQueue(t, s, 0)
	send(t, s, url, "x")
	handle := receiveOne(t, s, url).ReceiptHandle
	becomeVisible()
	remove(t, s, url, handle)
	assert.Empty(t, receive(t, s, url))
}

func redriven(t *testing.T, s services) {
	url, deadLetterURL := newQueue(t, s, 2)
	id := send(t, s, url, "x")
	for range 2 {
		assert.Empty(t, receive(t, s, deadLetterURL))
		require.Equal(t, "x", *receiveOne(t, s, url).Body)
		becomeVisible()
	}

	assert.Empty(t, receive(t, s, url))

	dead := receiveOne(t, s, deadLetterURL)
	assert.Equal(t, id, *dead.MessageId)
	assert.Equal(t, "x", *dead.Body)
	assert.Equal(t, "why", *dead.MessageAttributes["reason"].StringValue)
}

func noQueue(t *testing.T, s services) {
	url, _ := newQueue(t, s, 0)
	_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: new(*url + "-gone"), MessageBody: new("x")})
	var missing *types.QueueDoesNotExist
	assert.ErrorAs(t, err, &missing)
}

func noHandle(t *testing.T, s services) {
	url, _ := newQueue(t, s, 0)
	_, err := s.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: new("none")})
	var invalid *types.ReceiptHandleIsInvalid
	assert.ErrorAs(t, err, &invalid)
}
