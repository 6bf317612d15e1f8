package simulation_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/test/simulation/memory"
)

// The clients that a process is given. Each call passes the driver on its way
// to the service in memory.

type sqsClient struct{ by *process }

func (c sqsClient) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	subject := requestIDOf(aws.ToString(in.MessageBody))
	return request(ctx, c.by, sendMessage, subject, func() (*sqs.SendMessageOutput, error) {
		return c.by.world.sqs.SendMessage(ctx, in)
	})
}

// requestIDOf is the request that a message came from; "" for one that no
// processor wrote.
func requestIDOf(message string) string {
	var m struct {
		RequestID string `json:"requestId"`
	}
	if json.Unmarshal([]byte(message), &m) != nil {
		return ""
	}
	return m.RequestID
}

type secretsClient struct{ by *process }

func (c secretsClient) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return request(ctx, c.by, getSecretValue, "", func() (*secretsmanager.GetSecretValueOutput, error) {
		return c.by.world.secrets.GetSecretValue(ctx, in)
	})
}

type dynamodbClient struct {
	by      *process
	retryer aws.Retryer
}

func (c dynamodbClient) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	subject := ""
	if id, ok := in.Item["requestId"].(*dynamodbtypes.AttributeValueMemberS); ok {
		subject = id.Value
	}
	return again(ctx, c.retryer, func() (*dynamodb.PutItemOutput, error) {
		return request(ctx, c.by, putItem, subject, func() (*dynamodb.PutItemOutput, error) {
			return c.by.world.dynamodb.PutItem(ctx, in)
		})
	})
}

// s3Client passes only writing on to the driver: no handler reads.
type s3Client struct {
	*memory.S3
	by      *process
	retryer aws.Retryer
}

func (c s3Client) PutObject(ctx context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	// A dead letter says which message it was, a large payload has its own key.
	subject := cmp.Or(in.Metadata["message-id"], *in.Key)
	return again(ctx, c.retryer, func() (*s3.PutObjectOutput, error) {
		return request(ctx, c.by, putObject, subject, func() (*s3.PutObjectOutput, error) {
			once := *in
			once.Body = bytes.NewReader(body)
			return c.S3.PutObject(ctx, &once)
		})
	})
}

// again tries a request as the SDK's clients do with a retryer, within its quota
// of retries if it has one. The pauses are its longest ones: the SDK draws them at random, which could not be replayed.
func again[T any](ctx context.Context, retryer aws.Retryer, try func() (T, error)) (T, error) {
	pause := 50 * time.Millisecond
	release := retryer.GetInitialToken()
	for attempt := 1; ; attempt++ {
		out, err := try()
		_ = release(err) // it only counts
		if err == nil || attempt >= retryer.MaxAttempts() || !retryer.IsErrorRetryable(err) {
			return out, err
		}
		next, quota := retryer.GetRetryToken(ctx, err)
		if quota != nil {
			return out, fmt.Errorf("%w: %w", err, quota)
		}
		release = next
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return *new(T), &aws.RequestCanceledError{Err: ctx.Err()}
		}
		pause = min(2*pause, 2*time.Second)
	}
}
