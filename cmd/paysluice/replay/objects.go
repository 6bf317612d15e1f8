package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// put writes an object, unless it exists.
func (e *Records) put(ctx context.Context, key string, value any) error {
	text, _ := json.Marshal(value) // the types of the records cannot fail
	_, err := e.Objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &e.BucketName, Key: &key, Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
		IfNoneMatch: aws.String("*"), // the bucket's policy demands it
	})
	if err != nil {
		return fmt.Errorf("put s3://%s/%s: %w", e.BucketName, key, err)
	}
	return nil
}

// exists reports whether a put failed because the object exists (S3 User Guide, "Conditional
// write behavior").
func exists(err error) bool {
	failure, ok := errors.AsType[smithy.APIError](err)
	return ok && failure.ErrorCode() == "PreconditionFailed"
}

// get reads a record. The error is ErrNotFound for an object that does not exist.
func (e *Records) get(ctx context.Context, key string, value any) error {
	out, err := e.Objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &e.BucketName, Key: &key})
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return fmt.Errorf("%w: s3://%s/%s is missing", ErrNotFound, e.BucketName, key)
	}
	if err != nil {
		return fmt.Errorf("get s3://%s/%s: %w", e.BucketName, key, err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err == nil {
		err = json.Unmarshal(text, value)
	}
	if err != nil {
		return fmt.Errorf("read s3://%s/%s: %w", e.BucketName, key, err)
	}
	return nil
}

// list calls do for each object with a prefix. With a key in after it begins behind that key.
func (e *Records) list(ctx context.Context, prefix, after string, do func(key string, at time.Time)) error {
	in := &s3.ListObjectsV2Input{Bucket: &e.BucketName, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	for pages := s3.NewListObjectsV2Paginator(e.Objects, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list s3://%s/%s: %w", e.BucketName, prefix, err)
		}
		for _, o := range page.Contents {
			do(aws.ToString(o.Key), aws.ToTime(o.LastModified))
		}
	}
	return nil
}
