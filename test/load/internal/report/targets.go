package report

import (
	"fmt"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/measured"
)

// target is a figure that was aimed at, beside the one that was measured.
type target struct {
	what  string
	limit float64
	got   float64
	unit  string
	// least is for a figure that must not be below its limit.
	least bool
}

func (t target) met() bool {
	if t.least {
		return t.got >= t.limit
	}
	return t.got <= t.limit
}

// Conditions that the targets are for. What was measured under others says
// nothing about them.
const (
	promisedCores   = 2
	promisedRate    = 1000 // requests a second
	promisedSeconds = 60
)

func promised(m measured.Machine) bool { return m.Cores == promisedCores }

// targets are those for which r has the figures.
func targets(r measured.Results) []target {
	var all []target
	for _, l := range r.Load {
		if promised(l.Machine) && l.Rate >= promisedRate && l.Seconds >= promisedSeconds {
			all = append(all, loadTargets(l)...)
		}
	}
	if r.Comparison != nil && promised(r.Comparison.Machine) {
		all = append(all, comparisonTargets(*r.Comparison)...)
	}
	if r.Batch != nil && promised(r.Batch.Machine) {
		all = append(all, target{what: "consumer: a batch of 10, in writes (p50)", limit: 1.5,
			got: r.Batch.Ten.P50 / r.Batch.Write, unit: "×"})
	}
	if r.ColdStart != nil && promised(r.ColdStart.Machine) {
		all = append(all, coldTargets(*r.ColdStart)...)
	}
	if r.HotPaths != nil && promised(r.HotPaths.Machine) {
		all = append(all, hotPathTargets(*r.HotPaths)...)
	}
	return all
}

// loadTargets: p99 within 100 ms with realistic latencies and within 5 ms
// without any; no environment above 25 MB.
func loadTargets(l measured.Load) []target {
	limit := 0.0
	switch l.AWSFactor {
	case 1:
		limit = 100
	case 0:
		limit = 5
	default:
		return nil
	}
	all := []target{}
	for _, f := range l.Functions {
		if f.Name == contract.AuthorizerName {
			all = append(all, target{what: "authorizer: p99 at " + conditions(l), limit: limit, got: f.Latency.P99, unit: " ms"})
		}
	}
	all = append(all, target{what: "processors: p99 at " + conditions(l), limit: limit, got: l.Processors.P99, unit: " ms"})
	for _, f := range l.Functions {
		if l.AWSFactor == 1 {
			all = append(all, target{what: f.Name + ": memory", limit: 25, got: mb(f.PeakMemory), unit: " MB"})
		}
	}
	return all
}

// conditions are those of a run.
func conditions(l measured.Load) string {
	return fmt.Sprintf("%.0f/s, %s, AWS ×%g", l.Rate, arrivals(l), l.AWSFactor)
}

func comparisonTargets(c measured.Comparison) []target {
	programs := map[string]measured.Program{}
	for _, p := range c.Programs {
		programs[p.Name] = p
	}
	hello := programs[functions.Hello]
	var all []target
	for _, descriptor := range contract.Providers() {
		p, ok := programs[contract.ProcessorName(descriptor)]
		if !ok {
			continue
		}
		all = append(all, target{what: p.Name + ": events a second through it, AWS ×0", limit: 2500, got: p.FlatOut.PerSecond, unit: "/s", least: true})
		if descriptor.Name == contract.PayPal().Name {
			continue // RSA is not in the target
		}
		all = append(all,
			target{what: p.Name + ": CPU flat out, in hello-worlds", limit: 2, got: p.FlatOut.CPU / hello.FlatOut.CPU, unit: "×"},
			target{what: fmt.Sprintf("%s: CPU at %.0f/s, in hello-worlds", p.Name, c.Rate), limit: 2, got: p.Steady.CPU / hello.Steady.CPU, unit: "×"})
	}
	return all
}

func coldTargets(c measured.ColdStart) []target {
	programs := map[string]measured.ColdProgram{}
	for _, p := range c.Programs {
		programs[p.Name] = p
	}
	stripe := contract.ProcessorName(contract.Stripe())
	all := []target{{what: stripe + ": first call, in naive ones", limit: 0.5,
		got: programs[stripe].FirstCall / programs[functions.Naive].FirstCall, unit: "×"}}
	for _, p := range c.Programs {
		if p.Name == functions.Hello || p.Name == functions.Naive {
			continue
		}
		all = append(all,
			target{what: p.Name + ": init, in hello-worlds", limit: 1.5, got: p.Init / programs[functions.Hello].Init, unit: "×"},
			target{what: p.Name + ": zip", limit: 5, got: float64(p.ZipSize) / 1e6, unit: " MB"})
	}
	return all
}

func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }
