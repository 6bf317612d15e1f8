package emptier_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/emptier"
)

func keys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("stripe/2026/03/01/stripe:evt_%d.json", i)
	}
	return keys
}

func TestManyVersionsAreDeletedPageByPage(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", keys(3500)...)

	_, _, err := c.handle(t, deleteRequest())

	require.NoError(t, err)
	assert.Empty(t, c.versions)
	assert.Equal(t, 4, c.deletes, "1,000 versions a request")
}

// A function that was started before its trigger was deleted writes once more.
func TestEmptierWaitsForTheLastWriter(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS")
	listings := 0
	c.before = func(call string) string {
		if call == "GET versions" {
			if listings++; listings == 7 {
				c.versions["late"] = "stripe/late"
			}
		}
		return ""
	}

	_, took, err := c.handle(t, deleteRequest())

	require.NoError(t, err)
	assert.Empty(t, c.versions)
	assert.Equal(t, 75*time.Second, took, "written after 30 s, then empty for 45 s")
}

func TestTemporaryFailuresOfKeysAreRetried(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
	c.protected["v000000"] = true
	c.before = func(call string) string {
		if call == "POST delete" && c.deletes == 2 {
			c.protected = nil
		}
		return ""
	}

	_, _, err := c.handle(t, deleteRequest())

	require.NoError(t, err)
	assert.Empty(t, c.versions)
	assert.Equal(t, 3, c.deletes)
}

func TestProtectedVersions(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", keys(5)...)
	c.protected["v000001"], c.protected["v000003"] = true, true

	_, _, err := c.handle(t, deleteRequest())

	assert.EqualError(t, err, "bucket "+bucket+" holds 2 versions that cannot be deleted, "+
		"the first because of AccessDenied (stripe/2026/03/01/stripe:evt_1.json); "+
		"remove what protects them, or restore the emptier's permission to delete them, and delete the stack again")
	assert.Len(t, c.versions, 2, "the others are deleted")
	assert.Equal(t, 1+3, c.deletes, "one that deletes, then three that do not")
}

func TestBucketThatNeedsMoreThanOneInvocation(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", keys(400)...)
	c.pageSize = 1
	c.before = func(string) string {
		time.Sleep(2 * time.Second)
		return ""
	}

	_, took, err := c.handle(t, deleteRequest())

	require.ErrorIs(t, err, emptier.ErrTime)
	assert.ErrorContains(t, err, "delete the stack again to continue")
	assert.Less(t, took, timeout)
	assert.Less(t, len(c.versions), 200, "what was deleted stays deleted")

	for range 2 {
		_, _, err = c.handle(t, deleteRequest())
	}
	require.NoError(t, err)
	assert.Empty(t, c.versions)
}
