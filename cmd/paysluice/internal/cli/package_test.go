package cli

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

// newModule makes the current folder a module with two functions, and returns
// their packaging and its progress messages.
func newModule(t *testing.T) (packaging, *bytes.Buffer) {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "go.mod", "module example.com/functions\n\ngo 1.26.0\n")
	write(t, "cmd/lambdas/one/main.go", "package main\n\nfunc main() { println(1) }\n")
	write(t, "cmd/lambdas/two/main.go", "package main\n\nfunc main() { println(2) }\n")
	var progress bytes.Buffer
	return packaging{out: "out", arch: arm64, binaries: []string{"two", "one"}, progress: &progress}, &progress
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
}

func TestZipHoldsBootstrapForTheArchitecture(t *testing.T) {
	for _, test := range []struct {
		arch    architecture
		machine elf.Machine
	}{
		{arm64, elf.EM_AARCH64},
		{amd64, elf.EM_X86_64},
	} {
		t.Run(string(test.arch), func(t *testing.T) {
			p, _ := newModule(t)
			p.arch = test.arch
			version, err := p.build(t.Context())
			require.NoError(t, err)
			assert.Regexp(t, `^[0-9a-f]{20}$`, version)

			entries, err := os.ReadDir("out")
			require.NoError(t, err)
			require.Len(t, entries, 1, "no temporary folder is left")

			z, err := zip.OpenReader(filepath.Join("out", version, "one-"+string(test.arch)+".zip"))
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

func TestCodeVersionDependsOnTheContent(t *testing.T) {
	p, progress := newModule(t)
	first, err := p.build(t.Context())
	require.NoError(t, err)
	assert.Contains(t, progress.String(), filepath.Join("out", first, "two-arm64.zip"))
	built, err := os.Stat(filepath.Join("out", first))
	require.NoError(t, err)

	again, err := p.build(t.Context())
	require.NoError(t, err)
	assert.Equal(t, first, again)
	kept, err := os.Stat(filepath.Join("out", first))
	require.NoError(t, err)
	assert.True(t, os.SameFile(built, kept), "an existing version is kept")

	write(t, "cmd/lambdas/two/main.go", "package main\n\nfunc main() { println(3) }\n")
	other, err := p.build(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first, other)
	assert.DirExists(t, filepath.Join("out", first), "older versions are kept")
}

func TestPackageFails(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T)
		is    error
		says  string
		shows string // by the go command
	}{
		{
			name:  "started in another folder",
			spoil: func(t *testing.T) { t.Chdir(t.TempDir()) },
			is:    errNotRoot,
			says:  "root folder",
		},
		{
			name:  "Go is not installed",
			spoil: func(t *testing.T) { t.Setenv("PATH", t.TempDir()) },
			is:    errNoGo,
			says:  "install Go",
		},
		{
			name:  "go rejects the environment: its message is shown",
			spoil: func(t *testing.T) { t.Setenv("GOEXPERIMENT", "bogus") },
			says:  "unknown GOEXPERIMENT bogus",
		},
		{
			name: "another program is called go",
			spoil: func(t *testing.T) {
				bin := t.TempDir()
				write(t, filepath.Join(bin, "go"), "#!/bin/sh\necho hello\n")
				t.Setenv("PATH", bin)
			},
			says: "did not print JSON",
		},
		{
			name: "a handler does not compile",
			spoil: func(t *testing.T) {
				write(t, "cmd/lambdas/one/main.go", "package main\n\nfunc main() { undefined() }\n")
			},
			is:    errBuild,
			says:  "go's message is above",
			shows: "main.go:3:15: undefined: undefined",
		},
		{
			name: "a folder of cmd/lambdas has no main package",
			spoil: func(t *testing.T) {
				write(t, "cmd/lambdas/one/main.go", "package one\n")
			},
			is:   os.ErrNotExist,
			says: "zipping one",
		},
		{
			name:  "the out folder is a file",
			spoil: func(t *testing.T) { write(t, "out", "") },
			is:    errOut,
			says:  "-out",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, progress := newModule(t)
			test.spoil(t)
			version, err := p.build(t.Context())
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

func TestPackageFailsForAChangedVersion(t *testing.T) {
	for _, test := range []struct {
		name   string
		tamper func(t *testing.T, dir string)
		says   string
	}{
		{
			name:   "changed",
			tamper: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "one-arm64.zip"), "x") },
			says:   "delete the folder",
		},
		{
			name:   "deleted",
			tamper: func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "one-arm64.zip"))) },
			says:   "one-arm64.zip",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, _ := newModule(t)
			version, err := p.build(t.Context())
			require.NoError(t, err)
			test.tamper(t, filepath.Join("out", version))
			_, err = p.build(t.Context())
			require.ErrorIs(t, err, errOut)
			assert.ErrorContains(t, err, test.says)
		})
	}
}
