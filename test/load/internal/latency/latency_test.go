package latency_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/load/internal/latency"
)

// What is drawn has the percentiles that were published.
func TestDraw(t *testing.T) {
	for _, test := range []struct {
		why      string
		figures  latency.Figures
		factor   float64
		p50, p99 float64 // ms
	}{
		{"through p50 and p99", latency.Figures{P50: 9, P99: 20}, 1, 9, 20},
		{"three times as slow", latency.Figures{P50: 9, P99: 20}, 3, 27, 60},
		{"through p50 and p90, whose p99 is extrapolated", latency.Figures{P50: 16.2, P90: 33.8}, 1, 16.2, 61.6},
	} {
		calls, err := latency.Scaled(map[string]latency.Figures{"a": test.figures}, test.factor)
		require.NoError(t, err)
		random := rand.New(rand.NewPCG(1, 2)) // the same draws each time
		drawn := make([]time.Duration, 100_000)
		for i := range drawn {
			drawn[i] = calls["a"].Draw(random)
		}
		sum := time.Duration(0)
		for _, d := range drawn {
			sum += d
		}
		assert.InEpsilon(t, ms(sum)/float64(len(drawn)), ms(calls["a"].Mean()), 0.02, test.why)
		slices.Sort(drawn)
		assert.InEpsilon(t, test.p50, ms(drawn[len(drawn)/2]), 0.02, test.why)
		assert.InEpsilon(t, test.p99, ms(drawn[len(drawn)*99/100]), 0.04, test.why)
		assert.InEpsilon(t, test.p50, ms(calls["a"].P50()), 0.001, test.why)
		assert.InEpsilon(t, test.p99, ms(calls["a"].P99()), 0.001, test.why)
	}
}

func TestConstantLatencies(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	figures := map[string]latency.Figures{"a": {P50: 9, P99: 20}}
	zero, err := latency.Scaled(figures, 0)
	require.NoError(t, err)
	assert.Zero(t, zero["a"].Draw(random), "times 0")
	assert.Zero(t, zero["a"].P99())
	assert.Zero(t, latency.Fixed(figures, 0)["a"].Draw(random))
	assert.InEpsilon(t, 5.0, ms(latency.Fixed(figures, 5*time.Millisecond)["a"].Draw(random)), 0.001)
}

func TestScaledRefuses(t *testing.T) {
	for _, test := range []struct {
		why     string
		figures latency.Figures
		factor  float64
	}{
		{"nothing given", latency.Figures{}, 1},
		{"one figure only", latency.Figures{P50: 9}, 1},
		{"a tail below the median", latency.Figures{P50: 9, P99: 8}, 1},
		{"back in time", latency.Figures{P50: 9, P99: 20}, -1},
	} {
		_, err := latency.Scaled(map[string]latency.Figures{"a": test.figures}, test.factor)
		assert.ErrorIs(t, err, latency.ErrFigures, test.why)
	}
}

// The committed file: each figure has a page and the day it was read.
func TestFile(t *testing.T) {
	figures, err := latency.Read("../../latency.json")
	require.NoError(t, err)
	_, err = latency.Scaled(figures, 1)
	require.NoError(t, err)
	for _, call := range []string{"sqs.SendMessage", "dynamodb.PutItem", "secretsmanager.GetSecretValue", "s3.PutObject"} {
		f := figures[call]
		assert.NotEmpty(t, f.Basis, call)
		assert.NotEmpty(t, f.Sources, call)
		for _, s := range f.Sources {
			assert.NotEmpty(t, s.Says, call)
			assert.Regexp(t, `^https://`, s.Page, call)
			_, err := time.Parse(time.DateOnly, s.Read)
			assert.NoError(t, err, call)
		}
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
