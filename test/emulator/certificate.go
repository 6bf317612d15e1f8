package emulator

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// Files of a stack's folder.
const (
	certificateFile = "cert.pem"
	keyFile         = "key.pem"
	bundleFile      = "ca.pem"
)

// writeCertificates writes the emulator's certificate for 127.0.0.1 with its
// issuers, its key, and a bundle of the authority's root, the further roots and the
// public ones, all PEM. Clients and functions use the bundle instead of the system's roots.
func writeCertificates(dir, publicRoots string, authority *paypaltest.Authority, further []byte) error {
	leaf := authority.Issue("127.0.0.1", time.Now(), func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(127, 0, 0, 1)}
	})
	key, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
	if err != nil {
		return err
	}
	roots, err := os.ReadFile(publicRoots)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		certificateFile: slices.Concat(leaf.PEM(), authority.Intermediate.PEM(), authority.Root.PEM()),
		keyFile:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		bundleFile:      slices.Concat(authority.Root.PEM(), further, roots),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
