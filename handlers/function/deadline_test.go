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

func TestWithMargin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		invocation, end := context.WithTimeout(t.Context(), time.Hour)
		defer end()
		work, cancel := function.WithMargin(invocation, time.Minute)
		defer cancel()
		start := time.Now()
		<-work.Done()
		assert.Equal(t, 59*time.Minute, time.Since(start))
	})
}

func TestWithMarginWithoutADeadline(t *testing.T) {
	invocation, end := context.WithCancel(t.Context())
	work, cancel := function.WithMargin(invocation, time.Minute)
	defer cancel()

	require.NoError(t, work.Err())
	end()
	require.ErrorIs(t, work.Err(), context.Canceled)
}

func TestRunForWaitsForAllTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		function.RunFor(time.Second,
			func() { time.Sleep(100 * time.Millisecond) },
			func() { time.Sleep(300 * time.Millisecond) })
		assert.Equal(t, 300*time.Millisecond, time.Since(start), "concurrently, until the slower one is done")
	})
}

func TestRunForWaitsAtMostItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, ended := time.Now(), time.Time{}
		function.RunFor(time.Second, func() {
			time.Sleep(3 * time.Second)
			ended = time.Now()
		})
		assert.Equal(t, time.Second, time.Since(start))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		assert.Equal(t, 3*time.Second, ended.Sub(start), "the task keeps running")
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, function.Sleep(t.Context(), time.Second))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, function.Sleep(ctx, time.Minute), context.DeadlineExceeded)
		assert.Equal(t, 2*time.Second, time.Since(start))
	})
}
