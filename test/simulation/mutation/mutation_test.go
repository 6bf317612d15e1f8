// Package mutation shows that the simulation finds mistakes. It builds each
// mutation of the shipped source into the simulation with the compiler's
// overlay, without changing the tree. The simulation must then report a broken
// promise.
package mutation_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root = "../../.." // the module
	// concurrent is the number of mutations that are built and run at a time.
	concurrent = 2
	// accepted is the number of events in a run. The rarest mistake, an answer that a
	// replay loses, shows after half of them.
	accepted = "16000"

	// promises, attackers and refilled select the tests that find mutations(), attacks()
	// and refills().
	promises  = "^Test(Promise|WithoutFaults)"
	attackers = "^Test(Attack|OneOldDelivery|FloodOfOldDeliveries)"
	refilled  = "^TestRefill"
)

func all() []mutation { return slices.Concat(mutations(), attacks(), refills()) }

func TestEveryMutationIsCaught(t *testing.T) {
	slots := make(chan struct{}, concurrent)
	for _, m := range all() {
		t.Run(m.folder+": "+m.why, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			defer func() { <-slots }()

			tests := promises
			switch {
			case slices.Contains(attacks(), m):
				tests = attackers
			case slices.Contains(refills(), m):
				tests = refilled
			}
			out, err := simulate(t, m.overlay(t), tests)

			if assert.Error(t, err, "the simulation does not find the mistake") {
				assert.Contains(t, out, "broken promise", "the simulation fails, but not with a broken promise")
			}
		})
	}
}

func TestSourceWithoutMutationKeepsItsPromises(t *testing.T) {
	for _, tests := range []string{promises, attackers, refilled} {
		out, err := simulate(t, "", tests)
		require.NoError(t, err, out)
	}
}

// TestMutationsApply tells within a second which rows have to follow a change
// of the source.
func TestMutationsApply(t *testing.T) {
	for _, m := range all() {
		m.apply(t)
	}
}

// apply returns the path of the file that holds m.from, and its mutated text.
func (m mutation) apply(t *testing.T) (path, mutated string) {
	t.Helper()
	from := regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(m.from), " ", `[ \t]+`))
	files, err := filepath.Glob(filepath.Join(root, m.folder, "*.go"))
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		if places := from.FindAllIndex(source, -1); len(places) > 0 {
			found += len(places)
			path = file
			mutated = string(source[:places[0][0]]) + m.to + string(source[places[0][1]:])
		}
	}
	assert.Equal(t, 1, found, "%s has %q %d times: change the mutation %q with the source", m.folder, m.from, found, m.why)
	return path, mutated
}

// overlay writes the mutated file and an overlay that names it, and returns the
// path of the overlay.
func (m mutation) overlay(t *testing.T) string {
	t.Helper()
	path, mutated := m.apply(t)
	if t.Failed() {
		t.FailNow()
	}
	original, err := filepath.Abs(path)
	require.NoError(t, err)
	dir := t.TempDir()
	replacement, overlay := filepath.Join(dir, "mutated.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(replacement, []byte(mutated), 0o600))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: replacement}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, list, 0o600))
	return overlay
}

// simulate builds the simulation, with an overlay unless it is empty, and runs
// it from a fixed seed.
func simulate(t *testing.T, overlay, tests string) (out string, err error) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "simulation.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", binary, "./test/simulation")
	build.Dir = root
	built, err := build.CombinedOutput()
	require.NoError(t, err, "the mutation does not compile: %s", built)

	run := exec.CommandContext(t.Context(), binary, "-test.run", tests, "-test.failfast", "-seed", "1", "-accepted", accepted)
	run.Dir = filepath.Join(root, "test", "simulation")
	text, err := run.CombinedOutput()
	return string(text), err
}
