package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

// TestTypesAreCurrent compares the committed file with the schemas of the cfn-lint
// that .ci/requirements.txt pins.
func TestTypesAreCurrent(t *testing.T) {
	want, err := types(root)
	require.NoError(t, err)
	committed, err := os.ReadFile(filepath.Join(root, typesFile))
	require.NoError(t, err)
	assert.True(t, want == string(committed), "%s is stale: go run ./test/quality/schemas", typesFile)
}

func TestNoSchemas(t *testing.T) {
	_, err := types(t.TempDir())
	assert.ErrorIs(t, err, errNoSchemas)
}
