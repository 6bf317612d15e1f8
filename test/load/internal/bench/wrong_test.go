package bench

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/load/internal/traffic"
)

// A run whose webhooks are refused does not pass, however fast they are.
func TestWrongAnswersFailARun(t *testing.T) {
	b, err := New(t.Context(), "../../../..", io.Discard)
	require.NoError(t, err)
	defer func() { assert.NoError(t, b.Close()) }()
	// Signed with other secrets than those at the stub.
	b.source, err = traffic.New(b.authority, b.hosts)
	require.NoError(t, err)

	_, err = b.Load(t.Context(), LoadOptions{
		Rate: 50, For: 300 * time.Millisecond, Arrivals: Even, BodySize: traffic.BodySize, MaxPerPool: 20,
	})
	require.ErrorIs(t, err, ErrWrong)
	assert.ErrorContains(t, err, `"statusCode":401`, "and it says what came instead")
	assert.ErrorContains(t, err, "-processor", "whichever was the first")

	_, err = b.Compare(t.Context(), CompareOptions{
		Environments: 1, Rounds: 1, Flat: 100 * time.Millisecond, Steady: 100 * time.Millisecond, Rate: 20, BodySize: traffic.BodySize,
	})
	require.ErrorIs(t, err, ErrWrong)
	assert.ErrorContains(t, err, "naive", "hello takes everything")
}
