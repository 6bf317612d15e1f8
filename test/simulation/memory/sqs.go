// Package memory is SQS, DynamoDB, S3 and Secrets Manager in the memory of
// this process: as much of each as paysluice uses, under the types of the AWS
// SDK, with the semantics that AWS documents. Time is the caller's, so a
// visibility timeout can pass at once, and nothing is random but what a caller
// lets be (Disorder).
//
// Test package conformance holds these services and the emulator to one suite.
// Errors are those that the SDK's clients return, by type or code.
package memory

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// account and region are in ARNs and URLs; nothing depends on them.
const (
	account = "000000000000"
	region  = "us-east-1"
)

// refuse is an error of the client's making that the SDK has no type for.
func refuse(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// Defaults of a queue's attributes (SQS API Reference, CreateQueue).
const (
	defaultVisibility  = 30 * time.Second
	defaultRetention   = 4 * 24 * time.Hour
	defaultMessageSize = 1 << 20
)

// Disorder decides what a standard queue leaves open. The zero value is a
// queue at its tidiest: oldest first, and no message twice.
type Disorder struct {
	// Pick chooses the next of n messages: order is not kept (SQS Developer
	// Guide, "Standard queues": best-effort ordering).
	Pick func(n int) int
	// Again makes a message that was just handed out stay visible: a server
	// that was out of reach hands out its copy (SQS Developer Guide,
	// "Standard queues": at-least-once delivery).
	Again func() bool
}

// SQS holds standard queues.
type SQS struct {
	mu       sync.Mutex
	now      func() time.Time
	disorder Disorder
	queues   map[string]*queue // by URL
	sent     int
	received int
}

// NewSQS has no queues yet.
func NewSQS(now func() time.Time, disorder Disorder) *SQS {
	return &SQS{now: now, disorder: disorder, queues: map[string]*queue{}}
}

// queue is one queue with its attributes.
type queue struct {
	arn        string
	visibility time.Duration
	retention  time.Duration
	maxSize    int
	// redrive is empty for a queue without a dead-letter queue.
	redrive  redrivePolicy
	messages []*message // in the order in which they came
}

type redrivePolicy struct {
	DeadLetterTargetARN string      `json:"deadLetterTargetArn"`
	MaxReceiveCount     json.Number `json:"maxReceiveCount"` // AWS takes a number or a string
}

// CreateQueue knows the attributes VisibilityTimeout, MessageRetentionPeriod,
// MaximumMessageSize and RedrivePolicy.
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
			return refuse("InvalidParameterValue", "%s: %v", name, err)
		}
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return refuse("InvalidAttributeValue", "%s is %q", name, value)
	}
	switch name {
	case types.QueueAttributeNameVisibilityTimeout:
		q.visibility = time.Duration(n) * time.Second
	case types.QueueAttributeNameMessageRetentionPeriod:
		q.retention = time.Duration(n) * time.Second
	case types.QueueAttributeNameMaximumMessageSize:
		q.maxSize = n
	default:
		return refuse("InvalidAttributeName", "%s", name)
	}
	return nil
}

// GetQueueAttributes returns all that it knows, whatever was asked for: the
// ARN, and the numbers of messages that can and cannot be received now.
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

// find is the queue at a URL, without what its retention has ended for: "the
// message is automatically deleted" (SQS API Reference, CreateQueue,
// MessageRetentionPeriod).
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

// ReceiveMessage hands out up to MaxNumberOfMessages messages and hides them
// for the visibility timeout. It never waits. A message that was received
// maxReceiveCount times already goes to the dead-letter queue instead, with
// its id, its attributes and the time of its sending (SQS Developer Guide,
// "Using dead-letter queues").
func (s *SQS) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	most := max(1, int(in.MaxNumberOfMessages))
	if most > 10 {
		return nil, refuse("InvalidParameterValue", "MaxNumberOfMessages must be between 1 and 10.")
	}
	hidden := q.visibility
	if in.VisibilityTimeout != 0 {
		hidden = time.Duration(in.VisibilityTimeout) * time.Second
	}
	out := &sqs.ReceiveMessageOutput{}
	now := s.now()
	for visible := q.visible(now); len(visible) > 0 && len(out.Messages) < most; {
		m := s.take(&visible)
		if exhausted, err := s.redrive(q, m); err != nil || exhausted {
			if err != nil {
				return nil, err
			}
			continue
		}
		s.received++
		m.receives++
		m.receipt = fmt.Sprintf("receipt-%d", s.received)
		if m.firstReceived.IsZero() {
			m.firstReceived = now
		}
		if s.disorder.Again == nil || !s.disorder.Again() {
			m.visibleAt = now.Add(hidden)
		}
		out.Messages = append(out.Messages, m.show(in))
	}
	return out, nil
}

