package query

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/publisher"
)

// UnpublishedQueue is the subset of the SQS API that reads webhook-unpublished.
type UnpublishedQueue interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
}

// Unpublished is a message of webhook-unpublished: an event, or records of the stream that
// Lambda gave up.
type Unpublished struct {
	EventID   string `json:"eventId,omitempty"`
	Timestamp int64  `json:"timestamp,omitempty"`
	// Reason is a reason of docs/reasons.md, or Lambda's condition.
	Reason string `json:"reason"`
	SentAt int64  `json:"sentAt"`
	// Records are the sequence numbers of Lambda's message: "{first} to {last} of {shard}".
	Records string `json:"records,omitempty"`

	receipt string
}

// UnpublishedReader reads webhook-unpublished and leaves its messages there.
type UnpublishedReader struct {
	Queue UnpublishedQueue
	URL   string
}

// NewUnpublishedReader returns the reader of a stack's queue. The error is ErrNoPublisher
// for a stack without one.
func NewUnpublishedReader(s *stack.Stack) (*UnpublishedReader, error) {
	url := s.Outputs["UnpublishedQueueUrl"]
	if url == "" {
		return nil, ErrNoPublisher
	}
	return &UnpublishedReader{sqs.NewFromConfig(s.AWS.Config), url}, nil
}

const (
	// readSeconds hides a message while the others are read. A message is visible again
	// after it, even if the process is killed.
	readSeconds = 60
	// receiveMax is the largest number of messages in one ReceiveMessage call.
	receiveMax = 10
)

// Read returns at most limit messages, all of them for 0, in no order. It receives them,
// hides them from others for readSeconds, and shows them again with Release.
func (u *UnpublishedReader) Read(ctx context.Context, limit int) ([]Unpublished, error) {
	found := []Unpublished{}
	for limit == 0 || len(found) < limit {
		n := receiveMax
		if limit > 0 {
			n = min(n, limit-len(found))
		}
		out, err := u.Queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &u.URL, MaxNumberOfMessages: int32(n), VisibilityTimeout: readSeconds,
			// Without a wait, SQS asks only some of its servers (SQS Developer Guide, "Short and
			// long polling").
			WaitTimeSeconds:             1,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
		})
		if err != nil {
			return nil, errors.Join(err, u.Release(context.WithoutCancel(ctx), found))
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			found = append(found, readUnpublished(m))
		}
	}
	return found, nil
}

// Release makes messages of Read visible again.
func (u *UnpublishedReader) Release(ctx context.Context, messages []Unpublished) error {
	for _, m := range messages {
		_, err := u.Queue.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &u.URL, ReceiptHandle: &m.receipt})
		if err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes messages of Read.
func (u *UnpublishedReader) Remove(ctx context.Context, messages []Unpublished) error {
	for _, m := range messages {
		if _, err := u.Queue.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &u.URL, ReceiptHandle: &m.receipt}); err != nil {
			return err
		}
	}
	return nil
}

// readUnpublished reads a message of the publisher or of Lambda (Lambda Developer Guide,
// "Configuring destinations for failed invocations").
func readUnpublished(m types.Message) Unpublished {
	sentAt, _ := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64) // SQS's own
	found := Unpublished{SentAt: sentAt, receipt: aws.ToString(m.ReceiptHandle)}
	body := aws.ToString(m.Body)
	if u, err := publisher.DecodeUnpublished(body); err == nil {
		found.EventID, found.Timestamp, found.Reason = u.EventID, u.Timestamp, u.Reason
		return found
	}
	var lambda struct {
		RequestContext struct {
			Condition string `json:"condition"`
		} `json:"requestContext"`
		Batch struct {
			Shard string `json:"shardId"`
			First string `json:"startSequenceNumber"`
			Last  string `json:"endSequenceNumber"`
		} `json:"DDBStreamBatchInfo"`
	}
	if json.Unmarshal([]byte(body), &lambda) != nil || lambda.RequestContext.Condition == "" {
		found.Reason = "not a message of the publisher or of Lambda"
		return found
	}
	found.Reason = lambda.RequestContext.Condition
	found.Records = lambda.Batch.First + " to " + lambda.Batch.Last + " of " + lambda.Batch.Shard
	return found
}
