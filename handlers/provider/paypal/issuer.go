package paypal

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
)

// issuerHost is the one host that certificates of authorities are fetched
// from: all known certificates of PayPal are DigiCert's.
const issuerHost = "cacerts.digicert.com"

// pinnedRoot is a root that PayPal's certificates chain to, trusted although
// the system may not know it (any more).
type pinnedRoot struct {
	name   string // common name of its subject
	file   string // at issuerHost
	sha256 string // fingerprint, hex
}

// pinnedRoots: known certificates of PayPal, 2015 to 2026, chain to the first,
// which browsers dropped in 2026, and PayPal announced to move to the second.
// Both fingerprints were computed from Debian's ca-certificates.
func pinnedRoots() []pinnedRoot {
	return []pinnedRoot{
		{
			name:   "DigiCert High Assurance EV Root CA",
			file:   "DigiCertHighAssuranceEVRootCA.crt",
			sha256: "7431e5f4c3c1ce4690774f0b61e05440883ba9a01ed00ba6abd7806ed3b118cf",
		},
		{
			name:   "DigiCert Global Root G2",
			file:   "DigiCertGlobalRootG2.crt",
			sha256: "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
		},
	}
}

// isPinned reports whether a certificate, wherever it came from, is one of the
// pinned roots.
func isPinned(c *x509.Certificate) bool {
	sum := sha256.Sum256(c.Raw)
	fingerprint := hex.EncodeToString(sum[:])
	return slices.ContainsFunc(pinnedRoots(), func(r pinnedRoot) bool { return r.sha256 == fingerprint })
}

// issuerURL is where the certificate of c's issuer is, if that is a place to
// fetch from: the first such URL that c names (RFC 5280, 4.2.2.1), or that of a
// pinned root, since the intermediate of all known certificates names none.
//
// Such URLs are http, because a certificate needs no secrecy. The same files are
// published with https links, which leaves one kind of connection to allow.
func issuerURL(c *x509.Certificate) (string, bool) {
	if selfIssued(c) {
		return "", false
	}
	for _, url := range c.IssuingCertificateURL {
		_, address, _ := strings.Cut(url, "://")
		host, file, _ := strings.Cut(address, "/")
		if host == issuerHost && plain(file, maxCertName, "-_.") {
			return "https://" + issuerHost + "/" + file, true
		}
	}
	for _, r := range pinnedRoots() {
		if r.name == c.Issuer.CommonName {
			return "https://" + issuerHost + "/" + r.file, true
		}
	}
	return "", false
}
