package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/measured"
)

// documented copies the committed document into a folder and returns the flags
// that write there.
func documented(t *testing.T) (dir string, flags []string) {
	t.Helper()
	dir = t.TempDir()
	text, err := os.ReadFile(filepath.Join("..", "..", documentFile))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "performance.md"), text, 0o600))
	return dir, []string{"-results", filepath.Join(dir, "results.json"), "-docs", filepath.Join(dir, "performance.md")}
}

// A short run of everything with the real bootstraps. That nothing went wrong
// or got lost the command itself sees to; here its results are complete.
func TestRun(t *testing.T) {
	dir, flags := documented(t)
	var out strings.Builder
	require.NoError(t, run(t.Context(), append([]string{"run", "-parts", "load,batch,comparison,allocations", "-allocations", "1ms",
		"-rate", "40", "-seed", "7", "-for", "1s", "-warmup", "500ms", "-aws", "1,0", "-batches", "3",
		"-rounds", "1", "-environments", "2", "-flat-out", "100ms", "-steady", "300ms", "-steady-rate", "50"}, flags...), &out, io.Discard))

	r, err := measured.Read(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	require.Len(t, r.Load, 2)
	for _, l := range r.Load {
		assert.Positive(t, l.Counts.Requests)
		assert.Equal(t, l.Counts.Requests, l.Counts.Accepted)
		assert.Equal(t, l.Counts.Requests, l.Counts.Messages)
		assert.Equal(t, l.Counts.Requests, l.Counts.Items)
		assert.NotEmpty(t, l.Machine.CodeVersion)
		assert.EqualValues(t, 7, l.Seed)
		names := []string{}
		requests := int64(0)
		for _, f := range l.Functions {
			names = append(names, f.Name)
			assert.Positive(t, f.Invocations, f.Name)
			assert.Positive(t, f.Latency.P50, f.Name)
			assert.Positive(t, f.CPU, f.Name)
			assert.Positive(t, f.PeakMemory, f.Name)
			assert.Positive(t, f.Init.P50, f.Name)
			assert.Positive(t, f.Environments, f.Name)
			if strings.HasSuffix(f.Name, "-processor") {
				requests += f.Latency.Count
				assert.Positive(t, f.LogBytes, f.Name)
			}
		}
		assert.Equal(t, []string{contract.AuthorizerName, "stripe-processor", "paypal-processor", "square-processor", contract.ConsumerName}, names)
		assert.Equal(t, requests, l.Processors.Count, "every processor's are among all processors'")
		assert.Equal(t, requests, l.Request.Count, "every request went through both gates")
		assert.Positive(t, l.Harness.CPU)
	}
	// The stub's latencies are in what was measured: a send takes 16 ms in the
	// middle, and none takes less than it was drawn.
	assert.Greater(t, r.Load[0].Processors.P90, 10.0)
	require.NotNil(t, r.Batch)
	assert.GreaterOrEqual(t, r.Batch.One.P50, r.Batch.Write)
	assert.GreaterOrEqual(t, r.Batch.Ten.P50, r.Batch.Write)
	require.NotNil(t, r.Comparison)
	require.Len(t, r.Comparison.Programs, 5)
	for _, p := range r.Comparison.Programs {
		assert.Positive(t, p.FlatOut.PerSecond, p.Name)
		assert.Positive(t, p.FlatOut.CPU, p.Name)
		assert.Positive(t, p.Steady.CPU, p.Name)
	}
	require.NotNil(t, r.Allocations)
	allocated := map[string]float64{}
	for _, p := range r.Allocations.Programs {
		allocated[p.Name] = p.Bytes
	}
	assert.Len(t, allocated, 7, "hello, naive and every function that an event meets")
	assert.Greater(t, allocated["naive"], allocated["stripe-processor"])
	assert.Greater(t, allocated[contract.ConsumerName], allocated["stripe-processor"], "ten events and ten calls")
	assert.Less(t, allocated[contract.AuthorizerName], allocated["stripe-processor"])

	document, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	require.NoError(t, err)
	for _, text := range []string{"40 requests a second for 1 s", "| naive |", "| a batch of 10 |"} {
		assert.Contains(t, string(document), text)
		assert.Contains(t, out.String()+string(document), text)
	}
	assert.FileExists(t, filepath.Join(dir, plotFile))
	assertNoProcessIsLeft(t)
}

func TestColdStart(t *testing.T) {
	dir, flags := documented(t)
	require.NoError(t, run(t.Context(), append([]string{"coldstart", "-rounds", "1", "-aws", "0"}, flags...), io.Discard, io.Discard))
	r, err := measured.Read(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	require.NotNil(t, r.ColdStart)
	steps := map[string][]string{}
	for _, p := range r.ColdStart.Programs {
		assert.Positive(t, p.Init, p.Name)
		assert.Positive(t, p.PackageInit, p.Name)
		assert.Len(t, p.Packages, 10, p.Name)
		assert.Positive(t, p.ZipSize, p.Name)
		assert.Greater(t, p.BinarySize, p.ZipSize, p.Name)
		for _, s := range p.Steps {
			steps[p.Name] = append(steps[p.Name], s.What)
		}
		if p.Name != contract.EmptierName {
			assert.Positive(t, p.FirstCall, p.Name)
			assert.GreaterOrEqual(t, p.Answer, p.FirstCall, p.Name)
			assert.Positive(t, p.WarmCall, p.Name)
		}
	}
	assert.Len(t, r.ColdStart.Programs, 9)
	for program, call := range map[string]string{
		"naive": "secretsmanager.GetSecretValue", "stripe-processor": "sqs.SendMessage",
		contract.ConsumerName: "dynamodb.PutItem", contract.ArchiverName: "s3.PutObject",
	} {
		assert.Contains(t, steps[program], call)
		assert.Contains(t, steps[program], "TLS handshake")
	}
	assertNoProcessIsLeft(t)
}

// A run of all paths is kept, and one of some paths is printed alone.
func TestBench(t *testing.T) {
	dir, flags := documented(t)
	bench := []string{"bench", "-count", "1", "-benchtime", "1x"}
	committed, err := os.ReadFile(filepath.Join("..", "..", measured.File))
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, run(t.Context(), append(bench, "-bench", "verify/square"), &out, io.Discard))
	assert.Contains(t, out.String(), "| verify/square ")
	assert.NotContains(t, out.String(), "| verify/stripe ")
	after, err := os.ReadFile(filepath.Join("..", "..", measured.File))
	require.NoError(t, err)
	assert.Equal(t, committed, after)

	var progress strings.Builder
	require.NoError(t, run(t.Context(), append(bench, flags...), io.Discard, &progress))
	assert.Contains(t, progress.String(), "BenchmarkHotPaths/verify/square/work", "benchstat reads it")
	r, err := measured.Read(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	require.NotNil(t, r.HotPaths)
	assert.NotEmpty(t, r.HotPaths.Machine.CodeVersion)
	document, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	require.NoError(t, err)
	for _, p := range r.HotPaths.Paths {
		assert.Contains(t, string(document), "| "+p.Name+" ")
	}
}

func TestStoppingABenchmark(t *testing.T) {
	stop := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	progress := writerFunc(func(p []byte) {
		if strings.Contains(string(p), "BenchmarkHotPaths") {
			cancel(stop)
		}
	})
	err := run(ctx, []string{"bench", "-count", "100", "-bench", "verify", "-results", ""}, io.Discard, progress)
	require.ErrorIs(t, err, stop)
	assertNoProcessIsLeft(t)
}

func TestStopping(t *testing.T) {
	stop := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	// In the middle of a run that would take minutes.
	progress := writerFunc(func(p []byte) {
		if strings.Contains(string(p), "requests a second") {
			cancel(stop)
		}
	})
	err := run(ctx, []string{"run", "-parts", "load", "-rate", "20", "-for", "3m", "-results", ""}, io.Discard, progress)
	require.ErrorIs(t, err, stop)
	assertNoProcessIsLeft(t)
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		why  string
		args []string
		is   error
	}{
		{"no command", nil, errUsage},
		{"no such command", []string{"walk"}, errUsage},
		{"signatures would be stale", []string{"run", "-for", "5m"}, errFlags},
		{"no rate", []string{"run", "-rate", "0"}, errFlags},
		{"no such arrivals", []string{"run", "-arrivals", "late"}, errFlags},
		{"no such factor", []string{"run", "-aws", "fast"}, errFlags},
		{"the same run twice", []string{"run", "-aws", "1,1"}, errFlags},
		{"no such part", []string{"run", "-parts", "everything"}, errFlags},
		{"no round", []string{"coldstart", "-rounds", "0"}, errFlags},
		{"no run", []string{"bench", "-count", "0"}, errFlags},
		{"something left over", []string{"coldstart", "now"}, errFlags},
	} {
		assert.ErrorIs(t, run(t.Context(), test.args, io.Discard, io.Discard), test.is, test.why)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// assertNoProcessIsLeft: no bootstrap of this process's is running.
func assertNoProcessIsLeft(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, e := range entries {
		children, err := os.ReadFile(filepath.Join("/proc/self/task", e.Name(), "children"))
		if err == nil {
			assert.Empty(t, strings.TrimSpace(string(children)))
		}
	}
}
