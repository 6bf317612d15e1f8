package allocation

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const base = "BenchmarkA 200 1000 B/op 100 allocs/op\nBenchmarkB/x-y 200 0 B/op 0 allocs/op\n"

func TestCompare(t *testing.T) {
	for _, row := range []struct {
		why, now string
		want     error
	}{
		{"the same, with times", "goos: linux\nBenchmarkA 200 99 ns/op 1000 B/op 100 allocs/op\nBenchmarkB/x-y 200 1 ns/op 0 B/op 0 allocs/op\nPASS\n", nil},
		{"a little more", "BenchmarkA 200 1300 B/op 112 allocs/op\nBenchmarkB/x-y 200 200 B/op 2 allocs/op\n", nil},
		{"clearly more bytes", "BenchmarkA 200 1400 B/op 100 allocs/op\nBenchmarkB/x-y 200 0 B/op 0 allocs/op\n", ErrMore},
		{"clearly more allocations", "BenchmarkA 200 1000 B/op 113 allocs/op\nBenchmarkB/x-y 200 0 B/op 0 allocs/op\n", ErrMore},
		{"a benchmark that the baseline lacks", base + "BenchmarkC 200 0 B/op 0 allocs/op\n", ErrBaseline},
		{"one that is gone", "BenchmarkA 200 1000 B/op 100 allocs/op\n", ErrBaseline},
	} {
		t.Run(row.why, func(t *testing.T) {
			table, err := Compare([]byte(base), []byte(row.now))
			assert.ErrorIs(t, err, row.want)
			assert.Contains(t, table, "A ")
		})
	}
	_, err := Compare([]byte(base), []byte("PASS\n"))
	assert.Error(t, err, "no benchmark ran")
}
