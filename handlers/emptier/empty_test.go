package emptier_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
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

	_, _, err := c.handle(t, request(cfn.RequestDelete))

	require.NoError(t, err)
	assert.Empty(t, c.versions)
	assert.Equal(t, 4, c.deletes, "S3 takes 1,000 versions a request")
}

// TestLastWriterIsWaitedFor has a function that was started before its trigger
// was deleted and writes once more.
func TestLastWriterIsWaitedFor(t *testing.T) {
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

	_, took, err := c.handle(t, request(cfn.RequestDelete))

	require.NoError(t, err)
	assert.Empty(t, c.versions)
	assert.Equal(t, 75*time.Second, took, "written after 30 s, and 45 s of nothing after that")
}

func TestThrottlesAreWaitedOut(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", keys(10)...)
	throttles := 20
	c.before = func(call string) string {
		if call == "POST delete" && throttles > 0 {
			throttles--
			return "SlowDown"
		}
		return ""
	}

	_, _, err := c.handle(t, request(cfn.RequestDelete))

	require.NoError(t, err)
	assert.Empty(t, c.versions)
}

func TestKeysThatFailForAMomentAreTriedAgain(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", "stripe/a")
	c.protected["v000000"] = true
	c.before = func(call string) string {
		if call == "POST delete" && c.deletes == 2 {
			c.protected = nil
		}
		return ""
	}

	_, _, err := c.handle(t, request(cfn.RequestDelete))

	require.NoError(t, err)
	assert.Empty(t, c.versions)
	assert.Equal(t, 3, c.deletes)
}

func TestProtectedVersionsFailWithWhatToDo(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", keys(5)...)
	c.protected["v000001"], c.protected["v000003"] = true, true

	_, _, err := c.handle(t, request(cfn.RequestDelete))

	assert.EqualError(t, err, "bucket "+bucket+" holds 2 versions that cannot be deleted, "+
		"the first because of AccessDenied (stripe/2026/03/01/stripe:evt_1.json); "+
		"remove what protects them, or restore the emptier's permission to delete them, and delete the stack again")
	assert.Len(t, c.versions, 2, "the others are deleted")
	assert.Equal(t, 1+3, c.deletes, "and after that one, three in a row are enough to know")
}

func TestMoreThanOneRunCanDeleteFailsWithWhatToDo(t *testing.T) {
	c := newCloud("DELETE_IN_PROGRESS", keys(400)...)
	c.pageSize = 1
	c.before = func(string) string {
		time.Sleep(2 * time.Second) // S3 is slow today
		return ""
	}

	_, took, err := c.handle(t, request(cfn.RequestDelete))

	require.ErrorIs(t, err, emptier.ErrTime)
	assert.ErrorContains(t, err, "delete the stack again to continue")
	assert.Less(t, took, timeout)
	assert.Less(t, len(c.versions), 200, "what was deleted stays deleted")

	for range 2 { // and it does go on
		_, _, err = c.handle(t, request(cfn.RequestDelete))
	}
	require.NoError(t, err)
	assert.Empty(t, c.versions)
}
