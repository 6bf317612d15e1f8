package figures

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFiguresHaveSources: each figure is there once, with a value and its source.
func TestFiguresHaveSources(t *testing.T) {
	f, err := Read("../../figures.json")
	require.NoError(t, err)
	assert.Len(t, f.Latencies, 5)
	seen := map[string]bool{}
	check := func(id string, value float64, texts ...string) {
		assert.Positive(t, value, id)
		assert.NotContains(t, texts, "", id)
		assert.False(t, seen[id], id)
		seen[id] = true
	}
	for call, l := range f.Latencies {
		check(call, max(l.P90, l.P99)-l.P50, l.Basis)
		for _, s := range l.Sources {
			check(call+s.Says, l.P50, s.Says, s.Page, s.Read)
		}
	}
	for _, p := range f.Prices {
		check(p.ID, min(p.USD, p.Per), p.Service, p.What, p.Page, p.Read, p.As)
	}
	for _, l := range f.Limits {
		check(l.ID, l.Value, l.What, l.Raised, l.Page, l.Read)
	}
}

func TestDraw(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, row := range []struct {
		why string
		of  Latency
		p99 float64
	}{
		{"through p50 and p99", Latency{P50: 9, P99: 20}, 20},
		{"through p50 and p90", Latency{P50: 16.2, P90: 33.8}, 61.6},
	} {
		drawn, sum := make([]float64, 100_000), 0.0
		for i := range drawn {
			drawn[i] = float64(row.of.Draw(random)) / 1e6
			sum += drawn[i]
		}
		slices.Sort(drawn)
		assert.InEpsilon(t, row.of.P50, drawn[len(drawn)/2], 0.02, row.why)
		assert.InEpsilon(t, row.p99, drawn[len(drawn)*99/100], 0.05, row.why)
		assert.InEpsilon(t, row.of.Mean(), sum/float64(len(drawn)), 0.02, row.why)
	}
}
