package local_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, local.Dir)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	want := local.State{PID: 1, URL: "https://127.0.0.1:1", Outputs: map[string]string{"TableName": "t"}}
	require.NoError(t, local.Write(dir, want))

	got, err := local.Find(filepath.Join(root, "cmd", "paysluice"))
	require.NoError(t, err)
	assert.Equal(t, want, got)
	_, err = local.Find(t.TempDir())
	assert.ErrorIs(t, err, local.ErrNotRunning)
	assert.ErrorContains(t, err, "--local finds it only inside its checkout")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte("{"), 0o600))
	_, err = local.Find(root)
	assert.ErrorContains(t, err, "state.json")
	assert.ErrorIs(t, local.Write(filepath.Join(root, "none"), want), fs.ErrNotExist)
}
