package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

// A page that is left ends what it has asked for.
func TestPagesThatAreLeft(t *testing.T) {
	options := (&app{now: time.Now}).consoleOptions(&stack.Stack{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := options.Who(ctx)
	assert.Error(t, err)
	_, err = options.Examine(ctx)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = options.Trace(ctx, "r1")
	assert.Error(t, err)
	for _, endpoint := range []string{"", "https://127.0.0.1:1"} {
		s := &stack.Stack{AWS: stack.AWS{Endpoint: endpoint}}
		_, err = (&app{now: time.Now}).consoleOptions(s).Target(ctx, contract.Stripe())
		assert.Error(t, err, "neither the secrets nor the stack can be read")
	}
}

func TestOpenersOfSystems(t *testing.T) {
	for system, want := range map[string]string{"darwin": "open", "windows": "rundll32", "linux": "xdg-open", "freebsd": "xdg-open"} {
		assert.Equal(t, want, opener(system)[0])
	}
}

func TestOpensTheLink(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	var log bytes.Buffer
	a := &app{err: &log}
	a.open(t.Context(), "http://127.0.0.1:1/")
	assert.Contains(t, log.String(), "open the link yourself")

	seen := filepath.Join(dir, "seen")
	for _, name := range []string{"xdg-open", "open"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho \"$1\" > '"+seen+"'\n"), 0o700))
	}
	a.open(t.Context(), "http://127.0.0.1:1/?token=x")
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(seen)
		return string(text) == "http://127.0.0.1:1/?token=x\n"
	}, time.Minute, 10*time.Millisecond)
}
