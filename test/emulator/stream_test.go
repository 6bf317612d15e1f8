package emulator

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator/streamreader"
)

func newStream(t *testing.T, e *Emulator, name string, limits lambda.CreateEventSourceMappingInput, items ...string) *streamreader.Reader {
	t.Helper()
	r, err := streamreader.New(t.Context(), e, name, t.TempDir(), limits, items...)
	require.NoError(t, err)
	return r
}

// await waits until an item was delivered.
func await(t *testing.T, r *streamreader.Reader, item string) {
	t.Helper()
	require.Eventually(t, func() bool { return slices.Contains(r.Delivered(), item) }, time.Minute, 20*time.Millisecond, "%s: %v", item, r.Delivered())
}

// TestStreamFailures shows the retry limit. test/simulation/conformance has the rules that the
// simulation needs.
func TestStreamFailures(t *testing.T) {
	r := newStream(t, start(t), "limited", lambda.CreateEventSourceMappingInput{
		BisectBatchOnFunctionError: new(true), MaximumRetryAttempts: new(int32(1)),
	}, "a", "poison", "b", "crash", "c")
	await(t, r, "c")

	assert.Subset(t, r.Delivered(), []string{"a", "b"})
	var all []string
	require.Eventually(t, func() bool {
		more, err := r.GivenUp(t.Context())
		require.NoError(t, err)
		all = append(all, more...)
		return len(all) >= 2
	}, time.Minute, 100*time.Millisecond, "delivered: %v", r.Delivered())
	assert.Equal(t, slices.Repeat([]string{"RetryAttemptsExhausted 1"}, 2), all, "each is one record; its neighbours arrive")
}

// TestPlainStreamsLoseRecords shows why launch.py changes how MiniStack reads streams.
// When it fails, MiniStack has learned it: remove read_streams_like_lambda.
func TestPlainStreamsLoseRecords(t *testing.T) {
	e, err := Start(t.Context(), Options{Root: repository(t), plainStreams: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Stop() })
	r := newStream(t, e, "plain", lambda.CreateEventSourceMappingInput{}, "a", "poison", "b")
	await(t, r, "poison")
	require.NoError(t, r.Put(t.Context(), "c"))
	await(t, r, "c")
	assert.Equal(t, []string{"a", "poison", "c"}, r.Delivered())
}
