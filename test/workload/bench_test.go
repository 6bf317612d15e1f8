package workload_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/workload"
)

const root = "../.."

// write is a put into DynamoDB, "typically in the single digit milliseconds"
// (AWS whitepaper "Comparing the Use of Amazon DynamoDB and Apache HBase for
// NoSQL", "Amazon DynamoDB Architecture Overview").
const write = 5 * time.Millisecond

// BenchmarkHotPaths times each workload ("work") and its floor. make bench puts
// the two side by side.
func BenchmarkHotPaths(b *testing.B) {
	all, err := workload.All(root)
	require.NoError(b, err)
	latency, err := workload.Latency(root, write)
	require.NoError(b, err)
	for _, w := range append(all, latency) {
		b.Run(w.Name+"/work", func(b *testing.B) { bench(b, w.Work) })
		if w.Floor != nil {
			b.Run(w.Name+"/floor", func(b *testing.B) { bench(b, w.Floor) })
		}
	}
}

func bench(b *testing.B, run workload.Run) {
	ctx, cancel := workload.Invocation(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if err := run(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
