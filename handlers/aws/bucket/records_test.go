package bucket_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
)

func TestRecordsAreCreatedOnce(t *testing.T) {
	b := newBucketServer()
	r := bucket.NewRecords(b.client(), bucketName)
	require.NoError(t, r.Create(t.Context(), "reconciliations/a", []byte("1")))
	require.ErrorIs(t, r.Create(t.Context(), "reconciliations/a", []byte("2")), bucket.ErrExists)
	require.NoError(t, r.Create(t.Context(), "reconciliations/b", []byte("3")))
	text, err := r.Get(t.Context(), "reconciliations/a")
	require.NoError(t, err)
	assert.Equal(t, "1", string(text))
	var keys []string
	for key, err := range r.Keys(t.Context(), "reconciliations/", "reconciliations/a") {
		require.NoError(t, err)
		keys = append(keys, key)
	}
	assert.Equal(t, []string{"reconciliations/b"}, keys)

	b.fail = func(*http.Request) (int, string) { return http.StatusForbidden, "AccessDenied" }
	assert.ErrorContains(t, r.Create(t.Context(), "reconciliations/c", nil), "put s3://"+bucketName+"/reconciliations/c")
	_, err = r.Get(t.Context(), "reconciliations/a")
	assert.Error(t, err)
}
