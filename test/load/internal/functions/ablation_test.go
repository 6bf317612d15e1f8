package functions_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/command"
	"github.com/paysluice/paysluice/test/load/internal/functions"
)

// Every optimisation can be taken away from the sources and the template as they
// are, and what is left compiles. That it is another program, make ablation sees.
func TestAblationsApply(t *testing.T) {
	stack, err := functions.ReadStack(filepath.Join(root, "out", "stack.json"))
	require.NoError(t, err)
	env, err := stack.Variables(contract.ProcessorName(contract.Stripe()))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, a := range functions.Ablations() {
		t.Run(a.Name, func(t *testing.T) {
			assert.Regexp(t, regexp.MustCompile(`^[a-z]+$`), a.Name, "it is one of a list in a flag, and a folder")
			assert.False(t, names[a.Name], "of two only one would be measured")
			names[a.Name] = true
			assert.NotEmpty(t, a.What)
			assert.Positive(t, len(a.Variables)+len(a.Edits), "it takes something away")

			left, err := a.Environment(env)
			require.NoError(t, err)
			assert.Len(t, left, len(env)-len(a.Variables))

			texts := map[string]string{}
			for _, e := range a.Edits {
				if texts[e.File] == "" {
					text, err := os.ReadFile(filepath.Join(root, e.File))
					require.NoError(t, err)
					texts[e.File] = string(text)
				}
				texts[e.File], err = e.Apply(texts[e.File])
				require.NoError(t, err)
			}
			assertCompiles(t, texts)
		})
	}
}

// assertCompiles: the processor compiles with these texts in place of its files.
func assertCompiles(t *testing.T, texts map[string]string) {
	t.Helper()
	// Nothing is linked for /dev/null.
	_, err := command.Run(t.Context(), root, nil, "go", "build", "-overlay", overlay(t, texts), "-o", os.DevNull, "./cmd/lambdas/processor")
	require.NoError(t, err, "what is left is the function")
}

// overlay is a file that tells the compiler of texts in place of files below the
// root.
func overlay(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir, places := t.TempDir(), map[string]string{}
	for file, text := range texts {
		path, err := filepath.Abs(filepath.Join(root, file))
		require.NoError(t, err)
		places[path] = filepath.Join(dir, filepath.Base(file))
		require.NoError(t, os.WriteFile(places[path], []byte(text), 0o600))
	}
	list, err := json.Marshal(map[string]any{"Replace": places})
	require.NoError(t, err)
	file := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(file, list, 0o600))
	return file
}

func TestAblationsNamed(t *testing.T) {
	some, err := functions.AblationsNamed([]string{"members", "gomaxprocs"})
	require.NoError(t, err)
	require.Len(t, some, 2)
	assert.Equal(t, "members", some[0].Name, "in the order that was asked for")
	for _, name := range []string{"luck", "", "gog"} {
		_, err := functions.AblationsNamed([]string{"gomaxprocs", name})
		require.ErrorIs(t, err, functions.ErrNoAblation)
		assert.ErrorContains(t, err, "gomaxprocs, connection", "it says which there are")
	}
}

func TestAblationOfAVariable(t *testing.T) {
	env := []string{"GOMAXPROCS=1", "LOG_LEVEL=INFO", "GOMAXPROCS_OTHER=1"}

	left, err := functions.Ablation{Variables: []string{"GOMAXPROCS"}}.Environment(env)

	require.NoError(t, err)
	assert.Equal(t, []string{"LOG_LEVEL=INFO", "GOMAXPROCS_OTHER=1"}, left, "not what only begins like it")
	assert.Len(t, env, 3, "others run with all of it")
	_, err = functions.Ablation{Name: "debug", Variables: []string{"GODEBUG"}}.Environment(env)
	require.ErrorIs(t, err, functions.ErrStale, "what is not set cannot be taken away")
	assert.ErrorContains(t, err, "debug")
	assert.ErrorContains(t, err, "GODEBUG")
}
