package report

import (
	"encoding/xml"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/measured"
)

func latency(p99 float64) measured.Latency {
	return measured.Latency{
		Count: 1000, P50: p99 / 4, P90: p99 / 2, P99: p99, P999: p99 * 2, Max: p99 * 3,
		Curve: []measured.Point{{Percent: 0, Time: p99 / 8}, {Percent: 90, Time: p99 / 2}, {Percent: 99, Time: p99}},
	}
}

// machine is one that the targets are for.
func machine() measured.Machine { return measured.Machine{Cores: 2} }

// results are of a run that meets some targets and misses others.
func results() measured.Results {
	load := func(factor float64) measured.Load {
		return measured.Load{
			Machine: machine(), Rate: 1000, Seconds: 60, Seed: 17, AWSFactor: factor,
			AWS: []measured.Call{{Name: "sqs.SendMessage", P50: 16.2, P99: 61.6}},
			Functions: []measured.Function{
				{Name: "webhook-authorizer", Latency: latency(4), PeakMemory: 12 << 20},
				{Name: "stripe-processor", Latency: latency(80), PeakMemory: 26 << 20},
			},
			Processors: latency(80), Request: latency(85),
		}
	}
	return measured.Results{
		Load:  []measured.Load{load(1), load(3), load(0)},
		Batch: &measured.Batch{Machine: machine(), Write: 9, One: measured.Latency{P50: 10}, Ten: measured.Latency{P50: 13.5}},
		Comparison: &measured.Comparison{Machine: machine(), Rate: 200, Programs: []measured.Program{
			{Name: "hello", FlatOut: measured.FlatOut{CPU: 0.3}, Steady: measured.Steady{CPU: 0.5}},
			{Name: "stripe-processor", FlatOut: measured.FlatOut{CPU: 0.6, PerSecond: 2500}, Steady: measured.Steady{CPU: 1.1}},
			{Name: "paypal-processor", FlatOut: measured.FlatOut{CPU: 0.9, PerSecond: 2000}, Steady: measured.Steady{CPU: 1.5}},
		}},
		Allocations: &measured.Allocations{Programs: []measured.Allocation{{Name: "hello", Bytes: 11_000, Invocations: 100}}},
		ColdStart: &measured.ColdStart{Machine: machine(), Rounds: 15, Programs: []measured.ColdProgram{
			{Name: "hello", Init: 3, FirstCall: 1, Answer: 4},
			{Name: "naive", Init: 6, FirstCall: 20, Answer: 26},
			{Name: "stripe-processor", Init: 4, FirstCall: 11, Answer: 15, ZipSize: 5_100_000,
				Packages: []measured.PackageInit{{Package: "net/http", Time: 0.2}},
				Steps:    []measured.Step{{What: "connected", At: 4.5}}},
		}},
		HotPaths: &measured.HotPaths{Machine: machine(), Runs: 5, Time: "200ms", Paths: []measured.HotPath{
			{Name: "verify/stripe", Work: measured.Operation{Nanoseconds: 9000}, Floor: &measured.Operation{Nanoseconds: 1000}},
			{Name: "processor/stripe", Work: measured.Operation{Nanoseconds: 31_550, Bytes: 15_535, Allocations: 96}, Floor: &measured.Operation{Nanoseconds: 10_000}},
			{Name: "function/processor/square", Work: measured.Operation{Nanoseconds: 3000}, Floor: &measured.Operation{Nanoseconds: 1000}},
			{Name: "processor/paypal", Work: measured.Operation{Nanoseconds: 9000}, Floor: &measured.Operation{Nanoseconds: 1000}},
			{Name: "authorizer/stripe", Work: measured.Operation{Nanoseconds: 6.3}},
		}},
	}
}

// Whether a target is met is computed from the figures, and from the right ones.
func TestTargets(t *testing.T) {
	verdicts := map[string]bool{}
	for _, target := range targets(results()) {
		verdicts[target.what] = target.met()
	}
	assert.Equal(t, map[string]bool{
		"authorizer: p99 at 1000/s, at random, AWS ×1":                 true,
		"authorizer: p99 at 1000/s, at random, AWS ×0":                 true,
		"processors: p99 at 1000/s, at random, AWS ×1":                 true,
		"processors: p99 at 1000/s, at random, AWS ×0":                 false, // 80 ms of 5
		"webhook-authorizer: memory":                                   true,
		"stripe-processor: memory":                                     false, // 26 MB of 25
		"stripe-processor: events a second through it, AWS ×0":         true,
		"stripe-processor: CPU flat out, in hello-worlds":              true,
		"stripe-processor: CPU at 200/s, in hello-worlds":              false, // 2.2 of 2
		"paypal-processor: events a second through it, AWS ×0":         false,
		"consumer: a batch of 10, in writes (p50)":                     true,
		"stripe-processor: first call, in naive ones":                  false, // 0.55 of 0.5
		"stripe-processor: init, in hello-worlds":                      true,
		"stripe-processor: zip":                                        false, // 5.1 MB of 5
		"processor/stripe: CPU with AWS in memory, in floors":          false, // 3.155 of 3
		"function/processor/square: CPU with AWS in memory, in floors": true,
	}, verdicts)
	assert.Empty(t, targets(measured.Results{}), "no figures, no verdicts")
}

