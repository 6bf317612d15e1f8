package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// maxShared is the size of the largest object that Shared reads, in bytes.
const maxShared = 256 << 10

// Shared keeps small objects for all instances of a stack.
type Shared struct {
	client  Client
	bucket  string
	timeout time.Duration
	report  func(context.Context, error)
}

// NewShared returns the shared objects in a bucket. timeout bounds each call. report
// receives the errors of S3.
func NewShared(client Client, bucket string, timeout time.Duration, report func(context.Context, error)) *Shared {
	return &Shared{client: client, bucket: bucket, timeout: timeout, report: report}
}

// Get returns the object under a key, or nil if there is none or it cannot be read.
func (s *Shared) Get(ctx context.Context, key string) []byte {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if isMissing(err) {
		return nil
	}
	if err != nil {
		s.report(ctx, fmt.Errorf("get s3://%s/%s: %w", s.bucket, key, err))
		return nil
	}
	defer out.Body.Close()
	data, err := io.ReadAll(io.LimitReader(out.Body, maxShared))
	if err != nil {
		s.report(ctx, fmt.Errorf("read s3://%s/%s: %w", s.bucket, key, err))
		return nil
	}
	return data
}

// isMissing reports whether S3 says that it has no object under a key. To a role that
// may not list the bucket it says AccessDenied (S3 API Reference, GetObject,
// "Permissions"). That error names s3:GetObject or the key if one of those is denied.
func isMissing(err error) bool {
	failure, ok := errors.AsType[smithy.APIError](err)
	if !ok || failure.ErrorCode() != "AccessDenied" {
		return ok && failure.ErrorCode() == "NoSuchKey"
	}
	message := failure.ErrorMessage()
	return !strings.Contains(message, "s3:GetObject") && !strings.Contains(message, "kms:Decrypt")
}

// Create reports whether it stored a new object. It replaces none.
func (s *Shared) Create(ctx context.Context, key string, data []byte) bool {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := create(ctx, s.client, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(data), ContentType: new("application/octet-stream"),
	})
	if err != nil && !errors.Is(err, ErrExists) {
		s.report(ctx, fmt.Errorf("put s3://%s/%s: %w", s.bucket, key, err))
	}
	return err == nil
}
