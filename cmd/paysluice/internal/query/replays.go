package query

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// replayConcurrency is the number of calls that a replay makes at a time. The
// highest rate needs 50 at 50 ms for looking up, reading and sending one message.
const replayConcurrency = 50

// Failures returns the archive of a stack.
func Failures(s *stack.Stack) *failure.Archive {
	return failure.New(NewS3(s), s.Outputs["BucketName"])
}

// Replays returns the engine that replays the archive of a stack.
func Replays(s *stack.Stack, rate int, patience time.Duration, now func() time.Time) *replay.Engine {
	return &replay.Engine{
		Records: records(s, replay.Replay, now),
		Archive: Failures(s),
		Table:   dynamodb.NewFromConfig(s.AWS.Config),
		Queue: sqs.NewFromConfig(s.AWS.Config, func(o *sqs.Options) {
			// After a lost answer the message may be in the queue.
			o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
				r.Retryables = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
			})
		}),
		Providers: all.All(all.Settings{}),
		TableName: s.Outputs["TableName"], QueueURL: s.Outputs["QueueUrl"], DeadLetterURL: s.Outputs["DeadLetterQueueUrl"],
		Rate: rate, Patience: patience, Sleep: replay.Sleep,
	}
}

func records(s *stack.Stack, kind replay.Kind, now func() time.Time) replay.Records {
	return replay.Records{Kind: kind, Objects: NewS3(s), BucketName: s.Outputs["BucketName"], Concurrency: replayConcurrency, Now: now}
}

// Republications returns the records of what was published again.
func Republications(s *stack.Stack, now func() time.Time) *replay.Records {
	r := records(s, replay.Republication, now)
	return &r
}

// ErrNoPublisher reports a stack that publishes no events.
var ErrNoPublisher = errors.New("the stack does not publish events: set its parameter PublishTo (docs/deploying.md)")

// Republisher returns what sends stored events of a stack to its topic or bus again.
func Republisher(s *stack.Stack, rate int, now func() time.Time) (*replay.Republisher, error) {
	if to := s.Parameters["PublishTo"]; to == "" || to == "none" {
		return nil, ErrNoPublisher
	}
	return &replay.Republisher{
		Records: records(s, replay.Republication, now), Events: New(s, now),
		Function: lambda.NewFromConfig(s.AWS.Config), FunctionName: s.FunctionName(contract.PublisherName),
		Rate: rate, Sleep: replay.Sleep,
	}, nil
}

// Identity returns the ARN of the caller.
func Identity(ctx context.Context, s *stack.Stack) (string, error) {
	out, err := sts.NewFromConfig(s.AWS.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Arn), nil
}