// What was measured under other conditions than the promised ones says nothing.
func TestTargetsOfOtherConditions(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*measured.Load)
	}{
		{"fewer requests than were promised", func(l *measured.Load) { l.Rate = 999 }},
		{"ten seconds have no tail", func(l *measured.Load) { l.Seconds = 10 }},
		{"more cores", func(l *measured.Load) { l.Machine.Cores = 4 }},
		{"one core", func(l *measured.Load) { l.Machine.Cores = 1 }},
	} {
		t.Run(row.why, func(t *testing.T) {
			load := results().Load[0]
			require.NotEmpty(t, targets(measured.Results{Load: []measured.Load{load}}))
			row.change(&load)
			assert.Empty(t, targets(measured.Results{Load: []measured.Load{load}}))
		})
	}
	elsewhere := results()
	for i := range elsewhere.Load {
		elsewhere.Load[i].Machine.Cores = 8
	}
	for _, m := range []*measured.Machine{&elsewhere.Batch.Machine, &elsewhere.Comparison.Machine, &elsewhere.ColdStart.Machine, &elsewhere.HotPaths.Machine} {
		m.Cores = 8
	}
	assert.Empty(t, targets(elsewhere))
	assert.Contains(t, Sections(elsewhere)["targets"], "nothing was measured", "and no table of an earlier run stays")
}

// TestCommittedTargets: a path or a program that is renamed takes no target with it.
func TestCommittedTargets(t *testing.T) {
	committed, err := measured.Read(filepath.Join("..", "..", "..", "..", measured.File))
	require.NoError(t, err)
	kinds := map[string]int{}
	for _, target := range targets(committed) {
		_, kind, _ := strings.Cut(target.what, ": ")
		kind, _, _ = strings.Cut(kind, " at ") // a rate
		kinds[strings.TrimSuffix(kind, ",")]++
	}
	assert.Equal(t, map[string]int{
		"p99": 6, "memory": 5, "events a second through it, AWS ×0": 3,
		"CPU flat out, in hello-worlds": 2, "CPU": 2, "a batch of 10, in writes (p50)": 1,
		"first call, in naive ones": 1, "init, in hello-worlds": 7, "zip": 7, "CPU with AWS in memory, in floors": 4,
	}, kinds)
}

// TestPrint: who measured a part sees that part, and the targets that it is for.
func TestPrint(t *testing.T) {
	var said strings.Builder
	Print(&said, measured.Results{Batch: results().Batch})
	assert.Contains(t, said.String(), "| a batch of 10 |")
	assert.Contains(t, said.String(), "consumer: a batch of 10")

	said.Reset()
	Print(&said, measured.Results{Allocations: results().Allocations})
	assert.Contains(t, said.String(), "| hello | 11.0 | 100 |")
	assert.NotContains(t, said.String(), "nothing was measured", "of the targets it says nothing")
}

func TestSections(t *testing.T) {
	sections := Sections(results())
	for name, parts := range map[string][]string{
		"load":        {"AWS at 1 times its published latencies (sqs.SendMessage p50 16 ms, p99 62 ms)", "no latency at all", "drawn with seed 17", "| stripe-processor | 20.0 | 40.0 | 80.0 | 160.0 | 240.0 |"},
		"batch":       {"| a batch of 10 | 13.5 |"},
		"comparison":  {"| stripe-processor | 2500 | 0.0 | 0.600 | 2.00× |", "| 1.100 | 2.20× |"},
		"allocations": {"| hello | 11.0 | 100 |"},
		"coldstart":   {"| stripe-processor | 4.0 | 1.33× |", "4.5 connected", "net/http 0.200"},
		"floors": {"The fastest of 5 runs of 200ms each.",
			"| processor/stripe             |      31.55 |      15535 |          96 |      10.00 |    3.15 |",
			"| authorizer/stripe            |       0.01 |          0 |           0 |          – |       – |"},
		"targets": {"| stripe-processor: zip | at most 5 MB | 5.1 MB | **missed** |", "| at least 2500/s | 2500/s | met |"},
	} {
		for _, part := range parts {
			assert.Contains(t, sections[name], part, name)
		}
	}
	assert.Len(t, sections, 7)
	assert.Empty(t, Sections(measured.Results{}))
}

func TestPlotIsWellFormedAndShowsEveryLine(t *testing.T) {
	plot := Plot(results().Load[0])
	d := xml.NewDecoder(strings.NewReader(plot))
	lines := 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "polyline" {
			lines++
		}
	}
	assert.Equal(t, 3, lines, "both functions, and both as one request")
	for _, text := range []string{"webhook-authorizer", "stripe-processor", "authorizer and processor", "90 %", "99 %"} {
		assert.Contains(t, plot, text)
	}
	assert.NotContains(t, plot, "NaN")
	assert.NotContains(t, Plot(measured.Load{Functions: []measured.Function{{Name: "f"}}}), "NaN", "not even of an empty run")
}
