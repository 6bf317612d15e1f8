package bucket

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Records keeps what a function notes about its work. No object is replaced.
type Records struct {
	client ArchiveClient
	bucket string
}

// NewRecords returns the records in a bucket.
func NewRecords(client ArchiveClient, bucket string) *Records {
	return &Records{client: client, bucket: bucket}
}

// Keys returns the keys that begin with prefix and sort after the key after, in byte
// order. An error ends the sequence.
func (r *Records) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return keys(ctx, r.client, r.bucket, prefix, after)
}

// Get returns the object under a key.
func (r *Records) Get(ctx context.Context, key string) ([]byte, error) {
	return get(ctx, r.client, r.bucket, key)
}

// Create puts a new object. The error is ErrExists for a key that is taken.
func (r *Records) Create(ctx context.Context, key string, data []byte) error {
	err := create(ctx, r.client, &s3.PutObjectInput{
		Bucket: &r.bucket, Key: &key, Body: bytes.NewReader(data), ContentType: new("application/json"),
	})
	if err != nil {
		return fmt.Errorf("put s3://%s/%s: %w", r.bucket, key, err)
	}
	return nil
}