// take removes the message that is handed out next from visible.
func (s *SQS) take(visible *[]*message) *message {
	i := 0
	if s.disorder.Pick != nil {
		i = s.disorder.Pick(len(*visible))
	}
	m := (*visible)[i]
	*visible = slices.Delete(*visible, i, i+1)
	return m
}

// redrive moves a message that has used up its receives.
func (s *SQS) redrive(q *queue, m *message) (moved bool, err error) {
	if q.redrive.DeadLetterTargetARN == "" {
		return false, nil
	}
	limit, err := strconv.Atoi(q.redrive.MaxReceiveCount.String())
	if err != nil || m.receives < limit {
		return false, err
	}
	deadLetters, err := s.findARN(q.redrive.DeadLetterTargetARN)
	if err != nil {
		return false, err
	}
	q.remove(m)
	m.receipt = ""
	deadLetters.messages = append(deadLetters.messages, m)
	return true, nil
}

// show is the message as its receiver sees it, with the attributes that were
// asked for.
func (m *message) show(in *sqs.ReceiveMessageInput) types.Message {
	out := types.Message{
		MessageId:     &m.id,
		Body:          &m.body,
		ReceiptHandle: new(m.receipt),
		MD5OfBody:     new(md5Of(m.body)),
		Attributes:    map[string]string{},
	}
	for name, value := range map[types.MessageSystemAttributeName]string{
		types.MessageSystemAttributeNameApproximateReceiveCount:          strconv.Itoa(m.receives),
		types.MessageSystemAttributeNameSentTimestamp:                    strconv.FormatInt(m.sentAt.UnixMilli(), 10),
		types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp: strconv.FormatInt(m.firstReceived.UnixMilli(), 10),
	} {
		if slices.Contains(in.MessageSystemAttributeNames, types.MessageSystemAttributeNameAll) ||
			slices.Contains(in.MessageSystemAttributeNames, name) {
			out.Attributes[string(name)] = value
		}
	}
	for name, value := range m.attributes {
		if slices.Contains(in.MessageAttributeNames, "All") || slices.Contains(in.MessageAttributeNames, name) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]types.MessageAttributeValue{}
			}
			out.MessageAttributes[name] = value
		}
	}
	return out
}

// Messages are all messages of a queue, for whoever checks what became of them:
// nothing is received by it, and those in flight are among them.
func (s *SQS) Messages(url string) []types.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(&url)
	if err != nil {
		return nil
	}
	all := make([]types.Message, len(q.messages))
	for i, m := range q.messages {
		all[i] = m.show(&sqs.ReceiveMessageInput{
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
			MessageAttributeNames:       []string{"All"},
		})
	}
	return all
}

// Len is the number of Messages.
func (s *SQS) Len(url string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(&url)
	if err != nil {
		return 0
	}
	return len(q.messages)
}

// DeleteMessage deletes by the handle of the latest receive. With an older
// one "the request succeeds, but the message will not be deleted" (SQS API
// Reference, DeleteMessage).
func (s *SQS) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	handle := aws.ToString(in.ReceiptHandle)
	if !strings.HasPrefix(handle, "receipt-") {
		return nil, &types.ReceiptHandleIsInvalid{Message: aws.String("The input receipt handle is invalid.")}
	}
	for _, m := range q.messages {
		if m.receipt == handle {
			q.remove(m)
			break
		}
	}
	return &sqs.DeleteMessageOutput{}, nil
}

func (q *queue) visible(now time.Time) []*message {
	var visible []*message
	for _, m := range q.messages {
		if !m.visibleAt.After(now) {
			visible = append(visible, m)
		}
	}
	return visible
}

func (q *queue) remove(m *message) {
	if i := slices.Index(q.messages, m); i >= 0 {
		q.messages = slices.Delete(q.messages, i, i+1)
	}
}

func (q *queue) expire(now time.Time) {
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool {
		return now.Sub(m.sentAt) > q.retention
	})
}
