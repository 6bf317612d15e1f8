package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

// TestFilesAreCurrent compares the committed files with the schemas of the cfn-lint
// that .ci/requirements.txt pins.
func TestFilesAreCurrent(t *testing.T) {
	for file, generate := range files() {
		want, err := generate(root)
		require.NoError(t, err)
		committed, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		assert.True(t, want == string(committed), "%s is stale: go run ./test/quality/schemas", file)
	}
}

func TestNoSchemas(t *testing.T) {
	for _, generate := range files() {
		_, err := generate(t.TempDir())
		assert.ErrorIs(t, err, errNoSchemas)
	}
}
