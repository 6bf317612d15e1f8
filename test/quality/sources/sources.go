// Package sources copies what the stack is built from, for tests that build a
// changed copy of it.
package sources

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Copy copies the packages and module files of the repository at root, which
// may be relative, to a new folder dst. It reads them in this process, so that
// go's test cache knows what the test depends on.
func Copy(t testing.TB, root, dst string) {
	t.Helper()
	for _, folder := range []string{"cmd", "handlers", "template"} {
		require.NoError(t, os.CopyFS(filepath.Join(dst, folder), os.DirFS(filepath.Join(root, folder))))
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dst, file), text, 0o644))
	}
}

// Edit replaces the first occurrence of from in a file, which must be there.
func Edit(t testing.TB, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o644))
}
