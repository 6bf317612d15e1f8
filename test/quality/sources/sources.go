// Package sources copies the product's sources for tests that build a changed
// copy.
package sources

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Copy copies the product's packages and module files from the repository at root
// to a new folder dst. It reads them in this process, so that go's test cache
// knows that the test depends on them.
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

// Edit replaces the first occurrence of from in a file. It fails the test if the
// file has none.
func Edit(t testing.TB, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o644))
}
