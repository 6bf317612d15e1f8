package main

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/performance/internal/figures"
	"github.com/paysluice/paysluice/test/performance/internal/lab"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

// TestPagesAreCurrent compares the committed pages with what the results, figures.json
// and the template say.
func TestPagesAreCurrent(t *testing.T) {
	c := command{root: "../..", results: "results"}
	pages, err := c.pages()
	require.NoError(t, err)
	for name, page := range pages {
		assert.Equal(t, string(page), read(t, filepath.Join("results", name)), "results/%s: run go run . tables and read what changed", name)
	}
}

// TestDocsQuoteThePages compares docs/ with the generated pages: a row of a table with
// the numbers of one of their rows, and an amount or a number of four digits in a sentence
// with all of them and with figures.json.
func TestDocsQuoteThePages(t *testing.T) {
	number := regexp.MustCompile(`^\**(\$?[0-9][0-9,.]*)\**$`)
	numbers := func(line string) (found []string) {
		for cell := range strings.SplitSeq(line, "|") {
			if match := number.FindStringSubmatch(strings.TrimSpace(cell)); match != nil {
				found = append(found, match[1])
			}
		}
		return found
	}
	published, err := figures.Read("figures.json")
	require.NoError(t, err)
	known := []string{}
	for _, l := range published.Limits {
		known = append(known, result.Number(l.Value, 0))
	}
	for _, p := range published.Prices {
		known = append(known, result.Dollars(p.USD))
	}
	for _, row := range []struct {
		doc, page, prose string
		rows             int // that the page quotes at least
	}{
		{"cost.md", "cost.md", `\$[0-9,.]*[0-9]`, 16},
		{"consuming.md", "cost.md", `\$[0-9,.]*[0-9]`, 2},
		{"scaling.md", "scale.md", `\b[0-9]{1,3}(,[0-9]{3})+\b`, 16},
	} {
		page := read(t, filepath.Join("results", row.page))
		found := 0
		for line := range strings.Lines(read(t, filepath.Join("..", "..", "docs", row.doc))) {
			if quoted := numbers(line); strings.HasPrefix(line, "|") && len(quoted) > 0 {
				found++
				assert.True(t, slices.ContainsFunc(strings.Split(page, "\n"), func(line string) bool {
					have := numbers(line)
					return !slices.ContainsFunc(quoted, func(n string) bool { return n != "0" && !slices.Contains(have, n) })
				}), "docs/%s quotes a row that results/%s has not: %s", row.doc, row.page, line)
			} else if !strings.HasPrefix(line, "|") {
				for _, n := range regexp.MustCompile(row.prose).FindAllString(line, -1) {
					assert.True(t, strings.Contains(page, n) || slices.Contains(known, n), "docs/%s has %s, and results/%s has not: %s", row.doc, n, row.page, line)
				}
			}
		}
		assert.GreaterOrEqual(t, found, row.rows, "docs/%s quotes rows", row.doc)
	}
}

// TestPerformanceQuotesTheResults computes the last column of the table of
// docs/performance.md, by the beginning of its rows.
func TestPerformanceQuotesTheResults(t *testing.T) {
	r, err := result.Read("results/measured.json")
	require.NoError(t, err)
	programs := map[string]result.Program{}
	least, most, zip := math.Inf(1), 0.0, int64(0)
	for _, p := range r.ColdStart.Programs {
		programs[p.Name] = p
		zip = max(zip, p.Zip)
		if strings.HasSuffix(p.Name, "-processor") {
			least, most = min(least, p.FirstCall), max(most, p.FirstCall)
		}
	}
	memory := int64(0)
	for _, f := range r.Load.Functions {
		memory = max(memory, f.Memory)
	}
	unit := func(n float64, decimals int, unit string) string { return result.Number(n, decimals) + " " + unit }
	doc := read(t, "../../docs/performance.md")
	flood := "not measured"
	if f := r.Flood; f != nil {
		flood = result.Number(f.With.Request.P99/f.Without.Request.P99, 2)
	}
	for start, cell := range map[string]string{
		"p99 of the others while":        flood,
		"p50 of a whole request":         unit(r.Load.Request.P50, 0, "ms"),
		"p99 of it":                      unit(r.Load.Request.P99, 0, "ms"),
		"CPU of a warm request":          unit(programs["webhook-authorizer"].WarmCPU+programs["stripe-processor"].WarmCPU, 2, "ms"),
		"the same without paysluice":     unit(2*programs[lab.Hello].WarmCPU, 2, "ms"),
		"CPU of storing a batch of ten":  unit(programs["event-consumer, batch of 10"].WarmCPU, 1, "ms"),
		"memory of the largest function": unit(float64(memory)/(1<<20), 0, "MB"),
		"first call of a processor":      result.Number(least, 1) + "–" + unit(most, 1, "ms"),
		"init of a processor":            unit(programs["stripe-processor"].Init, 0, "ms"),
		"init of the authorizer":         unit(programs["webhook-authorizer"].Init, 1, "ms"),
		"largest zip":                    unit(float64(zip)/1e6, 1, "MB"),
	} {
		assert.Regexp(t, `(?m)^\| `+start+`.*\| `+regexp.QuoteMeta(cell)+` \|$`, doc)
	}
	for _, m := range []result.Machine{r.Load.Machine, r.ColdStart.Machine, r.Compare.Machine} {
		assert.Contains(t, doc, strings.TrimSuffix(m.Revision, "-dirty"), "the revision that was measured")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// TestMeasuring makes a short run of every kind with the real bootstraps.
func TestMeasuring(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"sizes"}, {"coldstart", "-rounds", "1", "-aws", "1ms"}, {"load", "-rate", "40", "-for", "2s", "-warmup", "1s"},
		{"load", "-rate", "30", "-flood", "60", "-for", "2s", "-warmup", "1s"},
	} {
		require.NoError(t, run(t.Context(), append(args, "-results", dir), io.Discard, io.Discard), "%v", args)
	}
	r, err := result.Read(filepath.Join(dir, "measured.json"))
	require.NoError(t, err)
	l := r.Load
	assert.Positive(t, l.Requests)
	assert.Equal(t, []int{l.Requests, l.Requests, l.Requests}, []int{l.Accepted, l.Messages, l.Items})
	f := r.Flood
	assert.Greater(t, f.With.Repeats, f.With.Requests)
	assert.Positive(t, f.With.Copies, "the first repeats of each environment")
	assert.Equal(t, []float64{100, 100}, []float64{f.Without.Stored(), f.With.Stored()})
	assert.Positive(t, min(f.Without.Request.P50, f.With.Request.P50))
	require.Len(t, l.Functions, 6)
	for _, f := range l.Functions {
		assert.Positive(t, f.CPU, f.Name)
		assert.Positive(t, f.Memory, f.Name)
		assert.Positive(t, f.Latency.P50, f.Name)
	}
	assert.Contains(t, read(t, filepath.Join(dir, "flood.md")), "became")
	require.Len(t, r.ColdStart.Programs, 9)
	for _, p := range r.ColdStart.Programs {
		assert.Positive(t, p.Init, p.Name)
	}

	// The committed sizes are what the code of today makes; log lines vary a little.
	committed, err := result.Read("results/measured.json")
	require.NoError(t, err)
	assert.Equal(t, committed.Sizes.Events, r.Sizes.Events, "run go run . sizes")
	was, is := committed.Sizes.Lines, r.Sizes.Lines
	assert.InDelta(t, was.Processor, is.Processor, 20, "run go run . sizes")
	assert.InDelta(t, was.ProcessorRefused, is.ProcessorRefused, 20, "run go run . sizes")
	assert.InDelta(t, was.AuthorizerRefused, is.AuthorizerRefused, 20, "run go run . sizes")
	assert.InDelta(t, was.ConsumerBatch, is.ConsumerBatch, 20, "run go run . sizes")
}

