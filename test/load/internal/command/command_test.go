package command_test

import (
	"context"
	"errors"
	"os/exec"
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

func TestRunEndsWithItsContext(t *testing.T) {
	stop := errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(stop) })
	begin := time.Now()
	// A program of its program's keeps the pipe open.
	_, err := command.Run(ctx, t.TempDir(), nil, "sh", "-c", "sleep 60 | cat")
	require.ErrorIs(t, err, stop)
	assert.Less(t, time.Since(begin), 4*time.Second, "all of them have ended when they were asked to")
}
