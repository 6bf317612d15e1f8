package conformance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// visibility is the shortest timeout above zero.
const visibility = time.Second

func queueRules() []rule {
	return []rule{
		{"SQS: a message arrives as it was sent", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			body := "tab\tline\nreturn\r" + `"<&>` + "\u20ac\U0001F4B6\ufffd"
			before := time.Now()

			id := send(t, s, url, body)

			m := receiveOne(t, s, url)
			assert.Equal(t, id, *m.MessageId)
			assert.Equal(t, body, *m.Body)
			assert.Equal(t, "1", m.Attributes["ApproximateReceiveCount"])
			assert.Equal(t, "why", *m.MessageAttributes["reason"].StringValue)
			assert.Equal(t, "String", *m.MessageAttributes["reason"].DataType)
			var sent int64
			_, err := fmt.Sscan(m.Attributes["SentTimestamp"], &sent)
			require.NoError(t, err)
			assert.WithinDuration(t, before, time.UnixMilli(sent), 5*time.Second, "epoch milliseconds")
			assert.Contains(t, m.Attributes, "ApproximateFirstReceiveTimestamp")
		}},
		{"SQS: attributes are returned on request", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			send(t, s, url, "x")
			out, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url})
			require.NoError(t, err)
			require.Len(t, out.Messages, 1)
			assert.Empty(t, out.Messages[0].Attributes)
			assert.Empty(t, out.Messages[0].MessageAttributes)
		}},
		{"SQS: a message must not be empty", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: new("")})
			requireCode(t, "MissingParameter", err)
		}},
		{"SQS: some characters are rejected", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			for _, character := range []string{"\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"} {
				_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: new("a" + character)})
				var refused *types.InvalidMessageContents
				assert.ErrorAs(t, err, &refused, "%q", character)
			}
			assert.Empty(t, receive(t, s, url))
		}},
		{"SQS: a message has at most the queue's size", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: new(strings.Repeat("x", 1024))})
			require.NoError(t, err)
			_, err = s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: new(strings.Repeat("x", 1025))})
			requireCode(t, "InvalidParameterValue", err)
		}},
		{"SQS: at most ten messages in a receive", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			for i := range 12 {
				send(t, s, url, fmt.Sprint(i))
			}
			_, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 11})
			requireCode(t, "InvalidParameterValue", err)

			seen := map[string]bool{}
			for round := 0; len(seen) < 12 && round < 12; round++ {
				batch := receive(t, s, url)
				require.LessOrEqual(t, len(batch), 10)
				for _, m := range batch {
					seen[*m.Body] = true
				}
			}
			assert.Len(t, seen, 12)
		}},
		{"SQS: a message of a standard queue may belong to a group", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: new("x"), MessageGroupId: new("square-late")})
			require.NoError(t, err)
			assert.Equal(t, "square-late", receiveOne(t, s, url).Attributes["MessageGroupId"])
		}},
		{"SQS: a received message is hidden", func(t *testing.T, s services) {
			out, err := s.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new(s.name("queue"))}) // for 30 seconds
			require.NoError(t, err)
			send(t, s, out.QueueUrl, "x")
			receiveOne(t, s, out.QueueUrl)
			assert.Empty(t, receive(t, s, out.QueueUrl))
		}},
		{"SQS: a message that was not deleted is received again", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			send(t, s, url, "x")
			first := receiveOne(t, s, url)

			becomeVisible()

			second := receiveOne(t, s, url)
			assert.Equal(t, *first.MessageId, *second.MessageId)
			assert.Equal(t, "2", second.Attributes["ApproximateReceiveCount"])
			assert.Equal(t, first.Attributes["ApproximateFirstReceiveTimestamp"], second.Attributes["ApproximateFirstReceiveTimestamp"])
			assert.NotEqual(t, *first.ReceiptHandle, *second.ReceiptHandle)
		}},
		{"SQS: only the latest handle deletes", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			send(t, s, url, "x")
			old := receiveOne(t, s, url).ReceiptHandle
			becomeVisible()
			latest := receiveOne(t, s, url).ReceiptHandle

			// AWS documents a success without effect, the emulator returns an error
			// without effect.
			_, _ = s.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: old})
			becomeVisible()

			again := receiveOne(t, s, url)
			assert.NotEqual(t, *latest, *again.ReceiptHandle)
			remove(t, s, url, again.ReceiptHandle)
			becomeVisible()
			assert.Empty(t, receive(t, s, url))
		}},
		// A handle is valid after the timeout until the message is received again.
		{"SQS: a deleted message is not received again", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			send(t, s, url, "x")
			handle := receiveOne(t, s, url).ReceiptHandle
			becomeVisible()
			remove(t, s, url, handle)
			assert.Empty(t, receive(t, s, url))
		}},
		{"SQS: after maxReceiveCount receives a message moves to the dead-letter queue", func(t *testing.T, s services) {
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
		}},
		{"SQS: a queue that does not exist", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			_, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: new(*url + "-gone"), MessageBody: new("x")})
			var missing *types.QueueDoesNotExist
			assert.ErrorAs(t, err, &missing)
		}},
		{"SQS: an invalid handle", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			_, err := s.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: new("none")})
			var invalid *types.ReceiptHandleIsInvalid
			assert.ErrorAs(t, err, &invalid)
		}},
		{"SQS: a message is deleted when its retention ends", func(t *testing.T, s services) {
			out, err := s.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{
				QueueName: new(s.name("queue")), Attributes: map[string]string{"MessageRetentionPeriod": "60"},
			})
			require.NoError(t, err)
			send(t, s, out.QueueUrl, "old")
			time.Sleep(time.Minute)
			send(t, s, out.QueueUrl, "new")
			time.Sleep(time.Second)

			assert.Equal(t, "new", *receiveOne(t, s, out.QueueUrl).Body)
		}},
		{"SQS: attributes count towards the size", func(t *testing.T, s services) {
			url, _ := newQueue(t, s, 0)
			of := func(size int) *sqs.SendMessageInput {
				return &sqs.SendMessageInput{
					QueueUrl: url, MessageBody: new(strings.Repeat("x", size-len("reason")-len("String")-len("why"))),
					MessageAttributes: map[string]types.MessageAttributeValue{"reason": {DataType: new("String"), StringValue: new("why")}},
				}
			}
			_, err := s.sqs.SendMessage(t.Context(), of(1024))
			require.NoError(t, err)
			_, err = s.sqs.SendMessage(t.Context(), of(1025))
			requireCode(t, "InvalidParameterValue", err)
		}},
	}
}

