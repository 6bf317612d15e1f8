package flow_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/event"
)

var errNotArchived = errors.New("it is not in the archive")

// archived is a dead letter and where it stands.
type archived struct {
	event.Archived
	key string
}

func objectClient() *s3.Client {
	return s3.NewFromConfig(stack.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

func archive() *bucket.Archive {
	return bucket.NewArchive(objectClient(), stack.Outputs["BucketName"])
}

// payloads reads large bodies back.
func payloads() *bucket.Payloads {
	return bucket.NewPayloads(objectClient(), stack.Outputs["BucketName"], 10*time.Second)
}

// findArchived looks for a dead letter below a prefix.
func findArchived(ctx context.Context, prefix string, matches func(event.Archived) bool) (archived, error) {
	for key, err := range archive().Keys(ctx, prefix, "") {
		if err != nil {
			return archived{}, err
		}
		m, err := archive().Get(ctx, key)
		if err != nil {
			return archived{}, err
		}
		if matches(m) {
			return archived{m, key}, nil
		}
	}
	return archived{}, errNotArchived
}

// awaitArchived is findArchived, again and again until ctx ends.
func awaitArchived(ctx context.Context, prefix string, matches func(event.Archived) bool) (archived, error) {
	for {
		found, err := findArchived(ctx, prefix, matches)
		if !errors.Is(err, errNotArchived) {
			return found, err
		}
		select {
		case <-ctx.Done():
			return archived{}, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func requireArchived(t *testing.T, prefix string, matches func(event.Archived) bool) archived {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	found, err := awaitArchived(ctx, prefix, matches)
	require.NoError(t, err)
	return found
}

// ofBody matches the dead letter of a body.
func ofBody(body []byte) func(event.Archived) bool {
	hash := event.HashPayload(body)
	return func(m event.Archived) bool { return m.Event != nil && m.Event.PayloadSHA256 == hash }
}
