package memory

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// message is one message of a queue.
type message struct {
	id         string
	body       string
	attributes map[string]types.MessageAttributeValue

	sentAt        time.Time
	firstReceived time.Time
	visibleAt     time.Time
	receives      int
	receipt       string // of the latest receive
}

// SendMessage keeps the message, or refuses one that is empty, too large or
// holds other characters than SQS takes.
func (s *SQS) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	body := aws.ToString(in.MessageBody)
	if body == "" {
		return nil, refuse("MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if strings.ContainsFunc(body, forbidden) {
		return nil, &types.InvalidMessageContents{Message: aws.String("The message contains characters outside the allowed set.")}
	}
	if size(body, in.MessageAttributes) > q.maxSize {
		return nil, refuse("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.maxSize)
	}
	s.sent++
	m := &message{
		id:         fmt.Sprintf("%08x-0000-4000-8000-%012x", s.sent, s.sent),
		body:       body,
		attributes: maps.Clone(in.MessageAttributes),
		sentAt:     s.now(),
	}
	q.messages = append(q.messages, m)
	return &sqs.SendMessageOutput{MessageId: &m.id, MD5OfMessageBody: new(md5Of(body))}, nil
}

// forbidden reports whether SQS refuses a message with this character: it
// takes #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to
// #x10FFFF (SQS API Reference, SendMessage, MessageBody).
func forbidden(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	}
	return r < ' ' || r == 0xFFFE || r == 0xFFFF
}

// size counts the attributes too: their names, types and values (SQS Developer
// Guide, "Amazon SQS message metadata").
func size(body string, attributes map[string]types.MessageAttributeValue) int {
	n := len(body)
	for name, a := range attributes {
		n += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	return n
}

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
