package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPerCycle(t *testing.T) {
	text := `{"level":"INFO","message":"gc of no interest, 1->2->3 MB"}
gc 1 @0.010s 0%: 0.018+0.59+0.003 ms clock, 0.018+0/0.59/0+0.003 ms cpu, 40->41->2 MB, 44 MB goal, 0 MB stacks, 0 MB globals, 1 P
{"level":"INFO"}
gc 2 @0.030s 0%: 0.018+0.59+0.003 ms clock, 0.018+0/0.59/0+0.003 ms cpu, 40->42->3 MB, 44 MB goal, 0 MB stacks, 0 MB globals, 1 P
gc 3 @0.050s 0%: 0.018+0.59+0.003 ms clock, 0.018+0/0.59/0+0.003 ms cpu, 40->43->3 MB, 44 MB goal, 0 MB stacks, 0 MB globals, 1 P
`
	all := cycles([]byte(text))
	require.Equal(t, []cycle{
		{10 * time.Millisecond, 41 << 20, 2 << 20},
		{30 * time.Millisecond, 42 << 20, 3 << 20},
		{50 * time.Millisecond, 43 << 20, 3 << 20},
	}, all)

	done := make([]int64, 60) // one invocation a millisecond
	for i := range done {
		done[i] = int64(i)
	}
	n, allocated, err := perCycle(all, done)
	require.NoError(t, err)
	assert.Equal(t, 40, n)
	assert.Equal(t, int64(42-2+43-3)<<20, allocated)

	_, _, err = perCycle(all[:1], done)
	assert.ErrorIs(t, err, errNoCycles, "one collection says nothing")
	_, _, err = perCycle(all, done[:5])
	assert.ErrorIs(t, err, errNoCycles, "nothing was done between them")
}