// newQueue makes a queue, with a dead-letter queue of its own if receives is
// above 0.
func newQueue(t *testing.T, s services, receives int) (url, deadLetterURL *string) {
	t.Helper()
	attributes := map[string]string{"VisibilityTimeout": fmt.Sprint(int(visibility.Seconds())), "MaximumMessageSize": "1024"}
	if receives > 0 {
		dead, err := s.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new(s.name("dead"))})
		require.NoError(t, err)
		deadLetterURL = dead.QueueUrl
		out, err := s.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: deadLetterURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
		})
		require.NoError(t, err)
		attributes["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, out.Attributes["QueueArn"], receives)
	}
	out, err := s.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new(s.name("queue")), Attributes: attributes})
	require.NoError(t, err)
	return out.QueueUrl, deadLetterURL
}

func send(t *testing.T, s services, url *string, body string) (messageID string) {
	t.Helper()
	out, err := s.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: &body,
		MessageAttributes: map[string]types.MessageAttributeValue{"reason": {DataType: new("String"), StringValue: new("why")}},
	})
	require.NoError(t, err)
	return *out.MessageId
}

func receive(t *testing.T, s services, url *string) []types.Message {
	t.Helper()
	out, err := s.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	require.NoError(t, err)
	return out.Messages
}

func receiveOne(t *testing.T, s services, url *string) types.Message {
	t.Helper()
	messages := receive(t, s, url)
	require.Len(t, messages, 1)
	return messages[0]
}

func remove(t *testing.T, s services, url, handle *string) {
	t.Helper()
	_, err := s.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: handle})
	require.NoError(t, err)
}

// becomeVisible waits until what is in flight can be received again.
func becomeVisible() { time.Sleep(visibility + 200*time.Millisecond) }
