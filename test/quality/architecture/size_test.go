package architecture

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testShare is how many lines of Go the tests may have for each line of the product.
const testShare = 2.2

// TestSize bounds what the next owner must read. The product is cmd, handlers and
// template without _test.go files; providertest, which a new provider is built with, is a
// part of it.
func TestSize(t *testing.T) {
	product, tests := 0, 0
	for _, dir := range []string{"cmd", "handlers", "template", "test"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			switch {
			case err != nil || filepath.Ext(path) != ".go":
			case dir == "test" || strings.HasSuffix(path, "_test.go"):
				tests += lines(t, path)
			default:
				product += lines(t, path)
			}
			return err
		}))
	}
	t.Logf("product %d lines, tests %d: %.2f times", product, tests, float64(tests)/float64(product))
	assert.LessOrEqual(t, float64(tests), testShare*float64(product), "take out tests that hold nothing of their own")
	for page, most := range map[string]int{
		"README.md": 130, "docs/cost.md": 100, "docs/performance.md": 100, "docs/scaling.md": 100,
	} {
		assert.LessOrEqual(t, lines(t, filepath.Join(root, page)), most, page)
	}
}

func lines(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return bytes.Count(text, []byte("\n"))
}
