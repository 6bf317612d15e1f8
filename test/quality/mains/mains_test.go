// Package mains builds every main package with coverage counters and runs it for
// real.
package mains

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// coverDirVar names the folder that receives the coverage counters. Without it
// they are discarded. It needs -count=1, because a cached result writes none.
const coverDirVar = "PAYSLUICE_COVERDIR"

// binaries is the folder with the built main packages, and counters the one that
// receives their coverage.
var binaries, counters string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	tmp, err := os.MkdirTemp("", "mains-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(tmp)
	binaries = filepath.Join(tmp, "bin")
	if counters = os.Getenv(coverDirVar); counters == "" {
		counters = filepath.Join(tmp, "counters")
		if err := os.Mkdir(counters, 0o755); err != nil {
			return 1, err
		}
	}
	if err := build(binaries); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// build builds all main packages of cmd. Only the main packages count coverage:
// the other packages are covered by their own tests.
func build(dir string) error {
	list, err := exec.Command("go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "../../../cmd/...").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	packages := strings.Fields(string(list))
	args := []string{"build", "-buildvcs=false", "-cover", "-covermode=atomic",
		"-coverpkg=" + strings.Join(packages, ","), "-o", dir + string(filepath.Separator)}
	if out, err := exec.Command("go", append(args, packages...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// result describes a finished process.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a binary to its end in an empty folder. Its environment is env.
func run(t *testing.T, binary string, env []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command(t, binary, env, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	return result{exitCode(t, cmd.Run()), stdout.String(), stderr.String()}
}

func command(t *testing.T, binary string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(binaries, binary), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = withCounters(env)
	return cmd
}

func withCounters(env []string) []string {
	return append([]string{"GOCOVERDIR=" + counters}, env...)
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	require.NoError(t, err)
	return 0
}
