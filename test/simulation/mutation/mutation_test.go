// Package mutation shows that the simulation finds mistakes: each mutation of
// the shipped source is built in, by the compiler's overlay and not in the
// tree, and the simulation must then report a broken promise.
package mutation_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// atOnce is the number of mutations that are built and run at the same time.
const atOnce = 2

// root is the module's, from this package's folder.
const root = "../../.."

func TestEveryMutationIsCaught(t *testing.T) {
	slots := make(chan struct{}, atOnce)
	for _, m := range mutations() {
		t.Run(filepath.Base(m.file)+": "+m.why, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()

			out, err := simulate(t, m.overlay(t))

			if assert.Error(t, err, "the simulation does not notice") {
				assert.Contains(t, out, "broken promise", "it fails, but not by a promise")
			}
		})
	}
}

func TestSourceAsItIsKeepsItsPromises(t *testing.T) {
	out, err := simulate(t, "")
	require.NoError(t, err, out)
}

// overlay writes the mutated file, and the file that tells the compiler of it.
func (m mutation) overlay(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, m.file))
	require.NoError(t, err)
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(source), m.from), "the mutation does not apply: %s must hold %q once", m.file, m.from)
	require.NotContains(t, m.from+m.to, "\n", "one line")

	dir := t.TempDir()
	mutated := filepath.Join(dir, "mutated.go")
	require.NoError(t, os.WriteFile(mutated, []byte(strings.Replace(string(source), m.from, m.to, 1)), 0o600))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
	require.NoError(t, err)
	overlay := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, list, 0o600))
	return overlay
}

// simulate builds the simulation with an overlay, if any, and runs it on the
// same seeds each time.
func simulate(t *testing.T, overlay string) (out string, err error) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "simulation.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", binary, "./test/simulation")
	build.Dir = root
	built, err := build.CombinedOutput()
	require.NoError(t, err, "the mutation does not compile: %s", built)

	run := exec.CommandContext(t.Context(), binary, "-test.run", "^Test(Promise|WithoutFaults)", "-test.failfast", "-seed", "1", "-accepted", "8000")
	run.Dir = filepath.Join(root, "test", "simulation")
	text, err := run.CombinedOutput()
	return string(text), err
}
