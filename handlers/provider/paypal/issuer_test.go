package paypal

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPinnedRoots says once more what is trusted beside the system's roots. The
// fingerprints are those of "openssl x509 -fingerprint -sha256" for the two
// files of these names in Debian's ca-certificates.
func TestPinnedRoots(t *testing.T) {
	want := []struct{ name, url, sha256 string }{
		{
			"DigiCert High Assurance EV Root CA",
			"https://cacerts.digicert.com/DigiCertHighAssuranceEVRootCA.crt",
			"7431e5f4c3c1ce4690774f0b61e05440883ba9a01ed00ba6abd7806ed3b118cf",
		},
		{
			"DigiCert Global Root G2",
			"https://cacerts.digicert.com/DigiCertGlobalRootG2.crt",
			"cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
		},
	}
	roots := pinnedRoots()
	assert.Len(t, roots, len(want))
	for i, w := range want {
		assert.Equal(t, w.sha256, roots[i].sha256, w.name)

		issued := &x509.Certificate{Issuer: pkix.Name{CommonName: w.name}, RawIssuer: []byte(w.name)}
		url, ok := issuerURL(issued)
		assert.True(t, ok, "a certificate of %s that names no issuer's URL", w.name)
		assert.Equal(t, w.url, url)
	}
}
