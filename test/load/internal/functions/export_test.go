package functions

import (
	"os"
	"path/filepath"
)

// Unzip takes the bootstrap out of a zip, to that path.
func Unzip(zip, path string) error {
	b, err := unzip(zip, filepath.Join(filepath.Dir(path), "unzipped"))
	if err != nil {
		return err
	}
	return os.Rename(b.Path, path)
}
