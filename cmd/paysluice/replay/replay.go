// Package replay sends archived events back to the queue in three stages: a plan
// says what would be sent, a run sends it and can be resumed, and a proof looks
// each event up in the table. It prints nothing.
package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	// MaxRate is the highest Rate, in messages a second.
	MaxRate = 1000
	// DefaultRate is a fraction of what the consumer and an on-demand table handle
	// besides their usual load.
	DefaultRate = 50
	// DefaultPatience exceeds the time in which a message uses up its receives and is
	// archived again: three times the visibility timeout.
	DefaultPatience = 25 * time.Minute
	// quiet is how long both queues must have been seen empty before a message
	// without a trace counts as gone. SQS's counts are consistent a minute after the
	// last message was sent (SQS API Reference, GetQueueAttributes).
	quiet = 65 * time.Second
	// sendTimeout bounds the sending of one message. With the longest batch it stays
	// below quiet, so that another process never sees a batch of this one as settled.
	sendTimeout = 30 * time.Second
	// recordTimeout bounds the record of what a run did before it was interrupted.
	recordTimeout = 20 * time.Second
)

// Errors of a run.
var (
	// ErrBusy reports that another process runs or proves the same run.
	ErrBusy = errors.New("another process continues this run")
	// ErrNotFound reports that the bucket has no run with an id.
	ErrNotFound = errors.New("no such run")
	// ErrUnfinished reports that a run has messages to send.
	ErrUnfinished = errors.New("the run is not finished")
	// ErrUnrecorded reports that the record lacks the results of the last batch.
	ErrUnrecorded = errors.New("the record does not say which messages were sent last, so a resumed run looks for them first")
)

// Objects is the subset of the S3 API for the records of runs.
type Objects interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Table is the subset of the DynamoDB API that an Engine calls.
type Table interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// Queue is the subset of the SQS API that an Engine calls. SendMessage must not
// retry a request that SQS may have accepted.
type Queue interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// Engine replays the archive of one stack. It does not change the archive, and the
// consumer stores an event once however often it receives it.
type Engine struct {
	Records
	Archive   *failure.Archive
	Table     Table
	Queue     Queue
	Providers provider.Set // that the consumer knows

	TableName, QueueURL, DeadLetterURL string

	Rate     int           // messages a second at most, 1 to MaxRate
	Patience time.Duration // how long Prove waits for an event
	// Sleep waits. It returns the context's error if that ends first.
	Sleep func(context.Context, time.Duration) error
}

// Sleep waits for a duration or the end of the context.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stage is a part of a replay.
type Stage string

// All stages, in their order.
const (
	Planning Stage = "planning" // Total is not known
	Settling Stage = "settling" // the last batch of an interrupted run
	Sending  Stage = "sending"
	Proving  Stage = "proving"
)

// Progress describes how far a stage is.
type Progress struct {
	Stage       Stage
	Done, Total int
	Failed      int // part of Done: archived again, or not sent
}

// Entry is an event of a plan. That of a republication has no field of the archive.
type Entry struct {
	Key       string `json:"key,omitempty"`
	Provider  string `json:"provider"`
	Reason    string `json:"failureReason,omitempty"`
	EventID   string `json:"eventId"`
	Timestamp int64  `json:"timestamp"`
	// Stem begins the keys of all failures of the event.
	Stem string `json:"stem,omitempty"`
	// Hashes of the body.
	PayloadSHA256 string `json:"payloadSha256,omitempty"`
	ContentSHA256 string `json:"contentSha256,omitempty"`
	// Unreadable says why the row of a republication is not an event.
	Unreadable string `json:"unreadable,omitempty"`
}

// presence says whether the table has the event of an entry.
type presence int

const (
	absent  presence = iota
	other            // a row with other content
	present          // the event
)

// look looks an entry up in the table.
func (e *Engine) look(ctx context.Context, entry Entry) (presence, error) {
	out, err := e.Table.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &e.TableName,
		Key: map[string]types.AttributeValue{
			contract.EventIDAttribute:   &types.AttributeValueMemberS{Value: entry.EventID},
			contract.TimestampAttribute: &types.AttributeValueMemberN{Value: strconv.FormatInt(entry.Timestamp, 10)},
		},
		ProjectionExpression: new(contract.EventIDAttribute + ", payloadSha256, contentSha256"),
	})
	if err != nil {
		return absent, fmt.Errorf("table %s: %w", e.TableName, err)
	}
	if len(out.Item) == 0 {
		return absent, nil
	}
	text := func(name string) string {
		s, _ := out.Item[name].(*types.AttributeValueMemberS)
		if s == nil {
			return ""
		}
		return s.Value
	}
	if text("payloadSha256") == entry.PayloadSHA256 || entry.ContentSHA256 != "" && text("contentSha256") == entry.ContentSHA256 {
		return present, nil
	}
	return other, nil
}

// each calls do for the indexes below n, Concurrency at a time, and returns the first
// error.
func (e *Records) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, limited := errgroup.WithContext(ctx)
	group.SetLimit(e.Concurrency)
	for i := range n {
		group.Go(func() error { return do(limited, i) })
	}
	return group.Wait()
}

// depth returns the number of messages in both queues, in flight too.
func (e *Engine) depth(ctx context.Context) (int, error) {
	total := 0
	names := []sqstypes.QueueAttributeName{
		sqstypes.QueueAttributeNameApproximateNumberOfMessages,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	for _, url := range []string{e.QueueURL, e.DeadLetterURL} {
		out, err := e.Queue.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(url), AttributeNames: names})
		if err != nil {
			return 0, fmt.Errorf("queue %s: %w", url, err)
		}
		for _, name := range names {
			n, _ := strconv.Atoi(out.Attributes[string(name)]) // absent from emulators
			total += n
		}
	}
	return total, nil
}
