package cli

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// file is a zip in memory. All of them together have a few megabytes.
type file struct {
	name    string
	content []byte
}

// zipName returns the name of a function's zip. The architecture is part of it, so that
// a stack with another Architecture finds no zip: Lambda would take the zip and fail at
// the first invocation.
func zipName(binary string, arch architecture) string { return binary + "-" + string(arch) + ".zip" }

// zipAll zips the binaries in dir, sorted by name.
func zipAll(dir string, arch architecture, binaries []string) ([]file, error) {
	var files []file
	for _, b := range slices.Sorted(slices.Values(binaries)) {
		var z bytes.Buffer
		if err := writeZip(&z, filepath.Join(dir, b)); err != nil {
			return nil, fmt.Errorf("zipping %s: %w", b, err)
		}
		files = append(files, file{zipName(b, arch), z.Bytes()})
	}
	return files, nil
}

// writeZip writes a zip with the program at path as bootstrap, the file that
// Lambda starts. Its time is the earliest of the format, so the zip depends only
// on the program.
func writeZip(w io.Writer, path string) error {
	program, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	header := &zip.FileHeader{
		Name:     "bootstrap",
		Method:   zip.Deflate,
		Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	header.SetMode(0o755)
	z := zip.NewWriter(w)
	entry, err := z.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(program)
	}
	return errors.Join(err, z.Close())
}

// codeVersion returns a hash of sorted files. 80 bits are short enough to read
// and far more than the versions in one bucket need. They do not resist an
// attacker, who needs no collision anyway: writing a zip suffices.
func codeVersion(files []file) string {
	h := sha256.New()
	for _, f := range files {
		// The length keeps two lists of files from hashing the same bytes.
		fmt.Fprintf(h, "%s %d\n", f.name, len(f.content))
		h.Write(f.content)
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}

// place writes files to tmp and renames it to dst. An existing dst must have the
// same files.
func place(tmp, dst string, files []file) error {
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(tmp, f.name), f.content, 0o644); err != nil {
			return err
		}
	}
	err := os.Rename(tmp, dst)
	if errors.Is(err, fs.ErrExist) {
		return compare(dst, files)
	}
	return err
}

func compare(dir string, files []file) error {
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.name))
		if err != nil {
			return err
		}
		if !bytes.Equal(content, f.content) {
			return fmt.Errorf("%s was changed after the build: delete the folder %s", f.name, dir)
		}
	}
	return nil
}
