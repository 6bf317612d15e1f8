package paypal

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPinnedRoots repeats what "openssl x509 -fingerprint -sha256" prints for the
// files of these names in Debian's ca-certificates, because a change of what is
// trusted must not pass unnoticed.
func TestPinnedRoots(t *testing.T) {
	assert.Equal(t, []pinnedRoot{
		{
			"DigiCert High Assurance EV Root CA", "DigiCertHighAssuranceEVRootCA.crt",
			"7431e5f4c3c1ce4690774f0b61e05440883ba9a01ed00ba6abd7806ed3b118cf",
		},
		{
			"DigiCert Global Root G2", "DigiCertGlobalRootG2.crt",
			"cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
		},
	}, pinnedRoots())

	url, ok := issuerURL(&x509.Certificate{Issuer: pkix.Name{CommonName: "DigiCert Global Root G2"}, RawIssuer: []byte{0}})
	assert.True(t, ok, "an intermediate that names no URL")
	assert.Equal(t, "https://cacerts.digicert.com/DigiCertGlobalRootG2.crt", url)

	var known caBundle
	known.addUntrusted(&x509.Certificate{Subject: pkix.Name{CommonName: "DigiCert Global Root G2"}})
	assert.Empty(t, known.roots, "the fingerprint decides, not the name")
}
