package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/publisher"
)

// UnpublishedQueue is the subset of the SQS API that reads webhook-unpublished.
type UnpublishedQueue interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
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
	// FirstStoredAt and LastStoredAt are when the first and the last of Records were stored.
	FirstStoredAt int64 `json:"firstStoredAt,omitempty"`
	LastStoredAt  int64 `json:"lastStoredAt,omitempty"`

	// MessageID is SQS's.
	MessageID string `json:"-"`
	receipt   string
}

const (
	// LongestQueued is how long webhook-queue keeps a message: an event is stored at most that
	// long after its receipt, unless it was in the archive.
	LongestQueued = 7 * 24 * time.Hour
	// clockMargin is how far the clocks of Lambda and DynamoDB may differ.
	clockMargin = time.Minute
)

// Received returns the range of receipts of the events that Lambda gave up in some messages,
// the end exclusive. ok is false if Lambda wrote none of them.
func Received(messages []Unpublished) (since, until time.Time, ok bool) {
	for _, m := range messages {
		if m.Records == "" {
			continue
		}
		first := time.UnixMilli(m.FirstStoredAt).Add(-LongestQueued - clockMargin)
		last := time.UnixMilli(m.LastStoredAt).Add(clockMargin)
		if !ok || first.Before(since) {
			since = first
		}
		if !ok || last.After(until) {
			until = last
		}
		ok = true
	}
	return since.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second).Add(time.Second), ok
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
	// batchMax is the largest number of messages in one call.
	batchMax = 10
)

// errQueue reports what SQS answered for one message of a batch.
var errQueue = errors.New("SQS refuses a message")

// Read returns at most limit messages, all of them for 0, in no order. It receives them,
// hides them from others for readSeconds, and shows them again with Release. A long queue
// takes longer than that, so the first message that comes a second time is the end. all
// reports whether the queue had no other message.
func (u *UnpublishedReader) Read(ctx context.Context, limit int) (found []Unpublished, all bool, err error) {
	found, at := []Unpublished{}, map[string]int{} // positions by MessageId
	for again := false; !again && (limit == 0 || len(found) < limit); {
		n := batchMax
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
			return nil, false, errors.Join(err, u.Release(context.WithoutCancel(ctx), found))
		}
		if len(out.Messages) == 0 {
			return found, true, nil
		}
		for _, m := range out.Messages {
			i, seen := at[aws.ToString(m.MessageId)]
			if seen { // its latest receipt is the one that deletes it
				found[i], again = readUnpublished(m), true
				continue
			}
			at[aws.ToString(m.MessageId)] = len(found)
			found = append(found, readUnpublished(m))
		}
	}
	return found, false, nil
}

// Release makes messages of Read visible again.
func (u *UnpublishedReader) Release(ctx context.Context, messages []Unpublished) error {
	for batch := range slices.Chunk(messages, batchMax) {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &u.URL}
		for i, m := range batch {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: new(strconv.Itoa(i)), ReceiptHandle: &m.receipt})
		}
		out, err := u.Queue.ChangeMessageVisibilityBatch(ctx, in)
		if err != nil {
			return err
		}
		if err := refused(out.Failed); err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes messages of Read. It returns those that are still in the queue because their
// receipts have expired; another Read returns them again.
func (u *UnpublishedReader) Remove(ctx context.Context, messages []Unpublished) (left []Unpublished, err error) {
	for batch := range slices.Chunk(messages, batchMax) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &u.URL}
		for i, m := range batch {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), ReceiptHandle: &m.receipt})
		}
		out, err := u.Queue.DeleteMessageBatch(ctx, in)
		if err != nil {
			return nil, err
		}
		if err := refused(out.Failed); err != nil {
			return nil, err
		}
		for _, f := range out.Failed {
			if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i < len(batch) {
				left = append(left, batch[i])
			}
		}
	}
	return left, nil
}

// refused returns the first error of a batch. A message that is visible again or gone, or
// with an expired receipt, does not count as an error. SQS says InvalidParameterValue for
// an expired receipt (github.com/aws/aws-sdk-java, issue 1628).
func refused(failed []types.BatchResultErrorEntry) error {
	for _, f := range failed {
		switch code := aws.ToString(f.Code); strings.TrimPrefix(code, "AWS.SimpleQueueService.") {
		case "MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue":
		default:
			return fmt.Errorf("%w: %s: %s", errQueue, code, aws.ToString(f.Message))
		}
	}
	return nil
}

// readUnpublished reads a message of the publisher or of Lambda (Lambda Developer Guide,
// "Configuring destinations for failed invocations").
func readUnpublished(m types.Message) Unpublished {
	sentAt, _ := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64) // SQS's own
	found := Unpublished{SentAt: sentAt, MessageID: aws.ToString(m.MessageId), receipt: aws.ToString(m.ReceiptHandle)}
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
			// Times of RFC 3339.
			FirstAt string `json:"approximateArrivalOfFirstRecord"`
			LastAt  string `json:"approximateArrivalOfLastRecord"`
		} `json:"DDBStreamBatchInfo"`
	}
	if json.Unmarshal([]byte(body), &lambda) != nil || lambda.RequestContext.Condition == "" {
		found.Reason = "not a message of the publisher or of Lambda"
		return found
	}
	found.Reason = lambda.RequestContext.Condition
	found.Records = lambda.Batch.First + " to " + lambda.Batch.Last + " of " + lambda.Batch.Shard
	// Without times, the stream had the records within its retention.
	found.FirstStoredAt, found.LastStoredAt = sentAt-StreamRetention.Milliseconds(), sentAt
	if at, err := time.Parse(time.RFC3339, lambda.Batch.FirstAt); err == nil {
		found.FirstStoredAt = at.UnixMilli()
	}
	if at, err := time.Parse(time.RFC3339, lambda.Batch.LastAt); err == nil {
		found.LastStoredAt = at.UnixMilli()
	}
	return found
}
