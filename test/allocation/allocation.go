// Package allocation bounds what reading a large body may allocate.
package allocation

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	// size of the bodies, in bytes: more than the processor takes out of one
	// request, which Lambda bounds at 6 MB in base64 (Lambda Developer Guide,
	// "Lambda quotas").
	size = 4_500_000
	// most is the allocation that a body may cause, in bodies: 45 MB of the
	// processor's 256, even if nothing of it were ever collected.
	most = 10
)

// Body is JSON of 4.5 MB: as many elements as fit, with commas between them,
// and what stands around them.
func Body(head, element, tail string) []byte {
	count := (size - len(head) - len(tail)) / (len(element) + 1)
	return []byte(head + strings.Repeat(element+",", count-1) + element + tail)
}

// Require fails the test when read allocates more than ten times the body.
// Nothing else may run meanwhile.
func Require(t testing.TB, body []byte, read func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	require.Less(t, allocated, uint64(most*len(body)), "%.80s…: %.1f times the body", body, float64(allocated)/float64(len(body)))
}
