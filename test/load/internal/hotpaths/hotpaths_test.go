package hotpaths

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/measured"
)

func TestParse(t *testing.T) {
	const printed = `goos: linux
BenchmarkHotPaths/verify/stripe/work-2   	   17041	      3514 ns/op	     640 B/op	      12 allocs/op
BenchmarkHotPaths/verify/stripe/work-2   	   17041	      3000 ns/op	     640 B/op	      12 allocs/op
BenchmarkHotPaths/verify/stripe/floor-2  	   20247	      2000 ns/op	     560 B/op	       7 allocs/op
BenchmarkHotPaths/verify/stripe/floor-2  	   20247	      2859 ns/op	     560 B/op	       7 allocs/op
BenchmarkHotPaths/authorizer/stripe/work 	   10000	      6.306 ns/op	    1360 B/op	      36 allocs/op
PASS
`
	paths, err := parse(bufio.NewScanner(strings.NewReader(printed)))

	require.NoError(t, err)
	assert.Equal(t, []measured.HotPath{
		{Name: "verify/stripe", Work: measured.Operation{Nanoseconds: 3000, Bytes: 640, Allocations: 12},
			Floor: &measured.Operation{Nanoseconds: 2000, Bytes: 560, Allocations: 7}}, // the fastest of each
		{Name: "authorizer/stripe", Work: measured.Operation{Nanoseconds: 6.306, Bytes: 1360, Allocations: 36}}, // on one processor there is no number behind the name
	}, paths)
}

func TestNoBenchmarkIsAnError(t *testing.T) {
	_, err := parse(bufio.NewScanner(strings.NewReader("PASS\n")))
	assert.ErrorIs(t, err, ErrNone)
	_, err = parse(bufio.NewScanner(strings.NewReader("BenchmarkHotPaths/a/work-2 1 x ns/op 1 B/op 1 allocs/op\n")))
	assert.ErrorContains(t, err, "invalid syntax")
}

// TestRun runs one benchmark for real: what go test prints is go test's to change.
func TestRun(t *testing.T) {
	const root = "../../../.."
	var progress bytes.Buffer
	paths, err := Run(t.Context(), root, Options{Paths: "verify/square", Count: 1, Time: "1x"}, &progress)
	require.NoError(t, err, &progress)
	require.Len(t, paths, 1)
	assert.Equal(t, "verify/square", paths[0].Name)
	assert.Positive(t, paths[0].Work.Nanoseconds)
	assert.Positive(t, paths[0].Floor.Nanoseconds)
	assert.Contains(t, progress.String(), "BenchmarkHotPaths/verify/square/work")

	_, err = Run(t.Context(), root, Options{Paths: "nothing", Count: 1, Time: "1x"}, &progress)
	assert.ErrorIs(t, err, ErrNone)
	_, err = Run(t.Context(), root, Options{Count: 1, Time: "a while"}, &progress)
	assert.ErrorIs(t, err, ErrBenchmarks)
}
