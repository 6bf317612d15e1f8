package main

import (
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/performance/internal/lab"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

// TestPagesAreCurrent compares the committed pages with what the results, figures.json
// and the template say.
func TestPagesAreCurrent(t *testing.T) {
	require.NoError(t, run(t.Context(), []string{"tables", "-check"}, io.Discard, io.Discard))
}

func TestStalePageIsReported(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile("results/measured.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "measured.json"), text, 0o600))
	require.NoError(t, run(t.Context(), []string{"tables", "-results", dir}, io.Discard, io.Discard))
	require.NoError(t, run(t.Context(), []string{"tables", "-check", "-results", dir}, io.Discard, io.Discard))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cost.md"), []byte("$1"), 0o600))
	assert.ErrorIs(t, run(t.Context(), []string{"tables", "-check", "-results", dir}, io.Discard, io.Discard), errStale)
}

// TestDocsQuoteThePages compares the amounts and rates in the tables of docs/ with the
// generated pages.
func TestDocsQuoteThePages(t *testing.T) {
	for _, row := range []struct{ doc, page, figure string }{
		{"cost.md", "cost.md", `\$[0-9,.]*[0-9]`},
		{"scaling.md", "scale.md", `\b[0-9]{1,3}(,[0-9]{3})+\b`},
	} {
		doc, err := os.ReadFile(filepath.Join("..", "..", "docs", row.doc))
		require.NoError(t, err)
		page, err := os.ReadFile(filepath.Join("results", row.page))
		require.NoError(t, err)
		found := 0
		for line := range strings.Lines(string(doc)) {
			if !strings.HasPrefix(line, "|") {
				continue
			}
			for _, figure := range regexp.MustCompile(row.figure).FindAllString(line, -1) {
				found++
				assert.True(t, strings.Contains(string(page), figure), "docs/%s has %s, and results/%s has not: %s", row.doc, figure, row.page, line)
			}
		}
		assert.Greater(t, found, 20, "docs/%s quotes figures", row.doc)
	}
}

// TestMeasuring makes a short run of every kind with the real bootstraps.
func TestMeasuring(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"sizes"}, {"coldstart", "-rounds", "1", "-aws", "1ms"}, {"load", "-rate", "40", "-for", "2s", "-warmup", "1s"},
	} {
		require.NoError(t, run(t.Context(), append(args, "-results", dir), io.Discard, io.Discard), "%v", args)
	}
	r, err := result.Read(filepath.Join(dir, "measured.json"))
	require.NoError(t, err)
	l := r.Load
	assert.Positive(t, l.Requests)
	assert.Equal(t, []int{l.Requests, l.Requests, l.Requests}, []int{l.Accepted, l.Messages, l.Items})
	require.Len(t, l.Functions, 5)
	for _, f := range l.Functions {
		assert.Positive(t, f.CPU, f.Name)
		assert.Positive(t, f.Memory, f.Name)
		assert.Positive(t, f.Latency.P50, f.Name)
	}
	require.Len(t, r.ColdStart.Programs, 9)
	for _, p := range r.ColdStart.Programs {
		assert.Positive(t, p.Init, p.Name)
	}
	for _, page := range []string{"load.md", "latency.svg", "coldstart.md", "cost.md", "scale.md"} {
		assert.FileExists(t, filepath.Join(dir, page))
	}

	// The committed sizes are what the code of today makes; log lines vary a little.
	committed, err := result.Read("results/measured.json")
	require.NoError(t, err)
	assert.Equal(t, committed.Sizes.Events, r.Sizes.Events, "run go run . sizes")
	for _, line := range [][2]float64{
		{committed.Sizes.Lines.Processor, r.Sizes.Lines.Processor}, {committed.Sizes.Lines.ProcessorRefused, r.Sizes.Lines.ProcessorRefused},
		{committed.Sizes.Lines.ConsumerBatch, r.Sizes.Lines.ConsumerBatch}, {committed.Sizes.Lines.AuthorizerRefused, r.Sizes.Lines.AuthorizerRefused},
	} {
		assert.LessOrEqual(t, math.Abs(line[0]-line[1]), 20.0, "run go run . sizes")
	}
}

// A function that answers something else fails the run.
func TestWrongAnswerIsReported(t *testing.T) {
	w, err := lab.NewWorld()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	root, err := lab.Root(t.Context())
	require.NoError(t, err)
	hello, err := lab.BuildHello(t.Context(), root, t.TempDir())
	require.NoError(t, err)
	_, err = w.Probe(t.Context(), lab.Task{Name: "hello", Binary: hello, Payloads: [][]byte{[]byte("{}")}, Want: "goodbye"}, 0)
	assert.ErrorIs(t, err, lab.ErrWrong)
	_, err = w.Probe(t.Context(), lab.Task{Name: "false", Binary: lab.Binary{Path: "/bin/false"}}, 0)
	assert.ErrorIs(t, err, lab.ErrWrong, "it ends before it asks for an invocation")
}

func TestDirtyTreeIsRefused(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, exec.Command("git", "init", "-q", root).Run())
	require.NoError(t, lab.Clean(t.Context(), root))
	require.NoError(t, os.WriteFile(filepath.Join(root, "new.go"), nil, 0o600))
	assert.ErrorIs(t, lab.Clean(t.Context(), root), lab.ErrDirty)
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
		t.Run(row.why, func(t *testing.T) {
			assert.ErrorIs(t, run(t.Context(), row.args, io.Discard, io.Discard), errUsage)
		})
	}
	assert.Error(t, errors.Join(run(t.Context(), []string{"tables", "-results", t.TempDir()}, io.Discard, io.Discard)), "nothing was measured")
}
