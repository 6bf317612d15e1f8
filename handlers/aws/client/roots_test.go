package client_test

import (
	"cmp"
	"crypto/x509"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkRoots is what the first connection of a function takes before anything
// else: the authorities that the system trusts, which Amazon Linux has as many of.
// SSL_CERT_FILE names their file where it is not Debian's.
func BenchmarkRoots(b *testing.B) {
	text, err := os.ReadFile(cmp.Or(os.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"))
	require.NoError(b, err, "set SSL_CERT_FILE")
	for b.Loop() {
		require.True(b, x509.NewCertPool().AppendCertsFromPEM(text))
	}
}
