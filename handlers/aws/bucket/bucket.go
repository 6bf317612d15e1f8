// Package bucket stores large payloads and dead letters in S3.
package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// ErrPayload reports a payload that does not match the hash of its event.
var ErrPayload = errors.New("the payload does not match payloadSha256")

// Client is the subset of the S3 API that Payloads calls.
type Client interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Payloads stores bodies that are too large for a message and reads the body of
// any event.
type Payloads struct {
	client  Client
	bucket  string
	timeout time.Duration
}

// NewPayloads returns the payloads in a bucket. timeout bounds one Put or Payload
// including the client's retries.
func NewPayloads(client Client, bucket string, timeout time.Duration) *Payloads {
	return &Payloads{client: client, bucket: bucket, timeout: timeout}
}

// Put stores the payload of an event that expires after retentionDays and returns
// its PayloadRef. Equal bodies that a provider sends on one UTC day under one
// retention have the same PayloadRef. On another day they have another, because an
// object's lifetime begins with its first put and must not end before the row's.
func (p *Payloads) Put(ctx context.Context, e event.Event, retentionDays int) (ref string, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()

	day := time.UnixMilli(e.ReceivedAt).UTC().Format(time.DateOnly)
	ref = contract.RetentionPrefix(retentionDays) + e.Provider + "/" + day + "/" + e.PayloadSHA256
	err = create(ctx, p.client, &s3.PutObjectInput{
		Bucket:      &p.bucket,
		Key:         &ref,
		Body:        bytes.NewReader(e.Payload),
		ContentType: new("application/octet-stream"),
	})
	if err != nil && !errors.Is(err, ErrExists) {
		return "", fmt.Errorf("put s3://%s/%s: %w", p.bucket, ref, err)
	}
	return ref, nil
}

// ErrExists reports that a bucket already has an object with that key.
var ErrExists = errors.New("the object exists")

// create puts a new object. No function replaces one: the bucket's policy rejects a
// put without If-None-Match. The error is ErrExists for a key that is taken.
func create(ctx context.Context, client Client, in *s3.PutObjectInput) error {
	in.IfNoneMatch = new("*")
	_, err := client.PutObject(ctx, in)
	// S3 User Guide, "Conditional write behavior".
	if failure, ok := errors.AsType[smithy.APIError](err); ok && failure.ErrorCode() == "PreconditionFailed" {
		return fmt.Errorf("%w: %w", ErrExists, err)
	}
	return err
}

// Payload returns the raw body of an event, from the event or from S3. The error
// is ErrPayload for a body that does not match its hash, and types.NoSuchKey for
// one that S3 does not have.
func (p *Payloads) Payload(ctx context.Context, e event.Event) ([]byte, error) {
	payload := e.Payload
	if e.PayloadRef != "" {
		ctx, cancel := context.WithTimeout(ctx, p.timeout)
		defer cancel()

		var err error
		if payload, err = get(ctx, p.client, p.bucket, e.PayloadRef); err != nil {
			return nil, err
		}
	}
	if event.HashPayload(payload) != e.PayloadSHA256 {
		return nil, fmt.Errorf("%w: %s", ErrPayload, e.ID)
	}
	return payload, nil
}

// get returns the content of an object.
func get(ctx context.Context, client Client, bucket, key string) ([]byte, error) {
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("get s3://%s/%s: %w", bucket, key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return body, nil
}

// ArchiveClient is the subset of the S3 API that an Archive calls.
type ArchiveClient interface {
	Client
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Archive stores dead letters.
type Archive struct {
	client ArchiveClient
	bucket string
}

// NewArchive returns the archive in a bucket.
func NewArchive(client ArchiveClient, bucket string) *Archive {
	return &Archive{client: client, bucket: bucket}
}

// Put stores a message under its Key, or under its MessageKey if another object has
// that one, and returns the s3:// URL. It replaces no object. A MessageKey that is
// taken holds an earlier delivery of the message.
func (a *Archive) Put(ctx context.Context, m event.Archived) (url string, err error) {
	for _, key := range []string{m.Key(), m.MessageKey()} {
		url = "s3://" + a.bucket + "/" + key
		err = create(ctx, a.client, &s3.PutObjectInput{
			Bucket:      &a.bucket,
			Key:         &key,
			Body:        bytes.NewReader(event.EncodeArchived(m)),
			ContentType: new("application/json"),
			Metadata:    m.Metadata(),
		})
		if !errors.Is(err, ErrExists) {
			break
		}
	}
	if err != nil && !errors.Is(err, ErrExists) {
		return "", fmt.Errorf("put %s: %w", url, err)
	}
	return url, nil
}

// Get returns the message under a key. The error is event.ErrArchive for an
// object that is not an archived message.
func (a *Archive) Get(ctx context.Context, key string) (event.Archived, error) {
	text, err := get(ctx, a.client, a.bucket, key)
	if err != nil {
		return event.Archived{}, err
	}
	m, err := event.DecodeArchived(text)
	if err != nil {
		return event.Archived{}, fmt.Errorf("s3://%s/%s: %w", a.bucket, key, err)
	}
	return m, nil
}

// Keys returns the keys that begin with prefix and sort after the key after, in
// byte order. An error ends the sequence.
func (a *Archive) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	return keys(ctx, a.client, a.bucket, prefix, after)
}

func keys(ctx context.Context, client ArchiveClient, bucket, prefix, after string) iter.Seq2[string, error] {
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	return func(yield func(string, error) bool) {
		for pages := s3.NewListObjectsV2Paginator(client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", fmt.Errorf("list s3://%s/%s: %w", bucket, prefix, err))
				return
			}
			for _, object := range page.Contents {
				if !yield(*object.Key, nil) {
					return
				}
			}
		}
	}
}
