package deadline_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/deadline"
)

func TestWorkEndsBeforeTheInvocation(t *testing.T) {
	ends := time.Now().Add(time.Hour)
	invocation, end := context.WithDeadline(t.Context(), ends)
	defer end()

	work, cancel := deadline.Before(invocation, time.Minute)
	defer cancel()

	workEnds, ok := work.Deadline()
	assert.True(t, ok)
	assert.Equal(t, ends.Add(-time.Minute), workEnds)
}

func TestWorkWithoutADeadlineEndsWithItsContext(t *testing.T) {
	invocation, end := context.WithCancel(t.Context())
	work, cancel := deadline.Before(invocation, time.Minute)
	defer cancel()

	require.NoError(t, work.Err())
	end()
	require.ErrorIs(t, work.Err(), context.Canceled)
}
