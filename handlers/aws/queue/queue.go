// Package queue puts messages into an SQS queue.
package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Client is the part of the SQS API that a Sender calls.
type Client interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Sender sends to one queue.
type Sender struct {
	client  Client
	url     string
	timeout time.Duration
}

// NewSender sends to the queue at url. timeout bounds one Send with all the
// client's retries, so that the caller is left with time to answer.
func NewSender(client Client, url string, timeout time.Duration) *Sender {
	return &Sender{client: client, url: url, timeout: timeout}
}

// Send returns nil only when SQS has accepted the message. A failureReason
// other than "" travels as the message attribute of that name and tells the
// reader of a dead-letter queue why the message is there.
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
