// Package memory implements SQS, DynamoDB, S3 and Secrets Manager in memory, as
// far as paysluice uses them: with the types of the AWS SDK, the semantics that
// AWS documents, and the errors of the SDK's clients. The caller provides the
// time, so a visibility timeout can pass at once, and any randomness (Disorder).
//
// The package conformance runs one suite for these services and the emulator.
package memory

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// account and region are part of ARNs and URLs.
const (
	account = "000000000000"
	region  = "us-east-1"
)

// newError returns a client error that the SDK has no type for.
func newError(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// Defaults of a queue's attributes (SQS API Reference, CreateQueue).
const (
	defaultVisibility  = 30 * time.Second
	defaultRetention   = 4 * 24 * time.Hour
	defaultMessageSize = 1 << 20
)

// Disorder decides what a standard queue does not guarantee. The zero value
// delivers the oldest message first and every message once.
type Disorder struct {
	// Pick returns the index of the next of n messages (SQS Developer Guide,
	// "Standard queues": best-effort ordering).
	Pick func(n int) int
	// Again reports whether a received message stays visible, as the copy on an
	// unavailable server does (SQS Developer Guide, "Standard queues":
	// at-least-once delivery).
	Again func() bool
}

// SQS is a service with standard queues.
type SQS struct {
	mu       sync.Mutex
	now      func() time.Time
	disorder Disorder
	queues   map[string]*queue // by URL
	sent     int
	received int
}

// NewSQS returns a service without queues.
func NewSQS(now func() time.Time, disorder Disorder) *SQS {
	return &SQS{now: now, disorder: disorder, queues: map[string]*queue{}}
}

// queue is a queue with its attributes.
type queue struct {
	arn        string
	visibility time.Duration
	retention  time.Duration
	maxSize    int
	// redrive is empty for a queue without a dead-letter queue.
	redrive  redrivePolicy
	messages []*message // in the order of arrival
}

type redrivePolicy struct {
	DeadLetterTargetARN string      `json:"deadLetterTargetArn"`
	MaxReceiveCount     json.Number `json:"maxReceiveCount"` // AWS accepts a number or a string
}

// CreateQueue creates a queue. It supports the attributes VisibilityTimeout,
// MessageRetentionPeriod, MaximumMessageSize and RedrivePolicy.
func (s *SQS) CreateQueue(_ context.Context, in *sqs.CreateQueueInput, _ ...func(*sqs.Options)) (*sqs.CreateQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &queue{
		arn:        fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, account, aws.ToString(in.QueueName)),
		visibility: defaultVisibility,
		retention:  defaultRetention,
		maxSize:    defaultMessageSize,
	}
	for name, value := range in.Attributes {
		if err := q.set(types.QueueAttributeName(name), value); err != nil {
			return nil, err
		}
	}
	url := fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", region, account, aws.ToString(in.QueueName))
	s.queues[url] = q
	return &sqs.CreateQueueOutput{QueueUrl: &url}, nil
}

func (q *queue) set(name types.QueueAttributeName, value string) error {
	if name == types.QueueAttributeNameRedrivePolicy {
		if err := json.Unmarshal([]byte(value), &q.redrive); err != nil {
			return newError("InvalidParameterValue", "%s: %v", name, err)
		}
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return newError("InvalidAttributeValue", "%s is %q", name, value)
	}
	switch name {
	case types.QueueAttributeNameVisibilityTimeout:
		q.visibility = time.Duration(n) * time.Second
	case types.QueueAttributeNameMessageRetentionPeriod:
		q.retention = time.Duration(n) * time.Second
	case types.QueueAttributeNameMaximumMessageSize:
		q.maxSize = n
	default:
		return newError("InvalidAttributeName", "%s", name)
	}
	return nil
}

// GetQueueAttributes returns the ARN and the numbers of visible and invisible
// messages, regardless of the requested names.
func (s *SQS) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	visible := len(q.visible(s.now()))
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		string(types.QueueAttributeNameQueueArn):                              q.arn,
		string(types.QueueAttributeNameApproximateNumberOfMessages):           strconv.Itoa(visible),
		string(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible): strconv.Itoa(len(q.messages) - visible),
	}}, nil
}

// find returns the queue with a URL and first deletes expired messages (SQS API
// Reference, CreateQueue, MessageRetentionPeriod).
func (s *SQS) find(url *string) (*queue, error) {
	q, ok := s.queues[aws.ToString(url)]
	if !ok {
		return nil, &types.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}
	}
	q.expire(s.now())
	return q, nil
}

func (s *SQS) findARN(arn string) (*queue, error) {
	return s.find(aws.String(fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", region, account, arn[strings.LastIndex(arn, ":")+1:])))
}

// message is a message in a queue.
type message struct {
	id         string
	body       string
	attributes map[string]types.MessageAttributeValue
	group      string // MessageGroupId; "" for none

	sentAt        time.Time
	firstReceived time.Time
	visibleAt     time.Time
	receives      int
	receipt       string // of the latest receive
}

// SendMessage stores a message. It rejects one that is empty, too large or has
// characters that SQS does not accept.
func (s *SQS) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	body := aws.ToString(in.MessageBody)
	if body == "" {
		return nil, newError("MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if strings.ContainsFunc(body, forbidden) {
		return nil, &types.InvalidMessageContents{Message: aws.String("The message contains characters outside the allowed set.")}
	}
	if size(body, in.MessageAttributes) > q.maxSize {
		return nil, newError("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.maxSize)
	}
	s.sent++
	m := &message{
		id:         fmt.Sprintf("%08x-0000-4000-8000-%012x", s.sent, s.sent),
		body:       body,
		attributes: maps.Clone(in.MessageAttributes),
		group:      aws.ToString(in.MessageGroupId),
		sentAt:     s.now(),
	}
	q.messages = append(q.messages, m)
	return &sqs.SendMessageOutput{MessageId: &m.id, MD5OfMessageBody: new(md5Of(body))}, nil
}

// forbidden reports whether SQS rejects a message with this character. It
// accepts #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to
// #x10FFFF (SQS API Reference, SendMessage, MessageBody).
func forbidden(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	}
	return r < ' ' || r == 0xFFFE || r == 0xFFFF
}

// size returns the size of a message in bytes, with the names, types and values
// of its attributes (SQS Developer Guide, "Amazon SQS message metadata").
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
