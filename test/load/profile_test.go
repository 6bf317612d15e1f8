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

// A short run. That the functions that stages are named by are in the programs,
// the command itself sees to.
func TestProfile(t *testing.T) {
	dir, flags := documented(t)
	profiles := filepath.Join(dir, "profiles")
	var said strings.Builder
	require.NoError(t, run(t.Context(), append([]string{"profile", "-environments", "2", "-for", "1s", "-handler", "500ms", "-profiles", profiles}, flags...), io.Discard, &said))

	r, err := measured.Read(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	require.NotNil(t, r.Profile)
	for _, all := range [][]measured.Profiled{r.Profile.Functions, r.Profile.Handlers} {
		require.Len(t, all, 2)
		for i, name := range []string{"stripe-processor", "square-processor"} {
			assert.Equal(t, name, all[i].Name)
			assert.Positive(t, all[i].Time, name)
			assert.Positive(t, part(all[i].Areas, "encoding/json, with reflection"), name)
			assert.Positive(t, part(all[i].Stages, "the handler"), name)
		}
	}
	kept, err := filepath.Glob(filepath.Join(profiles, "stripe-processor", "*"))
	require.NoError(t, err)
	assert.Len(t, kept, 2, "one of each environment, whole")
	assert.Contains(t, said.String(), "go tool pprof -http=: "+filepath.Join(profiles, "stripe-processor", "*.pprof"))
	assertNoProcessIsLeft(t)
}

// part is that of the share of this name.
func part(shares []measured.Share, name string) float64 {
	for _, s := range shares {
		if s.Name == name {
			return s.Part
		}
	}
	return 0
}

// The handlers run in a program of go test's.
func TestStoppingAProfile(t *testing.T) {
	stop := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	progress := writerFunc(func(p []byte) {
		if strings.Contains(string(p), "without network") {
			cancel(stop)
		}
	})
	err := run(ctx, []string{"profile", "-environments", "1", "-for", "500ms", "-results", "", "-profiles", t.TempDir()}, io.Discard, progress)
	require.ErrorIs(t, err, stop)
	assertNoProcessIsLeft(t)
}

func TestProfileRefuses(t *testing.T) {
	for _, row := range []struct {
		why  string
		args []string
	}{
		{"no environment", []string{"-environments", "0"}},
		{"no time", []string{"-for", "0"}},
		{"no time for handlers", []string{"-handler", "0"}},
		{"something left over", []string{"stripe"}},
	} {
		assert.ErrorIs(t, run(t.Context(), append([]string{"profile"}, row.args...), io.Discard, io.Discard), errFlags, row.why)
	}
}
