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

func TestPayloadIsKeptByteForByte(t *testing.T) {
	everyByte := bytes.Repeat([]byte{0x00, 0xff, '\r', '\n', 0xc3}, 900_000) // 4.5 MB
	server := newBucketServer()
	payloads := bucket.NewPayloads(server.client(), bucketName, time.Minute)

	ref, err := payloads.Put(t.Context(), inMemory(everyByte), 30)
	require.NoError(t, err)

	e := byReference(everyByte)
	require.Equal(t, ref, e.PayloadRef)
	got, err := payloads.Payload(t.Context(), e)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(everyByte, got))
}

// An object's lifetime begins with its first put and has the days of its prefix, so
// it must not serve a later row or one with another retention.
func TestPayloadHasTheLifetimeOfItsRow(t *testing.T) {
	server := newBucketServer()
	payloads := bucket.NewPayloads(server.client(), bucketName, time.Minute)
	hash := event.HashPayload([]byte("large"))
	here := time.Local
	t.Cleanup(func() { time.Local = here })
	time.Local = time.FixedZone("UTC-9", -9*3600)
	for _, row := range []struct {
		why     string
		at      time.Time
		days    int
		want    string
		objects int
	}{
		{"first delivery", received, 30, "oversize/30d/stripe/2026-03-02/", 1},
		{"again on the same UTC day", received.Add(23 * time.Hour), 30, "oversize/30d/stripe/2026-03-02/", 1},
		{"on the next", received.Add(24 * time.Hour), 30, "oversize/30d/stripe/2026-03-03/", 2},
		{"under a lower retention", received, 7, "oversize/7d/stripe/2026-03-02/", 3},
		{"kept", received, 0, "oversize/0d/stripe/2026-03-02/", 4},
	} {
		e := inMemory([]byte("large"))
		e.ReceivedAt = row.at.UnixMilli()
		ref, err := payloads.Put(t.Context(), e, row.days)
		require.NoError(t, err)
		assert.Equal(t, row.want+hash, ref, row.why)
		assert.Len(t, server.objects, row.objects, row.why)
	}
}

func TestPayloadInTheEventNeedsNoS3(t *testing.T) {
	server := newBucketServer()

	got, err := bucket.NewPayloads(server.client(), bucketName, time.Minute).Payload(t.Context(), anEvent())

	require.NoError(t, err)
	assert.Equal(t, anEvent().Payload, got)
	assert.Zero(t, server.calls)
}

func TestPayloadThatDoesNotMatchItsHash(t *testing.T) {
	server := newBucketServer()
	elsewhere := byReference([]byte("large"))
	server.objects[elsewhere.PayloadRef] = object{body: "other"}
	listed := anEvent()
	listed.Payload = nil // as an index of the table projects it

	for why, e := range map[string]event.Event{"changed in S3": elsewhere, "missing": listed} {
		t.Run(why, func(t *testing.T) {
			_, err := bucket.NewPayloads(server.client(), bucketName, time.Minute).Payload(t.Context(), e)
			require.ErrorIs(t, err, bucket.ErrPayload)
			assert.ErrorContains(t, err, "stripe:evt_1")
		})
	}
}

func TestPayloadThatS3DoesNotHave(t *testing.T) {
	_, err := bucket.NewPayloads(newBucketServer().client(), bucketName, time.Minute).
		Payload(t.Context(), byReference([]byte("large")))

	_, missing := errors.AsType[*types.NoSuchKey](err)
	assert.True(t, missing)
	assert.ErrorContains(t, err, bucketName+"/oversize/30d/stripe/", "the error names the object")
}

func TestPayloadThatS3Refuses(t *testing.T) {
	server := newBucketServer()
	server.fail = func(*http.Request) (int, string) { return http.StatusForbidden, "AccessDenied" }

	_, err := bucket.NewPayloads(server.client(), bucketName, time.Minute).Put(t.Context(), inMemory([]byte("large")), 30)

	require.ErrorContains(t, err, "AccessDenied")
	assert.ErrorContains(t, err, bucketName+"/oversize/30d/stripe/")
	assert.Empty(t, server.objects)
}

// objects is an S3 whose PutObject hangs and whose GetObject fails midway.
type objects struct{ bucket.Client }

func (objects) PutObject(ctx context.Context, _ *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

var errCut = errors.New("connection reset")

func (objects) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{Body: io.NopCloser(io.MultiReader(strings.NewReader("lar"), iotest.ErrReader(errCut)))}, nil
}

