package functions_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/load/internal/functions"
)

// root is the module's, from this package's folder.
const root = "../../../.."

func TestEdit(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"there once", "a := fast()", "a := slow()"},
		{"it has gone", "a := quick()", ""},
		{"which of the two was meant?", "a := fast(); b := fast()", ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			got, err := functions.Edit{File: "f.go", From: "fast()", To: "slow()"}.Apply(row.text)
			assert.Equal(t, row.want, got)
			if row.want == "" {
				require.ErrorIs(t, err, functions.ErrStale)
				assert.ErrorContains(t, err, "f.go")
				assert.ErrorContains(t, err, "fast()", "a reader can look for it")
				return
			}
			require.NoError(t, err)
		})
	}
}

// A variant is built like the real functions, and is another program.
func TestBuildVariants(t *testing.T) {
	const main = "cmd/lambdas/processor/main.go"
	dir := t.TempDir()
	processor := filepath.Join(dir, "bootstrap")
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	require.NoError(t, functions.Unzip(filepath.Join(zips, contract.ProcessorBinary+".zip"), processor))

	for _, row := range []struct {
		why     string
		variant functions.Variant
		is      error
	}{
		{"one place changed", functions.Variant{Edits: []functions.Edit{{File: main, From: `"cannot start"`, To: `"cannot begin"`}}}, nil},
		{"a file added", functions.Variant{Added: map[string]string{"cmd/lambdas/processor/added.go": "package main\n\nfunc init() { println() }\n"}}, nil},
		{"a comment builds the same program, as it does with the operators' command", functions.Variant{Edits: []functions.Edit{{File: main, From: `// Command processor is`, To: `// Command processor was`}}}, functions.ErrNoEffect},
		{"a place that is not there", functions.Variant{Edits: []functions.Edit{{File: main, From: `"cannot walk"`}}}, functions.ErrStale},
		{"a file that is not there", functions.Variant{Edits: []functions.Edit{{File: "cmd/lambdas/processor/other.go", From: `"cannot start"`}}}, functions.ErrStale},
	} {
		t.Run(row.why, func(t *testing.T) {
			row.variant.Name = "changed"
			built, err := functions.BuildVariants(t.Context(), root, t.TempDir(), functions.Binary{Path: processor}, []functions.Variant{row.variant})
			require.ErrorIs(t, err, row.is)
			if row.is != nil {
				assert.ErrorContains(t, err, "changed", "it says which")
				return
			}
			info, err := os.Stat(built["changed"].Path)
			require.NoError(t, err)
			assert.Equal(t, info.Size(), built["changed"].Size)
			left, err := os.ReadDir(filepath.Dir(built["changed"].Path))
			require.NoError(t, err)
			assert.Len(t, left, 1, "the sources have gone")
		})
	}
}
