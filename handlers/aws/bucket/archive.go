package bucket

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/event"
)

// Listing is the part of the S3 API that an Archive calls.
type Listing interface {
	Objects
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Archive holds dead letters.
type Archive struct {
	client Listing
	bucket string
}

// NewArchive is the archive in that bucket.
func NewArchive(client Listing, bucket string) *Archive {
	return &Archive{client: client, bucket: bucket}
}

// Put keeps a message at its Key and returns where that is, as an s3:// URL. A
// message that is put again is there once.
func (a *Archive) Put(ctx context.Context, m event.Archived) (url string, err error) {
	key := m.Key()
	url = "s3://" + a.bucket + "/" + key
	_, err = a.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:      &a.bucket,
		Key:         &key,
		Body:        bytes.NewReader(event.EncodeArchived(m)),
		ContentType: new("application/json"),
		Metadata:    m.Metadata(),
	})
	if err != nil {
		return "", fmt.Errorf("put %s: %w", url, err)
	}
	return url, nil
}

// Get reads the message at a key. The error is event.ErrArchive for an object
// that is none.
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

// Keys are the keys that begin with prefix and come after the key after, in
// S3's order, that of their bytes. An error is the last element.
func (a *Archive) Keys(ctx context.Context, prefix, after string) iter.Seq2[string, error] {
	in := &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	return func(yield func(string, error) bool) {
		for pages := s3.NewListObjectsV2Paginator(a.client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", fmt.Errorf("list s3://%s/%s: %w", a.bucket, prefix, err))
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
