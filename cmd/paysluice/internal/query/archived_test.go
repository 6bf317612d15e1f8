package query_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

var errRefused = errors.New("refused")

// getter answers GetObject.
type getter struct {
	query.Objects
	key  string
	body io.Reader
	err  error
}

func (g *getter) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	g.key = *in.Bucket + "/" + *in.Key
	return &s3.GetObjectOutput{Body: io.NopCloser(g.body)}, g.err
}

func TestLostPayload(t *testing.T) {
	for _, tt := range []struct {
		why    string
		bucket getter
		lost   bool
	}{
		{"no object", getter{err: &types.NoSuchKey{}}, true},
		{"another body", getter{body: strings.NewReader("other")}, true},
		{"no access", getter{err: errRefused}, false},
		{"a connection that breaks", getter{body: iotest.ErrReader(errRefused)}, false},
	} {
		s := query.NewStore(nil, &tt.bucket, &stack.Stack{Outputs: map[string]string{"BucketName": "b"}}, time.Now)
		_, err := s.Payload(t.Context(), event.Event{PayloadRef: "oversize/x", PayloadSHA256: event.HashPayload(nil)})
		assert.Error(t, err, tt.why)
		assert.Equal(t, tt.lost, query.IsLost(err), tt.why)
	}
	assert.True(t, query.IsLost(fmt.Errorf("row: %w", table.ErrItem)), "a row that is not an event")
	assert.False(t, query.IsLost(nil))
}

func TestArchived(t *testing.T) {
	e := event.Event{ID: "stripe:evt_1", Provider: "stripe", ReceivedAt: 1_775_001_600_000, PayloadSHA256: event.HashPayload(nil)}
	kept := event.Archived{Schema: event.ArchiveSchema, FailureReason: contract.ReasonConflict, Event: &e}
	for _, tt := range []struct {
		why    string
		bucket getter
		is     error
	}{
		{"a message", getter{body: strings.NewReader(string(event.EncodeArchived(kept)))}, nil},
		{"nothing", getter{err: &types.NoSuchKey{}}, query.ErrNotFound},
		{"no access", getter{err: errRefused}, errRefused},
		{"a connection that breaks", getter{body: iotest.ErrReader(errRefused)}, errRefused},
		{"another object", getter{body: strings.NewReader("{}")}, event.ErrArchive},
	} {
		s := query.NewStore(nil, &tt.bucket, &stack.Stack{Outputs: map[string]string{"BucketName": "failed"}}, time.Now)
		m, err := s.Archived(t.Context(), e)
		assert.ErrorIs(t, err, tt.is, tt.why)
		assert.Equal(t, tt.is == nil, m.FailureReason == contract.ReasonConflict, tt.why)
		assert.Equal(t, "failed/"+kept.Key(), tt.bucket.key)
	}
}
