package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

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
