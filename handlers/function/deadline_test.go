package function_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/function"
)

func TestWorkEndsBeforeTheInvocation(t *testing.T) {
	ends := time.Now().Add(time.Hour)
	invocation, end := context.WithDeadline(t.Context(), ends)
	defer end()

	work, cancel := function.WithMargin(invocation, time.Minute)
	defer cancel()

	workEnds, ok := work.Deadline()
	assert.True(t, ok)
	assert.Equal(t, ends.Add(-time.Minute), workEnds)
}

func TestWorkWithoutADeadlineEndsWithItsContext(t *testing.T) {
	invocation, end := context.WithCancel(t.Context())
	work, cancel := function.WithMargin(invocation, time.Minute)
	defer cancel()

	require.NoError(t, work.Err())
	end()
	require.ErrorIs(t, work.Err(), context.Canceled)
}

func TestTasksAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		function.RunFor(time.Second,
			func() { time.Sleep(100 * time.Millisecond) },
			func() { time.Sleep(300 * time.Millisecond) })
		assert.Equal(t, 300*time.Millisecond, time.Since(start), "both at once, and for the slower one")
	})
}

func TestTasksAreNotWaitedForBeyondTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, ended := time.Now(), time.Time{}
		function.RunFor(time.Second, func() {
			time.Sleep(3 * time.Second)
			ended = time.Now()
		})
		assert.Equal(t, time.Second, time.Since(start))
		time.Sleep(3 * time.Second)
		assert.Equal(t, 3*time.Second, ended.Sub(start), "it goes on")
	})
}
