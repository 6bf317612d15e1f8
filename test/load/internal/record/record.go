// Package record keeps latencies of one kind.
package record

import (
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/paysluice/paysluice/test/measured"
)

// Histogram keeps latencies with three digits, from a microsecond to a minute;
// longer ones count as a minute.
type Histogram struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
}

const longest = time.Minute

// New is an empty histogram.
func New() *Histogram {
	return &Histogram{h: hdrhistogram.New(1, longest.Microseconds(), 3)}
}

// Of is a histogram of some latencies.
func Of(latencies []time.Duration) *Histogram {
	h := New()
	for _, l := range latencies {
		h.Record(l)
	}
	return h
}

// Record keeps one latency.
func (h *Histogram) Record(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	// It fails only outside of its bounds.
	_ = h.h.RecordValue(min(max(d, time.Microsecond), longest).Microseconds())
}

// Merge keeps all of other's latencies too.
func (h *Histogram) Merge(other *Histogram) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.h.Merge(other.h)
}

// Reset forgets all latencies.
func (h *Histogram) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.h.Reset()
}

// Latency is the distribution so far, with a curve for a plot if curve is set.
func (h *Histogram) Latency(curve bool) measured.Latency {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := func(percent float64) float64 { return float64(h.h.ValueAtQuantile(percent)) / 1000 }
	l := measured.Latency{
		Count: h.h.TotalCount(),
		P50:   at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.h.Max()) / 1000,
	}
	if !curve || l.Count == 0 {
		return l
	}
	// Evenly on an axis of nines, up to the percentile that ten latencies lie
	// beyond.
	last := math.Max(1, math.Log10(float64(l.Count)/10))
	const steps = 40
	for i := range steps + 1 {
		percent := 100 - 100*math.Pow(10, -last*float64(i)/steps)
		l.Curve = append(l.Curve, measured.Point{Percent: percent, Time: at(percent)})
	}
	return l
}
