package bucket_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/event"
)

func deadLetter(e event.Event) event.Archived {
	return event.Archived{
		Schema: event.ArchiveSchema, FailureReason: "conflict", ReceiveCount: 1, SentAt: received.UnixMilli(),
		MessageID: "m-1", Message: []byte(event.Encode(e)), Event: &e,
	}
}

func TestArchivedMessageComesBack(t *testing.T) {
	archive := bucket.NewArchive(newBucketServer().client(), bucketName)

	url, err := archive.Put(t.Context(), deadLetter(anEvent()))
	require.NoError(t, err)
	assert.Equal(t, "s3://"+bucketName+"/"+deadLetter(anEvent()).Key(), url)

	got, err := archive.Get(t.Context(), deadLetter(anEvent()).Key())
	require.NoError(t, err)
	assert.Equal(t, deadLetter(anEvent()), got)
}

// TestKeyAndMetadataReachS3AsTheyAre holds that nothing on the way to S3 reads
// an escape twice or drops a value.
func TestKeyAndMetadataReachS3AsTheyAre(t *testing.T) {
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

func TestArchivePutAgainStandsOnce(t *testing.T) {
	server := newBucketServer()
	archive := bucket.NewArchive(server.client(), bucketName)
	again := deadLetter(anEvent())
	again.ReceiveCount, again.ArchivedAt = 2, 7

	for _, m := range []event.Archived{deadLetter(anEvent()), again} {
		_, err := archive.Put(t.Context(), m)
		require.NoError(t, err)
	}

	assert.Len(t, server.objects, 1)
}

func TestKeysFollowEachOther(t *testing.T) {
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
		break // who has seen enough stops
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
