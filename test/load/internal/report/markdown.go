// Package report turns results into tables and a plot.
package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/measured"
)

// Sections are the generated parts of docs/performance.md, Markdown by name.
// Parts that were not measured are not among them.
func Sections(r measured.Results) map[string]string {
	sections := map[string]string{}
	if len(r.Load) > 0 {
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n", on(r.Load[0].Machine))
		for _, l := range r.Load {
			b.WriteString(load(l))
		}
		sections["load"] = b.String()
	}
	if r.Batch != nil {
		sections["batch"] = batch(*r.Batch)
	}
	if r.Comparison != nil {
		sections["comparison"] = comparison(*r.Comparison)
	}
	if r.Allocations != nil {
		sections["allocations"] = allocations(*r.Allocations)
	}
	if r.ColdStart != nil {
		sections["coldstart"] = coldStart(*r.ColdStart)
	}
	if r.Ablation != nil {
		sections["ablation"] = ablation(*r.Ablation)
	}
	if r.Profile != nil {
		sections["profile"] = profile(*r.Profile)
	}
	if r.HotPaths != nil {
		sections["floors"] = floors(*r.HotPaths)
	}
	if len(sections) > 0 {
		sections[targetsSection] = targetTable(targets(r))
	}
	for name, text := range sections {
		sections[name] = "\n" + strings.TrimSpace(text) + "\n\n"
	}
	return sections
}

// Print prints the sections of what has just been measured; targets only where it
// has figures for one.
func Print(w io.Writer, got measured.Results) {
	sections := Sections(got)
	if len(targets(got)) == 0 {
		delete(sections, targetsSection)
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		fmt.Fprintf(w, "%s\n", sections[name])
	}
}

// targetsSection has the targets of all results.
const targetsSection = "targets"

// on says where and when something was measured.
func on(m measured.Machine) string {
	return fmt.Sprintf("Measured on %s: %s, %d cores, %d GB, Linux %s, %s; functions of version `%s`.\n",
		m.Date, m.CPU, m.Cores, m.MemoryGB, m.Kernel, strings.Replace(m.Go, "go", "Go ", 1), m.CodeVersion)
}

func load(l measured.Load) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %.0f requests a second for %.0f s, %s, AWS at %s\n\n", l.Rate, l.Seconds, arrivals(l), speed(l))
	b.WriteString("| | p50 | p90 | p99 | p99.9 | max ms | CPU ms | memory MB | log bytes | init ms p50 / max | environments started (cold starts) | needed at once |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, f := range l.Functions {
		fmt.Fprintf(&b, "| %s | %s | %.2f | %.0f | %.0f | %.1f / %.1f | %d (%d) | %d |\n",
			f.Name, percentiles(f.Latency), f.CPU, mb(f.PeakMemory), f.LogBytes, f.Init.P50, f.Init.Max, f.Environments, f.ColdStarts, f.Busiest)
	}
	fmt.Fprintf(&b, "| all processors | %s | | | | | | |\n", percentiles(l.Processors))
	fmt.Fprintf(&b, "| authorizer and processor, as one request | %s | | | | | | |\n\n", percentiles(l.Request))
	c := l.Counts
	fmt.Fprintf(&b, "%d requests with the warm-up, drawn with seed %d: %d accepted, %d messages, %d items. ", c.Requests, l.Seed, c.Accepted, c.Messages, c.Items)
	fmt.Fprintf(&b, "The harness took %.2f ms of CPU a request and sent requests %.1f ms late (p99), which their latencies include; all together used %.0f %% of the machine.\n\n",
		l.Harness.CPU, l.Harness.Late.P99, 100*l.Harness.Busy)
	return b.String()
}

// arrivals says how the requests of a run follow each other.
func arrivals(l measured.Load) string {
	if l.Arrivals == "even" {
		return "evenly"
	}
	return "at random"
}

// speed says how fast the AWS of a run is.
func speed(l measured.Load) string {
	if l.AWSFactor == 0 {
		return "no latency at all"
	}
	calls := []string{}
	for _, c := range l.AWS {
		if c.Name == "sqs.SendMessage" || c.Name == "dynamodb.PutItem" {
			calls = append(calls, fmt.Sprintf("%s p50 %.0f ms, p99 %.0f ms", c.Name, c.P50, c.P99))
		}
	}
	return fmt.Sprintf("%g times its published latencies (%s)", l.AWSFactor, strings.Join(calls, "; "))
}

func percentiles(l measured.Latency) string {
	return fmt.Sprintf("%.1f | %.1f | %.1f | %.1f | %.1f", l.P50, l.P90, l.P99, l.P999, l.Max)
}

func batch(b measured.Batch) string {
	return on(b.Machine) + fmt.Sprintf(`
| each write taking %.0f ms | p50 ms | p90 ms | p99 ms | CPU ms |
|---|---|---|---|---|
| a batch of 1 | %.1f | %.1f | %.1f | %.2f |
| a batch of 10 | %.1f | %.1f | %.1f | %.2f |
`, b.Write, b.One.P50, b.One.P90, b.One.P99, b.CPUOne, b.Ten.P50, b.Ten.P90, b.Ten.P99, b.CPUTen)
}

func comparison(c measured.Comparison) string {
	var b strings.Builder
	b.WriteString(on(c.Machine))
	fmt.Fprintf(&b, "\nMedians of %d rounds in turn. Flat out: %d environments each, for %.0f s, AWS without latency. Steady: %.0f requests a second, every AWS call %.0f ms.\n\n",
		c.Rounds, c.Environments, c.Seconds, c.Rate, c.Call)
	b.WriteString("| | flat out /s | p99 ms | CPU ms | in hello-worlds | harness CPU ms | memory MB | steady p50 ms | p99 ms | CPU ms | in hello-worlds |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|\n")
	var hello measured.Program
	for _, p := range c.Programs {
		if p.Name == functions.Hello {
			hello = p
		}
	}
	for _, p := range c.Programs {
		f, s := p.FlatOut, p.Steady
		fmt.Fprintf(&b, "| %s | %.0f | %.1f | %.3f | %.2f× | %.3f | %.0f | %.2f | %.2f | %.3f | %.2f× |\n",
			p.Name, f.PerSecond, f.P99, f.CPU, f.CPU/hello.FlatOut.CPU, f.HarnessCPU, mb(f.PeakMemory),
			s.P50, s.P99, s.CPU, s.CPU/hello.Steady.CPU)
	}
	return b.String()
}

func allocations(a measured.Allocations) string {
	var b strings.Builder
	b.WriteString(on(a.Machine))
	b.WriteString("\n| | KB allocated by one invocation | over invocations |\n|---|---|---|\n")
	for _, p := range a.Programs {
		fmt.Fprintf(&b, "| %s | %.1f | %d |\n", p.Name, p.Bytes/1000, p.Invocations)
	}
	return b.String()
}

func targetTable(all []target) string {
	var b strings.Builder
	fmt.Fprintf(&b, "On %d cores, and of load runs of %d s or more at %d/s or more:\n\n", promisedCores, promisedSeconds, promisedRate)
	if len(all) == 0 {
		return b.String() + "nothing was measured.\n"
	}
	b.WriteString("| target | | measured | |\n|---|---|---|---|\n")
	for _, t := range all {
		bound, verdict := "at most", "**missed**"
		if t.least {
			bound = "at least"
		}
		if t.met() {
			verdict = "met"
		}
		fmt.Fprintf(&b, "| %s | %s %g%s | %.4g%s | %s |\n", t.what, bound, t.limit, t.unit, t.got, t.unit, verdict)
	}
	return b.String()
}
