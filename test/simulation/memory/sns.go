package memory

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// maxPublished is the maximum size of a message with its attributes in bytes (SNS API
// Reference, Publish).
const maxPublished = 256 << 10

// SNS is a service with standard topics. It keeps what their subscriptions select.
type SNS struct {
	mu        sync.Mutex
	topics    map[string][]*subscription // by ARN
	published int
}

// NewSNS returns a service without topics.
func NewSNS() *SNS { return &SNS{topics: map[string][]*subscription{}} }

// CreateTopic creates a topic, or returns the one of that name.
func (s *SNS) CreateTopic(_ context.Context, in *sns.CreateTopicInput, _ ...func(*sns.Options)) (*sns.CreateTopicOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := fmt.Sprintf("arn:aws:sns:%s:%s:%s", region, account, aws.ToString(in.Name))
	if _, exists := s.topics[arn]; !exists {
		s.topics[arn] = nil
	}
	return &sns.CreateTopicOutput{TopicArn: &arn}, nil
}

// Subscribe adds a subscription with a filter policy to a topic. The function that it returns has
// the messages that the policy has selected, in the order of their arrival.
func (s *SNS) Subscribe(arn, policy string) (messages func() []string, err error) {
	added, err := newSubscription(policy)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics[arn] = append(s.topics[arn], added)
	return func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Clone(added.messages)
	}, nil
}

// Publish offers a message to the topic's subscriptions. It refuses one that is empty or too large,
// and an attribute without a value.
func (s *SNS) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, body := aws.ToString(in.TopicArn), aws.ToString(in.Message)
	subscriptions, exists := s.topics[arn]
	if !exists {
		return nil, &types.NotFoundException{Message: aws.String("Topic does not exist")}
	}
	size, attributes := len(body), map[string]any{}
	for name, a := range in.MessageAttributes {
		value := aws.ToString(a.StringValue)
		if value == "" {
			return nil, &types.InvalidParameterValueException{Message: aws.String("The message attribute '" + name + "' must contain non-empty value")}
		}
		attributes[name] = value
		size += len(name) + len(aws.ToString(a.DataType)) + len(value)
	}
	if body == "" || size > maxPublished {
		return nil, &types.InvalidParameterException{Message: aws.String("Invalid parameter: Message")}
	}
	for _, to := range subscriptions {
		to.offer(attributes, body)
	}
	s.published++
	return &sns.PublishOutput{MessageId: aws.String(fmt.Sprintf("message-%d", s.published))}, nil
}
