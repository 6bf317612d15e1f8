package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// ErrPayload is a payload that is not the body that was received.
var ErrPayload = errors.New("the payload does not hash to payloadSha256")

// Objects is the part of the S3 API that Payloads calls.
type Objects interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// Payloads keeps bodies that are too large for a message, and reads the body of
// any event back.
type Payloads struct {
	client  Objects
	bucket  string
	timeout time.Duration
}

// NewPayloads keeps them in that bucket. timeout bounds one Put, and one
// Payload, with all the client's retries.
func NewPayloads(client Objects, bucket string, timeout time.Duration) *Payloads {
	return &Payloads{client: client, bucket: bucket, timeout: timeout}
}

// Put returns the PayloadRef of a body that S3 has taken. A body that is put
// again stands once.
func (p *Payloads) Put(ctx context.Context, provider string, payload []byte) (ref string, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()

	ref = contract.OversizePrefix + provider + "/" + event.HashPayload(payload)
	_, err = p.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:      &p.bucket,
		Key:         &ref,
		Body:        bytes.NewReader(payload),
		ContentType: new("application/octet-stream"),
	})
	if err != nil {
		return "", fmt.Errorf("put s3://%s/%s: %w", p.bucket, ref, err)
	}
	return ref, nil
}

// Payload is the raw body of an event, wherever it stands, byte for byte as it
// was signed. The error is ErrPayload when it is not, and S3's own
// (types.NoSuchKey) when it is gone.
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

// get reads an object to its end.
func get(ctx context.Context, client Objects, bucket, key string) ([]byte, error) {
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
