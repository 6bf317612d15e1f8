package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/measured"
)

// A short run without a variable and without a part of the sources.
func TestAblation(t *testing.T) {
	dir, flags := documented(t)
	var out strings.Builder
	require.NoError(t, run(t.Context(), append([]string{"ablation", "-only", "gomaxprocs,dynamodb", "-rounds", "1", "-processes", "1",
		"-environments", "2", "-flat-out", "200ms", "-steady", "300ms", "-rate", "50"}, flags...), &out, io.Discard))

	r, err := measured.Read(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	require.NotNil(t, r.Ablation)
	rows := r.Ablation.Rows
	var names []string
	for _, row := range rows {
		names = append(names, row.Name)
		for what, figure := range map[string]float64{
			"init": row.Init, "first call": row.FirstCall, "answer": row.Answer, "flat out": row.FlatOut.PerSecond,
			"CPU": row.FlatOut.CPU, "memory": float64(row.FlatOut.PeakMemory), "steady": row.Steady.CPU, "p99": row.Steady.P99,
		} {
			assert.Positive(t, figure, "%s of %q", what, row.Name)
		}
	}
	require.Equal(t, []string{"", "", "gomaxprocs", "dynamodb"}, names)
	assert.Equal(t, rows[0].BinarySize, rows[2].BinarySize, "the same program")
	assert.Greater(t, rows[3].BinarySize, rows[0].BinarySize, "another one")
	assert.Contains(t, out.String(), "| `GOMAXPROCS=1` |")
	assertNoProcessIsLeft(t)
}

func TestStoppingAnAblation(t *testing.T) {
	for _, at := range []string{"building the processor without", "flat out"} {
		stop := errors.New("Ctrl-C")
		ctx, cancel := context.WithCancelCause(t.Context())
		progress := writerFunc(func(p []byte) {
			if strings.Contains(string(p), at) {
				cancel(stop)
			}
		})
		err := run(ctx, []string{"ablation", "-only", "config", "-steady", "3m", "-results", ""}, io.Discard, progress)
		require.ErrorIs(t, err, stop, at)
		assertNoProcessIsLeft(t)
	}
}

func TestAblationRefuses(t *testing.T) {
	for _, row := range []struct {
		why  string
		args []string
		is   error
	}{
		{"no round", []string{"-rounds", "0"}, errFlags},
		{"no cold start", []string{"-processes", "0"}, errFlags},
		{"no time", []string{"-flat-out", "0"}, errFlags},
		{"less than no time", []string{"-aws", "-1ms"}, errFlags},
		{"signatures would be stale", []string{"-steady", "5m"}, errFlags},
		{"something left over", []string{"gomaxprocs"}, errFlags},
		{"no such optimisation", []string{"-only", "gomaxprocs,luck"}, errFlags},
	} {
		t.Run(row.why, func(t *testing.T) {
			assert.ErrorIs(t, run(t.Context(), append([]string{"ablation"}, row.args...), io.Discard, io.Discard), row.is)
		})
	}
}
