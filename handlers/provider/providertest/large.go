package providertest

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// largeSize is the size of the bodies, in bytes: more than the processor takes out of one request,
// which Lambda bounds at 6 MB in base64 (Lambda Developer Guide, "Lambda quotas").
const largeSize = 4_500_000

const (
	// Skipped is what a body may allocate, in bodies, when its elements are
	// skipped: 45 MB of the processor's 256, even if none of it is collected.
	Skipped = 10
	// WrongType is the same for a body of values of a wrong type. The JSON library
	// makes an error for each, which is collected at once.
	WrongType = 30
)

// LargeBody returns JSON of 4.5 MB: as many elements as fit, with commas between them,
// head before them and tail behind.
func LargeBody(head, element, tail string) []byte {
	count := (largeSize - len(head) - len(tail)) / (len(element) + 1)
	return []byte(head + strings.Repeat(element+",", count-1) + element + tail)
}

// RequireAllocation fails the test when read allocates more than most times the body.
// Nothing else may run meanwhile.
func RequireAllocation(t testing.TB, body []byte, most int, read func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	require.Less(t, allocated, uint64(most*len(body)), "%.80s…: %.1f times the body", body, float64(allocated)/float64(len(body)))
}
