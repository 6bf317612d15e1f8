package workload

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// errUnused is a call that no hot path makes.
var errUnused = errors.New("no hot path calls this")

// services is AWS in memory: it accepts everything at once and keeps nothing
// but the last message, since what keeping costs is not paysluice's. (Package
// memory, which does keep things, is for what must be right.)
type services struct {
	secret string
	// latency is how long a put into the table takes.
	latency time.Duration
	message string // the last that was sent
}

func (s *services) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return &secretsmanager.GetSecretValueOutput{SecretString: &s.secret}, nil
}

func (s *services) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	s.message = *in.MessageBody
	return &sqs.SendMessageOutput{}, nil
}

func (s *services) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	time.Sleep(s.latency)
	return &dynamodb.PutItemOutput{}, nil
}

func (s *services) PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return &s3.PutObjectOutput{}, nil
}

func (s *services) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return nil, errUnused
}

func (s *services) ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return nil, errUnused
}
