package cli

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteZip(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	// Incompressible and larger than the zip writer's buffer, so that the disk
	// fails while it is written.
	noise := make([]byte, 1<<17)
	rand.Read(noise)
	write(t, program, string(noise))

	var a, b bytes.Buffer
	require.NoError(t, writeZip(&a, program))
	require.NoError(t, os.Chmod(program, 0o600))
	require.NoError(t, writeZip(&b, program))
	assert.Equal(t, a.Bytes(), b.Bytes(), "time and mode of the file do not matter")

	assert.ErrorIs(t, writeZip(fullDisk{}, program), errFull)
	assert.ErrorIs(t, writeZip(&a, program+"s"), os.ErrNotExist)
}

func TestCodeVersionDependsOnNamesAndContents(t *testing.T) {
	files := func(name, content string) []file {
		return []file{{name, []byte(content)}, {"z.zip", []byte("z")}}
	}
	base := codeVersion(files("a.zip", "content"))
	assert.Equal(t, base, codeVersion(files("a.zip", "content")))
	assert.NotEqual(t, base, codeVersion(files("a.zip", "Content")))
	assert.NotEqual(t, base, codeVersion(files("b.zip", "content")))
	assert.NotEqual(t, base, codeVersion(files("a.zip", "content")[:1]))
	assert.NotEqual(t,
		codeVersion([]file{{"a", []byte("1\nb 1\n2")}}),
		codeVersion([]file{{"a", []byte("1\n")}, {"b", []byte("2")}}),
		"one file with the bytes of two")
}

func TestPlaceFails(t *testing.T) {
	zip := []file{{"one.zip", []byte("1")}}
	for _, test := range []struct {
		name     string
		tmp, dst string
		files    []file
		is       error
	}{
		{"the temporary folder exists", ".", "dst", zip, os.ErrExist},
		{"a file cannot be created", "tmp", "dst", []file{{"missing/one.zip", nil}}, os.ErrNotExist},
		{"the parent of the version does not exist", "tmp", "missing/dst", zip, os.ErrNotExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			assert.ErrorIs(t, place(test.tmp, test.dst, test.files), test.is)
			assert.NoDirExists(t, test.dst)
		})
	}
}
