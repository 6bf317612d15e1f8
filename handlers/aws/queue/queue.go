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

// Send implements event.Queue. It sends failureReason as the message attribute
// contract.FailureReasonAttribute.
func (s *Sender) Send(ctx context.Context, body, failureReason string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()

	in := &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: &body}
	if failureReason != "" {
		in.MessageAttributes = map[string]types.MessageAttributeValue{
			contract.FailureReasonAttribute: {DataType: new("String"), StringValue: &failureReason},
		}
	}
	if _, err := s.client.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("send to %s: %w", s.url, err)
	}
	return nil
}
