package query

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// replayConcurrency is the number of calls that a replay makes at a time. The
// highest rate needs 40 at 40 ms for reading and sending one message.
const replayConcurrency = 40

// Failures returns the archive of a stack.
func Failures(s *stack.Stack) *failure.Archive {
	return failure.New(NewS3(s), s.Outputs["BucketName"])
}

// Replays returns the engine that replays the archive of a stack.
func Replays(s *stack.Stack, rate int, patience time.Duration, now func() time.Time) *replay.Engine {
	objects := NewS3(s)
	return &replay.Engine{
		Archive: failure.New(objects, s.Outputs["BucketName"]), Objects: objects,
		Table: dynamodb.NewFromConfig(s.AWS.Config),
		Queue: sqs.NewFromConfig(s.AWS.Config, func(o *sqs.Options) {
			// After a lost answer the message may be in the queue.
			o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
				r.Retryables = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
			})
		}),
		Providers:  all.All(all.Settings{}),
		BucketName: s.Outputs["BucketName"], TableName: s.Outputs["TableName"],
		QueueURL: s.Outputs["QueueUrl"], DeadLetterURL: s.Outputs["DeadLetterQueueUrl"],
		Rate: rate, Concurrency: replayConcurrency, Patience: patience, Now: now, Sleep: replay.Sleep,
	}
}

// Identity returns the ARN of the caller.
func Identity(ctx context.Context, s *stack.Stack) (string, error) {
	out, err := sts.NewFromConfig(s.AWS.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Arn), nil
}
