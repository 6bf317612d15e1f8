package bucket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/event"
)

func TestPayloadComesBackByteForByte(t *testing.T) {
	everyByte := bytes.Repeat([]byte{0x00, 0xff, '\r', '\n', 0xc3}, 900_000) // 4.5 MB
	payloads := bucket.NewPayloads(newBucketServer().client(), bucketName, time.Minute)

	ref, err := payloads.Put(t.Context(), "stripe", everyByte)
	require.NoError(t, err)
	assert.Equal(t, "oversize/stripe/"+event.HashPayload(everyByte), ref)

	e := byReference(everyByte)
	require.Equal(t, ref, e.PayloadRef)
	got, err := payloads.Payload(t.Context(), e)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(everyByte, got))
}

func TestPayloadPutAgainStandsOnce(t *testing.T) {
	server := newBucketServer()
	payloads := bucket.NewPayloads(server.client(), bucketName, time.Minute)

	first, err := payloads.Put(t.Context(), "stripe", []byte("large"))
	require.NoError(t, err)
	again, err := payloads.Put(t.Context(), "stripe", []byte("large"))
	require.NoError(t, err)

	assert.Equal(t, first, again)
	assert.Len(t, server.objects, 1)
}

func TestPayloadInTheEventNeedsNoS3(t *testing.T) {
	server := newBucketServer()

	got, err := bucket.NewPayloads(server.client(), bucketName, time.Minute).Payload(t.Context(), anEvent())

	require.NoError(t, err)
	assert.Equal(t, anEvent().Payload, got)
	assert.Zero(t, server.calls)
}

func TestPayloadThatIsNotTheOneReceived(t *testing.T) {
	server := newBucketServer()
	elsewhere := byReference([]byte("large"))
	server.objects[elsewhere.PayloadRef] = object{body: "other"}
	listed := anEvent()
	listed.Payload = nil // as an index of the table gives it

	for why, e := range map[string]event.Event{"changed in S3": elsewhere, "not there": listed} {
		t.Run(why, func(t *testing.T) {
			_, err := bucket.NewPayloads(server.client(), bucketName, time.Minute).Payload(t.Context(), e)
			require.ErrorIs(t, err, bucket.ErrPayload)
			assert.ErrorContains(t, err, "stripe:evt_1")
		})
	}
}

func TestPayloadThatIsGone(t *testing.T) {
	_, err := bucket.NewPayloads(newBucketServer().client(), bucketName, time.Minute).
		Payload(t.Context(), byReference([]byte("large")))

	_, gone := errors.AsType[*types.NoSuchKey](err)
	assert.True(t, gone)
	assert.ErrorContains(t, err, bucketName+"/oversize/stripe/", "it says where it should have been")
}

func TestPayloadThatS3Refuses(t *testing.T) {
	server := newBucketServer()
	server.fail = func(*http.Request) (int, string) { return http.StatusForbidden, "AccessDenied" }

	_, err := bucket.NewPayloads(server.client(), bucketName, time.Minute).Put(t.Context(), "stripe", []byte("large"))

	require.ErrorContains(t, err, "AccessDenied")
	assert.ErrorContains(t, err, bucketName+"/oversize/stripe/")
	assert.Empty(t, server.objects)
}

// objects are an S3 that does not answer, or not to the end.
type objects struct{ bucket.Objects }

func (objects) PutObject(ctx context.Context, _ *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

var errCut = errors.New("connection reset")

func (objects) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: io.NopCloser(io.MultiReader(strings.NewReader("lar"), iotest.ErrReader(errCut)))}, nil
}

func TestPutGivesUpInTime(t *testing.T) {
	_, err := bucket.NewPayloads(objects{}, bucketName, time.Millisecond).Put(t.Context(), "stripe", []byte("large"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestPayloadThatIsCutShort(t *testing.T) {
	_, err := bucket.NewPayloads(objects{}, bucketName, time.Second).Payload(t.Context(), byReference([]byte("large")))
	require.ErrorIs(t, err, errCut)
}
