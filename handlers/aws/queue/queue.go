// Package queue sends messages to SQS.
package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Client is the subset of the SQS API that a Sender calls.
type Client interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Sender sends messages to one queue. It implements event.Queue.
type Sender struct {
	client  Client
	url     string
	timeout time.Duration
}

// NewSender returns a Sender to the queue at url. timeout bounds one Send
// including the client's retries.
func NewSender(client Client, url string, timeout time.Duration) *Sender {
	return &Sender{client: client, url: url, timeout: timeout}
}

// SendInGroup sends a message that belongs to a message group.
func (s *Sender) SendInGroup(ctx context.Context, body, group string) error {
	return s.send(ctx, &sqs.SendMessageInput{MessageBody: &body, MessageGroupId: &group})
}

// Send implements event.Queue. It sends failureReason as the message attribute
// contract.FailureReasonAttribute.
func (s *Sender) Send(ctx context.Context, body, failureReason string) error {
	in := &sqs.SendMessageInput{MessageBody: &body}
	if failureReason != "" {
		in.MessageAttributes = map[string]types.MessageAttributeValue{
			contract.FailureReasonAttribute: {DataType: new("String"), StringValue: &failureReason},
		}
	}
	return s.send(ctx, in)
}

func (s *Sender) send(ctx context.Context, in *sqs.SendMessageInput) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()

	in.QueueUrl = &s.url
	if _, err := s.client.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("send to %s: %w", s.url, err)
	}
	return nil
}
