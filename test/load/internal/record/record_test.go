package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/test/load/internal/record"
)

func TestLatency(t *testing.T) {
	h := record.New()
	for i := range 10_000 {
		h.Record(time.Duration(i+1) * 100 * time.Microsecond) // 0.1 ms to 1 s
	}
	l := h.Latency(true)
	assert.Equal(t, int64(10_000), l.Count)
	for _, test := range []struct{ want, got float64 }{
		{500, l.P50}, {900, l.P90}, {990, l.P99}, {999, l.P999}, {1000, l.Max},
	} {
		assert.InEpsilon(t, test.want, test.got, 0.002, "three digits")
	}
	assert.Equal(t, 0.0, l.Curve[0].Percent)
	last := l.Curve[len(l.Curve)-1]
	assert.InEpsilon(t, 99.9, last.Percent, 1e-6, "the percentile that ten of 10,000 lie beyond")
	assert.InEpsilon(t, 999, last.Time, 0.002)
	for i := 1; i < len(l.Curve); i++ {
		assert.GreaterOrEqual(t, l.Curve[i].Time, l.Curve[i-1].Time, "a curve of percentiles only rises")
	}
	assert.Nil(t, h.Latency(false).Curve)
}

func TestBounds(t *testing.T) {
	h := record.Of([]time.Duration{-time.Second, 0, time.Hour})
	l := h.Latency(false)
	assert.Equal(t, int64(3), l.Count, "nothing is dropped")
	assert.Equal(t, 0.001, l.P50)
	assert.InEpsilon(t, 60_000, l.Max, 0.001)
}

func TestMergeAndReset(t *testing.T) {
	h := record.Of([]time.Duration{time.Millisecond})
	h.Merge(record.Of([]time.Duration{3 * time.Millisecond, 5 * time.Millisecond}))
	assert.Equal(t, int64(3), h.Latency(false).Count)
	assert.InEpsilon(t, 3.0, h.Latency(false).P50, 0.001)
	h.Reset()
	assert.Zero(t, h.Latency(true).Count)
	assert.Nil(t, h.Latency(true).Curve, "no latencies, no curve")
}
