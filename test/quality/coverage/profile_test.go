package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProfilesAreMergedByBlock(t *testing.T) {
	dir := t.TempDir()
	unit, binaries := filepath.Join(dir, "unit"), filepath.Join(dir, "binaries")
	require.NoError(t, os.WriteFile(unit, []byte(`mode: set
m/a/a.go:3.1,5.2 2 1
m/a/a.go:10.1,12.2 1 0
m/a/a.go:7.1,8.2 1 0
m/cmd/x/main.go:3.13,6.2 3 0
`), 0o644))
	require.NoError(t, os.WriteFile(binaries, []byte(`mode: atomic
m/cmd/x/main.go:3.13,6.2 3 7
m/cmd/x/main.go:8.13,8.15 0 0
`), 0o644))

	p, err := readProfiles(unit, binaries)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"a/a.go:7: not covered",
		"a/a.go:10: not covered", // sorted as numbers; main.go is covered by its binary, its empty block needs no cover
		"b/b.go: in no coverage profile: is the whole package untested, or the file excluded?",
	}, p.uncovered("m", []string{"a/a.go", "b/b.go", "cmd/x/main.go"}))
	assert.Equal(t, "statement coverage: 71.4 % of 7 statements in 2 packages", p.summary())
}

func TestProfilesThatCannotBeRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "profile")
	for _, line := range []string{"", "m/a.go", "m/a.go:1.2,3.4 5", "m/a.go:a.2,3.4 5 6"} {
		require.NoError(t, os.WriteFile(file, []byte("mode: set\n"+line+"\n"), 0o644))
		_, err := readProfiles(file)
		assert.ErrorContains(t, err, "no line of a coverage profile", line)
	}
	_, err := readProfiles(file + "s")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestSummaryNeverRoundsUp(t *testing.T) {
	p := profile{{file: "m/a/a.go", line: 1, statements: 9999}: true, {file: "m/a/a.go", line: 2, statements: 1}: false}
	assert.Equal(t, "statement coverage: 99.9 % of 10000 statements in 1 packages", p.summary())
	assert.Equal(t, "statement coverage: 0.0 % of 0 statements in 0 packages", profile{}.summary())
}

func TestFilesWithStatements(t *testing.T) {
	code := &fstest.MapFile{Data: []byte("package x\n\nfunc f() { f() }\n")}
	files, err := filesWithStatements(fstest.MapFS{
		"a/a.go":            code,
		"a/closure.go":      {Data: []byte("package x\n\nvar f = func() { g() }\n")},
		"a/excluded.go":     {Data: []byte("//go:build never\n\npackage x\n\nfunc f() { f() }\n")},
		"a/types.go":        {Data: []byte("package x\n\ntype t interface{ f() }\n\nfunc empty() {}\n")},
		"a/a_test.go":       code,
		"a/a.txt":           code,
		"a/testdata/b.go":   code,
		".cache/c.go":       code,
		"_old/d.go":         code,
		"test/load/main.go": code,
		"cmd/test/main.go":  code,
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"a/a.go", "a/closure.go", "a/excluded.go", "cmd/test/main.go"}, files)

	_, err = filesWithStatements(fstest.MapFS{"a/a.go": {Data: []byte("no Go")}})
	assert.Error(t, err)
}
