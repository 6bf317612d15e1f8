package zips

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// module makes the current folder a module with two functions, and returns
// options to build them.
func module(t *testing.T) (Options, *bytes.Buffer) {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "go.mod", "module example.com/functions\n\ngo 1.26.0\n")
	write(t, "cmd/lambdas/one/main.go", "package main\n\nfunc main() { println(1) }\n")
	write(t, "cmd/lambdas/two/main.go", "package main\n\nfunc main() { println(2) }\n")
	var progress bytes.Buffer
	return Options{
		Out:      "out",
		Arch:     ARM64,
		Binaries: []string{"two", "one"},
		Progress: &progress,
	}, &progress
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
}

func TestBuildMakesWhatLambdaRuns(t *testing.T) {
	for _, test := range []struct {
		arch    Arch
		machine elf.Machine
	}{
		{ARM64, elf.EM_AARCH64},
		{X8664, elf.EM_X86_64},
	} {
		t.Run(string(test.arch), func(t *testing.T) {
			o, _ := module(t)
			o.Arch = test.arch
			version, err := Build(t.Context(), o)
			require.NoError(t, err)
			assert.Regexp(t, `^[0-9a-f]{20}$`, version)

			entries, err := os.ReadDir("out")
			require.NoError(t, err)
			require.Len(t, entries, 1, "nothing but the version is left in out")

			z, err := zip.OpenReader(filepath.Join("out", version, "one.zip"))
			require.NoError(t, err)
			defer z.Close()
			require.Len(t, z.File, 1)
			assert.Equal(t, "bootstrap", z.File[0].Name)
			assert.Equal(t, os.FileMode(0o755), z.File[0].Mode())
			assert.Equal(t, 1980, z.File[0].Modified.UTC().Year())

			r, err := z.File[0].Open()
			require.NoError(t, err)
			program, err := io.ReadAll(r)
			require.NoError(t, err)
			binary, err := elf.NewFile(bytes.NewReader(program))
			require.NoError(t, err)
			assert.Equal(t, test.machine, binary.Machine)
		})
	}
}

func TestBuildNamesAVersionByItsContent(t *testing.T) {
	o, progress := module(t)
	first, err := Build(t.Context(), o)
	require.NoError(t, err)
	assert.Contains(t, progress.String(), filepath.Join("out", first, "two.zip"))
	built, err := os.Stat(filepath.Join("out", first))
	require.NoError(t, err)

	again, err := Build(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	kept, err := os.Stat(filepath.Join("out", first))
	require.NoError(t, err)
	assert.True(t, os.SameFile(built, kept), "a version that is there is not written again")

	write(t, "cmd/lambdas/two/main.go", "package main\n\nfunc main() { println(3) }\n")
	other, err := Build(t.Context(), o)
	require.NoError(t, err)
	assert.NotEqual(t, first, other)
	assert.DirExists(t, filepath.Join("out", first), "older versions stay")
}

func TestBuildFails(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, o *Options)
		is    error
		says  string
		shows string // by the go command, on Progress
	}{
		{
			name:  "started in some other folder",
			spoil: func(t *testing.T, _ *Options) { t.Chdir(t.TempDir()) },
			is:    ErrNotRoot,
			says:  "root folder",
		},
		{
			name:  "Go is not installed",
			spoil: func(t *testing.T, _ *Options) { t.Setenv("PATH", t.TempDir()) },
			is:    ErrNoGo,
			says:  "install Go",
		},
		{
			name:  "go itself refuses the environment: its own words say why",
			spoil: func(t *testing.T, _ *Options) { t.Setenv("GOEXPERIMENT", "bogus") },
			says:  "unknown GOEXPERIMENT bogus",
		},
		{
			name: "something else is called go",
			spoil: func(t *testing.T, _ *Options) {
				bin := t.TempDir()
				write(t, filepath.Join(bin, "go"), "#!/bin/sh\necho hello\n")
				t.Setenv("PATH", bin)
			},
			says: "did not answer in JSON",
		},
		{
			name: "a handler does not compile",
			spoil: func(t *testing.T, _ *Options) {
				write(t, "cmd/lambdas/one/main.go", "package main\n\nfunc main() { undefined() }\n")
			},
			is:    ErrBuild,
			says:  "go's own message above",
			shows: "main.go:3:15: undefined: undefined",
		},
		{
			name: "a folder of cmd/lambdas holds no program",
			spoil: func(t *testing.T, _ *Options) {
				write(t, "cmd/lambdas/one/main.go", "package one\n")
			},
			is:   os.ErrNotExist,
			says: "zipping one",
		},
		{
			name:  "the out folder is a file",
			spoil: func(t *testing.T, _ *Options) { write(t, "out", "") },
			is:    ErrOut,
			says:  "-out",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, progress := module(t)
			test.spoil(t, &o)
			version, err := Build(t.Context(), o)
			require.Error(t, err)
			assert.Empty(t, version)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
			assert.ErrorContains(t, err, test.says)
			assert.Contains(t, progress.String(), test.shows)
		})
	}
}

func TestBuildRefusesAVersionThatWasTamperedWith(t *testing.T) {
	for _, test := range []struct {
		name   string
		tamper func(t *testing.T, dir string)
		says   string
	}{
		{
			name:   "changed",
			tamper: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "one.zip"), "x") },
			says:   "delete the folder",
		},
		{
			name:   "deleted",
			tamper: func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "one.zip"))) },
			says:   "one.zip",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			o, _ := module(t)
			version, err := Build(t.Context(), o)
			require.NoError(t, err)
			test.tamper(t, filepath.Join("out", version))
			_, err = Build(t.Context(), o)
			require.ErrorIs(t, err, ErrOut)
			assert.ErrorContains(t, err, test.says)
		})
	}
}
