package figures

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	f, err := Read("../../figures.json")
	require.NoError(t, err)
	assert.Len(t, f.Latencies, 5)
	assert.NotEmpty(t, f.Prices)
	assert.NotEmpty(t, f.Limits)
}

func TestReadRefuses(t *testing.T) {
	for _, row := range []struct{ why, text string }{
		{"it is not JSON", "{"},
		{"a price without a source", `{"prices":[{"id":"a","service":"b","what":"c","usd":1,"per":1}]}`},
		{"a limit without a value", `{"limits":[{"id":"a","what":"b","raised":"no","page":"p","read":"r"}]}`},
		{"a price that is there twice", `{"limits":[{"id":"a","value":1,"what":"b","raised":"no","page":"p","read":"r"},{"id":"a","value":2,"what":"b","raised":"no","page":"p","read":"r"}]}`},
		{"a tail below the median", `{"latencies":{"a":{"p50":2,"p99":1,"basis":"b"}}}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "figures.json")
			require.NoError(t, os.WriteFile(path, []byte(row.text), 0o600))
			_, err := Read(path)
			assert.ErrorIs(t, err, ErrIncomplete)
		})
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
		t.Run(row.why, func(t *testing.T) {
			drawn, sum := make([]float64, 100_000), 0.0
			for i := range drawn {
				drawn[i] = float64(row.of.Draw(random)) / 1e6
				sum += drawn[i]
			}
			slices.Sort(drawn)
			assert.InEpsilon(t, row.of.P50, drawn[len(drawn)/2], 0.02)
			assert.InEpsilon(t, row.p99, drawn[len(drawn)*99/100], 0.05)
			assert.InEpsilon(t, row.of.Mean(), sum/float64(len(drawn)), 0.02)
		})
	}
}
