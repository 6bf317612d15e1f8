package query

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/paysluice/paysluice/handlers/event"
)

// Archived returns the archived message of an event that was received on the day of
// its ReceivedAt. The error is ErrNotFound if the bucket has none.
func (s *Store) Archived(ctx context.Context, e event.Event) (event.Archived, error) {
	key := event.Archived{Event: &e}.Key()
	name := s.stack.Outputs["BucketName"]
	out, err := s.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &name, Key: &key})
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return event.Archived{}, fmt.Errorf("%w: no object %s in bucket %s", ErrNotFound, key, name)
	}
	if err != nil {
		return event.Archived{}, err
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		return event.Archived{}, fmt.Errorf("read s3://%s/%s: %w", name, key, err)
	}
	return event.DecodeArchived(text)
}
