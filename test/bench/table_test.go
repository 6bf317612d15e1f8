package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	const printed = `goos: linux
BenchmarkHotPaths/verify/stripe/work-2   	   17041	      3514 ns/op	     640 B/op	      12 allocs/op
BenchmarkHotPaths/verify/stripe/work-2   	   17041	      3000 ns/op	     640 B/op	      12 allocs/op
BenchmarkHotPaths/verify/stripe/floor-2  	   20247	      2000 ns/op	     560 B/op	       7 allocs/op
BenchmarkHotPaths/verify/stripe/floor-2  	   20247	      2859 ns/op	     560 B/op	       7 allocs/op
BenchmarkHotPaths/authorizer/stripe/work 	   10000	      6.306 ns/op	    1360 B/op	      36 allocs/op
PASS
`
	results, err := parse(bufio.NewScanner(strings.NewReader(printed)))
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, table(&out, results))

	lines := strings.Split(out.String(), "\n")
	require.Len(t, lines, 5)
	assert.Equal(t, []string{"|", "verify/stripe", "|", "3.00", "|", "640", "|", "12", "|", "2.00", "|", "1.50", "|"}, strings.Fields(lines[2]),
		"the fastest of the work over the fastest of the floor")
	assert.Equal(t, []string{"|", "authorizer/stripe", "|", "0.01", "|", "1360", "|", "36", "|", "–", "|", "–", "|"}, strings.Fields(lines[3]),
		"one processor has no number behind the name; there is no floor")
}

func TestNoBenchmarkIsAnError(t *testing.T) {
	_, err := parse(bufio.NewScanner(strings.NewReader("PASS\n")))
	assert.ErrorIs(t, err, errNone)
	_, err = parse(bufio.NewScanner(strings.NewReader("BenchmarkHotPaths/a/work-2 1 x ns/op 1 B/op 1 allocs/op\n")))
	assert.ErrorContains(t, err, "invalid syntax")
}

// TestRun runs one benchmark for real: what go test prints is go test's to change.
func TestRun(t *testing.T) {
	t.Chdir("../..")
	var out, progress bytes.Buffer
	require.NoError(t, run(t.Context(), &out, &progress, "-bench", "HotPaths/verify/square", "-benchtime", "1x"), &progress)
	assert.Regexp(t, `\| +verify/square +\| +[0-9.]+ +\| +\d+ +\| +\d+ +\| +[0-9.]+ +\| +[0-9.]+ +\|`, out.String())

	err := run(t.Context(), &out, &progress, "-bench", "HotPaths/nothing")
	assert.ErrorIs(t, err, errNone)
	err = run(t.Context(), &out, &progress, "-nonsense")
	assert.ErrorIs(t, err, errBenchmarks)
}
