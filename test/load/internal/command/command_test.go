package command_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/load/internal/command"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	out, err := command.Run(t.Context(), dir, []string{"OF_THE_TEST=1"}, "sh", "-c", "pwd; echo $OF_THE_TEST; test -n \"$PATH\"")
	require.NoError(t, err)
	assert.Equal(t, dir+"\n1", out, "there, and with its own environment and ours")

	_, err = command.Run(t.Context(), dir, nil, "sh", "-c", "echo what is wrong >&2; exit 3")
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.ExitCode())
	assert.ErrorContains(t, err, "what is wrong", "what it said goes with the error")

	_, err = command.Run(t.Context(), dir, nil, "no-such-program")
	assert.ErrorIs(t, err, exec.ErrNotFound)
}

// TestRunEndsWithItsContext: the program is asked to end, and so is what it started.
func TestRunEndsWithItsContext(t *testing.T) {
	stop, dir := errors.New("Ctrl-C"), t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
				cancel(stop)
			}
			time.Sleep(time.Millisecond)
		}
	}()

	_, err := command.Run(ctx, dir, nil, "sh", "-c",
		`trap "wait; echo > outer; exit" TERM; sh -c 'trap "echo > inner; exit" TERM; sleep 60 & echo > ready; wait' & wait`)

	require.ErrorIs(t, err, stop)
	assert.FileExists(t, filepath.Join(dir, "inner"))
	assert.FileExists(t, filepath.Join(dir, "outer"))
}
