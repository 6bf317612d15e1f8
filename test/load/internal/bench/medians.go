package bench

import (
	"sync/atomic"

	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/measured"
)

func medianFlatOut(all []measured.FlatOut) measured.FlatOut {
	figure := func(of func(measured.FlatOut) float64) float64 { return median(all, of) }
	return measured.FlatOut{
		PerSecond:   figure(func(f measured.FlatOut) float64 { return f.PerSecond }),
		P99:         figure(func(f measured.FlatOut) float64 { return f.P99 }),
		CPU:         figure(func(f measured.FlatOut) float64 { return f.CPU }),
		HarnessCPU:  figure(func(f measured.FlatOut) float64 { return f.HarnessCPU }),
		PeakMemory:  int64(figure(func(f measured.FlatOut) float64 { return float64(f.PeakMemory) })),
		Connections: figure(func(f measured.FlatOut) float64 { return f.Connections }),
	}
}

func medianSteady(all []measured.Steady) measured.Steady {
	figure := func(of func(measured.Steady) float64) float64 { return median(all, of) }
	return measured.Steady{
		P50: figure(func(s measured.Steady) float64 { return s.P50 }),
		P99: figure(func(s measured.Steady) float64 { return s.P99 }),
		CPU: figure(func(s measured.Steady) float64 { return s.CPU }),
	}
}

// countHandshakes counts the stub's TLS handshakes from now on, until it has
// another trace.
func (b *Bench) countHandshakes() *atomic.Int64 {
	var secured atomic.Int64
	b.stub.SetTrace(func(e awsstub.Event) {
		if e.What == awsstub.EventSecured {
			secured.Add(1)
		}
	})
	return &secured
}
