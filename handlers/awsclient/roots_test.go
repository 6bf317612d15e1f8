package awsclient_test

import (
	"crypto/x509"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkRoots is what the first connection of a function takes before anything
// else: the authorities that the system trusts, which Amazon Linux has as many of.
func BenchmarkRoots(b *testing.B) {
	text, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		b.Skip("the system's authorities are elsewhere: ", err)
	}
	for b.Loop() {
		require.True(b, x509.NewCertPool().AppendCertsFromPEM(text))
	}
}