func TestPutTimesOut(t *testing.T) {
	_, err := bucket.NewPayloads(objects{}, bucketName, time.Millisecond).Put(t.Context(), inMemory([]byte("large")), 30)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestPayloadThatIsCutShort(t *testing.T) {
	_, err := bucket.NewPayloads(objects{}, bucketName, time.Second).Payload(t.Context(), byReference([]byte("large")))
	require.ErrorIs(t, err, errCut)
}

func deadLetter(e event.Event) event.Archived {
	return event.Archived{
		Schema: event.ArchiveSchema, FailureReason: "conflict", ReceiveCount: 1, SentAt: received.UnixMilli(),
		MessageID: "m-1", Message: []byte(event.Encode(e)), Event: &e,
	}
}

func TestArchivedMessageIsKept(t *testing.T) {
	server := newBucketServer()
	archive := bucket.NewArchive(server.client(), bucketName)

	url, err := archive.Put(t.Context(), deadLetter(anEvent()))
	require.NoError(t, err)
	assert.Len(t, server.objects, 1)
	assert.Equal(t, "s3://"+bucketName+"/"+deadLetter(anEvent()).Key(), url)

	got, err := archive.Get(t.Context(), deadLetter(anEvent()).Key())
	require.NoError(t, err)
	assert.Equal(t, deadLetter(anEvent()), got)
}

// A body with the same first hash digits can be made by trying, so the message of
// another delivery is kept beside the first, and nothing is replaced.
func TestNothingInTheBucketIsReplaced(t *testing.T) {
	server := newBucketServer()
	archive, payloads := bucket.NewArchive(server.client(), bucketName), bucket.NewPayloads(server.client(), bucketName, time.Minute)
	first, ref := deadLetter(anEvent()), byReference([]byte("large")).PayloadRef
	server.objects[first.Key()] = object{body: "first"}
	server.objects[ref] = object{body: "planted"}

	for range 2 { // the second delivery of the same message has both keys taken
		url, err := archive.Put(t.Context(), first)
		require.NoError(t, err)
		assert.Equal(t, "s3://"+bucketName+"/"+first.MessageKey(), url)
	}
	got, err := payloads.Put(t.Context(), inMemory([]byte("large")), 30)
	require.NoError(t, err)
	assert.Equal(t, ref, got)

	assert.Len(t, server.objects, 3)
	assert.Equal(t, "first", server.objects[first.Key()].body)
	assert.Equal(t, "planted", server.objects[ref].body)
	_, err = payloads.Payload(t.Context(), byReference([]byte("large")))
	require.ErrorIs(t, err, bucket.ErrPayload, "a planted body is not the event's")
}

// The SDK must neither unescape keys nor drop metadata.
func TestKeyAndMetadataReachS3Unchanged(t *testing.T) {
	for _, id := range []string{"stripe:evt_1", "../../x", "a%2Fb", "a b+c&d=e", "é\x00\n", " ", strings.Repeat("x", 300)} {
		server := newBucketServer()
		e := anEvent()
		e.ID = id

		_, err := bucket.NewArchive(server.client(), bucketName).Put(t.Context(), deadLetter(e))

		require.NoError(t, err)
		put, ok := server.objects[deadLetter(e).Key()]
		require.True(t, ok, "%v", server.objects)
		for name, value := range deadLetter(e).Metadata() {
			assert.Equal(t, value, put.header.Get("X-Amz-Meta-"+name))
		}
		assert.Equal(t, "application/json", put.header.Get("Content-Type"))
	}
}

func TestKeysAreListedInOrder(t *testing.T) {
	server := newBucketServer()
	for _, key := range []string{"stripe/a", "stripe/b", "stripe/c", "stripe/d", "stripe/e", "square/a"} {
		server.objects[key] = object{}
	}
	archive := bucket.NewArchive(server.client(), bucketName)
	keys := func(after string) (keys []string) {
		for key, err := range archive.Keys(t.Context(), "stripe/", after) {
			require.NoError(t, err)
			keys = append(keys, key)
		}
		return keys
	}

	assert.Equal(t, []string{"stripe/a", "stripe/b", "stripe/c", "stripe/d", "stripe/e"}, keys(""), "over three pages")
	assert.Equal(t, []string{"stripe/d", "stripe/e"}, keys("stripe/c"))
	assert.Empty(t, keys("stripe/e"))
	for key, err := range archive.Keys(t.Context(), "stripe/", "") {
		require.NoError(t, err)
		assert.Equal(t, "stripe/a", key)
		break
	}
}

func TestArchiveReportsFailure(t *testing.T) {
	server := newBucketServer()
	server.objects["stripe/notes.txt"] = object{body: "not ours"}
	archive := bucket.NewArchive(server.client(), bucketName)

	_, err := archive.Get(t.Context(), "stripe/notes.txt")
	require.ErrorIs(t, err, event.ErrArchive)
	assert.ErrorContains(t, err, bucketName+"/stripe/notes.txt")

	server.fail = func(*http.Request) (int, string) { return http.StatusForbidden, "AccessDenied" }
	_, err = archive.Put(t.Context(), deadLetter(anEvent()))
	require.ErrorContains(t, err, "AccessDenied")
	_, err = archive.Get(t.Context(), "stripe/notes.txt")
	require.ErrorContains(t, err, "AccessDenied")
	for _, err := range archive.Keys(t.Context(), "stripe/", "") {
		require.ErrorContains(t, err, "AccessDenied")
	}
}