// A function that answers something else fails the run.
func TestWrongAnswerIsReported(t *testing.T) {
	w, err := lab.NewWorld()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	hello, err := lab.BuildHello(t.Context(), "../..", t.TempDir())
	require.NoError(t, err)
	_, err = w.Probe(t.Context(), lab.Task{Name: "hello", Binary: hello, Payloads: [][]byte{[]byte("{}")}, Want: "goodbye"}, 0)
	assert.ErrorIs(t, err, lab.ErrWrong)
	_, err = w.Probe(t.Context(), lab.Task{Name: "false", Binary: lab.Binary{Path: "/bin/false"}}, 0)
	assert.ErrorIs(t, err, lab.ErrWrong, "it ends before it asks for an invocation")
}

func TestRefusesFlags(t *testing.T) {
	for _, row := range []struct {
		why  string
		args []string
	}{
		{"no command", nil},
		{"no such command", []string{"profile"}},
		{"something left over", []string{"tables", "cost"}},
		{"no rate", []string{"load", "-rate", "0"}},
		{"signatures would be stale", []string{"load", "-for", "5m"}},
		{"no round", []string{"coldstart", "-rounds", "0"}},
		{"nothing to compare with", []string{"compare"}},
	} {
		assert.ErrorIs(t, run(t.Context(), row.args, io.Discard, io.Discard), errUsage, row.why)
	}
	assert.ErrorIs(t, run(t.Context(), []string{"tables", "-results", t.TempDir()}, io.Discard, io.Discard), os.ErrNotExist, "nothing was measured")
}

func TestAllocations(t *testing.T) {
	const base = "BenchmarkA 200 1000 B/op 100 allocs/op\nBenchmarkB/x-y 200 0 B/op 0 allocs/op\n"
	for _, row := range []struct {
		why, now string
		want     error
	}{
		{"the same, with times", "goos: linux\nBenchmarkA 200 99 ns/op 1000 B/op 100 allocs/op\nBenchmarkB/x-y 200 1 ns/op 0 B/op 0 allocs/op\nPASS\n", nil},
		{"a little more", "BenchmarkA 200 1300 B/op 112 allocs/op\nBenchmarkB/x-y 200 200 B/op 2 allocs/op\n", nil},
		{"clearly more bytes", "BenchmarkA 200 1400 B/op 100 allocs/op\nBenchmarkB/x-y 200 0 B/op 0 allocs/op\n", errAllocations},
		{"clearly more allocations", "BenchmarkA 200 1000 B/op 113 allocs/op\nBenchmarkB/x-y 200 0 B/op 0 allocs/op\n", errAllocations},
		{"a benchmark that the baseline lacks", base + "BenchmarkC 200 0 B/op 0 allocs/op\n", errAllocations},
		{"one that is gone", "BenchmarkA 200 1000 B/op 100 allocs/op\n", errAllocations},
	} {
		lines, err := compareAllocations([]byte(base), []byte(row.now))
		assert.ErrorIs(t, err, row.want, row.why)
		assert.Contains(t, lines, "BenchmarkA 200 ")
	}
	_, err := compareAllocations([]byte(base), []byte("PASS\n"))
	assert.Error(t, err, "no benchmark ran")
}
