// Package body fetches the raw bodies of published events.
package body

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

// Errors of Fetch.
var (
	// ErrGone reports a body that an operator has erased, or that has expired.
	ErrGone = errors.New("the body is gone")
	// ErrHash reports bytes that are not the body of the event.
	ErrHash = errors.New("the body does not match its sha256")
)

// maxSize bounds a body in the bucket, in bytes: the largest request that API Gateway
// accepts (API Gateway Developer Guide, "Amazon API Gateway quotas").
const maxSize = 10 << 20

// TableClient is the subset of the DynamoDB API that a Fetcher calls. Its role needs
// dynamodb:GetItem on the table, and kms:Decrypt on the stack's key via dynamodb.
type TableClient interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// BucketClient is the subset of the S3 API that a Fetcher calls. Its role needs
// s3:GetObject on oversize/* of the bucket, and kms:Decrypt on the stack's key via s3.
type BucketClient interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Fetcher fetches raw bodies.
type Fetcher struct {
	table  TableClient
	bucket BucketClient
}

// New returns a fetcher.
func New(table TableClient, bucket BucketClient) *Fetcher {
	return &Fetcher{table: table, bucket: bucket}
}

// Fetch returns the raw body of an event, byte for byte as the provider sent it. The event
// says where it is, and the hash in its data must match.
func (f *Fetcher) Fetch(ctx context.Context, e cloudevent.Event) ([]byte, error) {
	at := e.Data.Body
	if at == nil {
		return nil, fmt.Errorf("%w: %s", ErrGone, e.ID)
	}
	get := f.fromTable
	if at.Table == "" {
		get = f.fromBucket
	}
	content, err := get(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("body of %s: %w", e.ID, err)
	}
	if event.HashPayload(content) != e.Data.PayloadSHA256 {
		return nil, fmt.Errorf("%w: %s", ErrHash, e.ID)
	}
	return content, nil
}

func (f *Fetcher) fromTable(ctx context.Context, at *cloudevent.Body) ([]byte, error) {
	var millis int64
	if at.Timestamp != nil {
		millis = *at.Timestamp
	}
	out, err := f.table.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &at.Table,
		Key: map[string]types.AttributeValue{
			contract.EventIDAttribute:   &types.AttributeValueMemberS{Value: at.EventID},
			contract.TimestampAttribute: &types.AttributeValueMemberN{Value: strconv.FormatInt(millis, 10)},
		},
		ProjectionExpression: new(contract.PayloadAttribute),
	})
	if err != nil {
		return nil, err
	}
	payload, ok := out.Item[contract.PayloadAttribute].(*types.AttributeValueMemberB)
	if !ok {
		return nil, ErrGone
	}
	return payload.Value, nil
}

func (f *Fetcher) fromBucket(ctx context.Context, at *cloudevent.Body) ([]byte, error) {
	out, err := f.bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.Bucket, Key: &at.Key})
	// To a role that may not list the bucket, S3 says AccessDenied instead.
	if failure, ok := errors.AsType[smithy.APIError](err); ok && failure.ErrorCode() == "NoSuchKey" {
		return nil, fmt.Errorf("%w: %w", ErrGone, err)
	}
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(io.LimitReader(out.Body, maxSize))
}
