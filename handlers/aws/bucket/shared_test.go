package bucket_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
)

// newShared returns shared objects and the errors that they report.
func newShared(client bucket.Client) (*bucket.Shared, *[]error) {
	var reported []error
	return bucket.NewShared(client, bucketName, 100*time.Millisecond, func(_ context.Context, err error) { reported = append(reported, err) }), &reported
}

func TestSharedObjectIsCreatedOnce(t *testing.T) {
	server := newBucketServer()
	a, errs := newShared(server.client())
	b, _ := newShared(server.client())

	assert.Nil(t, a.Get(t.Context(), "certificates/1"))
	assert.True(t, a.Create(t.Context(), "certificates/1", []byte("first")))
	assert.False(t, b.Create(t.Context(), "certificates/1", []byte("second")))
	assert.Equal(t, "first", string(b.Get(t.Context(), "certificates/1")))
	assert.True(t, a.Create(t.Context(), "fetches/1", nil), "an empty object counts too")
	assert.Empty(t, *errs)
}

func TestSharedObjectsReportFailures(t *testing.T) {
	for _, row := range []struct {
		why           string
		status        int
		code, message string
		read          bool // whether reading reports it
	}{
		{"S3 hides whether the key exists from a role that may not list", http.StatusForbidden, "AccessDenied", "Access Denied", false},
		{"and says so", http.StatusForbidden, "AccessDenied", "not authorized to perform: s3:ListBucket", false},
		{"the role may not read", http.StatusForbidden, "AccessDenied", "not authorized to perform: s3:GetObject", true},
		{"nor use the key", http.StatusForbidden, "AccessDenied", "not authorized to perform: kms:Decrypt", true},
		{"another error", http.StatusBadRequest, "ExpiredToken", "", true},
	} {
		server := newBucketServer()
		server.message, server.fail = row.message, func(*http.Request) (int, string) { return row.status, row.code }
		shared, errs := newShared(server.client())
		assert.Nil(t, shared.Get(t.Context(), "certificates/1"), row.why)
		assert.Equal(t, row.read, len(*errs) == 1, row.why)
		assert.False(t, shared.Create(t.Context(), "certificates/1", nil), row.why)
		require.NotEmpty(t, *errs, row.why)
		assert.ErrorContains(t, (*errs)[len(*errs)-1], bucketName+"/certificates/1: ", row.why)
	}
	unreachable, errs := newShared(objects{})
	assert.False(t, unreachable.Create(t.Context(), "certificates/1", nil), "it times out")
	require.Len(t, *errs, 1)
	assert.ErrorIs(t, (*errs)[0], context.DeadlineExceeded)
}

// body is an S3 that returns one object.
type body struct {
	bucket.Client
	reader io.Reader
}

func (b body) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: io.NopCloser(b.reader)}, nil
}

func TestSharedObjectIsReadWithinBounds(t *testing.T) {
	planted, _ := newShared(body{reader: strings.NewReader(strings.Repeat("x", 300<<10))})
	assert.Len(t, planted.Get(t.Context(), "certificates/1"), 256<<10)

	broken, errs := newShared(body{reader: iotest.ErrReader(errCut)})
	assert.Nil(t, broken.Get(t.Context(), "certificates/1"))
	require.Len(t, *errs, 1)
	assert.ErrorIs(t, (*errs)[0], errCut)
}
