package bench

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// rootsFile and emptyDir are in the bench's folder.
const (
	rootsFile = "roots.pem"
	emptyDir  = "no-certificates"
)

// writeRoots writes whom the functions trust: the stub, the authority of the
// played PayPal, and the public roots where this machine has them, since Lambda
// has as many to read.
func (b *Bench) writeRoots() error {
	public, err := publicRoots()
	if err != nil {
		return err
	}
	bundle := slices.Concat(b.stub.Certificate, b.authority.Root.PEM(), public)
	if err := os.Mkdir(filepath.Join(b.dir, emptyDir), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dir, rootsFile), bundle, 0o600)
}

// publicRoots is the first bundle that is there, as crypto/x509 looks for it
// (root_linux.go); none is nothing.
func publicRoots() ([]byte, error) {
	for _, path := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"} {
		text, err := os.ReadFile(path)
		if !errors.Is(err, os.ErrNotExist) {
			return bytes.TrimSpace(text), err
		}
	}
	return nil, nil
}
