package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Files of a stack's folder.
const (
	certificateFile = "cert.pem"
	keyFile         = "key.pem"
	bundleFile      = "ca.pem"
)

// writeCertificate writes the emulator's certificate, its key, and a bundle of
// that certificate, the public roots and moreRoots, all PEM. Clients and
// functions use the bundle instead of the system's roots.
func writeCertificate(dir, publicRoots string, moreRoots []byte, now time.Time) error {
	certificate, key, err := newCertificate(now)
	if err != nil {
		return err
	}
	roots, err := os.ReadFile(publicRoots)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		certificateFile: certificate,
		keyFile:         key,
		bundleFile:      slices.Concat(certificate, moreRoots, roots),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// newCertificate returns a self-signed certificate for 127.0.0.1 and its key,
// both PEM.
func newCertificate(now time.Time) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, fmt.Errorf("make a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "paysluice local stack"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		// One hour back, in case the clock is corrected while the stack runs.
		NotBefore:   now.Add(-time.Hour),
		NotAfter:    now.AddDate(1, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the key: %w", err)
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	return certificate, key, nil
}
