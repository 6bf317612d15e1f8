package paypal

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	minKeyBits = 2048
	maxKeyBits = 8192

	// maxIssuers is how many issuers are fetched for one chain. PayPal's chains
	// have an intermediate and a root. One more leaves room for a cross-signed
	// root.
	maxIssuers = 3

	// issuerHost is the only host that issuers are fetched from. All known
	// certificates of PayPal are issued by DigiCert.
	issuerHost = "cacerts.digicert.com"
)

// A pinnedRoot is a root that is trusted even when the system does not know it.
type pinnedRoot struct {
	commonName string
	file       string // at issuerHost
	sha256     string // fingerprint in hex
}

// pinnedRoots returns the roots of PayPal's certificates. Those known from 2015
// to 2026 chain to the first, which browsers dropped in 2026. PayPal announced a
// move to the second. The fingerprints were computed from Debian's
// ca-certificates.
func pinnedRoots() []pinnedRoot {
	return []pinnedRoot{
		{
			commonName: "DigiCert High Assurance EV Root CA",
			file:       "DigiCertHighAssuranceEVRootCA.crt",
			sha256:     "7431e5f4c3c1ce4690774f0b61e05440883ba9a01ed00ba6abd7806ed3b118cf",
		},
		{
			commonName: "DigiCert Global Root G2",
			file:       "DigiCertGlobalRootG2.crt",
			sha256:     "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
		},
	}
}

// A caBundle holds CA certificates that complete or anchor a chain, beside the
// system's roots.
type caBundle struct {
	sum           [sha256.Size]byte // of the PEM text, zero for none
	roots         []*x509.Certificate
	intermediates []*x509.Certificate
}

func (b *caBundle) add(c *x509.Certificate, trusted bool) {
	if trusted {
		b.roots = append(b.roots, c)
	} else {
		b.intermediates = append(b.intermediates, c)
	}
}

// addUntrusted adds a certificate from the network. It is a root only if it is
// pinned.
func (b *caBundle) addUntrusted(c *x509.Certificate) {
	sum := sha256.Sum256(c.Raw)
	fingerprint := hex.EncodeToString(sum[:])
	b.add(c, slices.ContainsFunc(pinnedRoots(), func(r pinnedRoot) bool { return r.sha256 == fingerprint }))
}

// parseCertificates parses one or more certificates in PEM or DER. PayPal serves
// PEM, DigiCert DER.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var der []byte
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		der = append(der, block.Bytes...)
	}
	if der == nil {
		der = data
	}
	certs, err := x509.ParseCertificates(der)
	if err == nil && len(certs) == 0 {
		err = errors.New("no certificate")
	}
	return certs, err
}

// checkLeaf checks what needs no other certificate, and returns the key. The
// error is CertRefused, which pages nobody: PayPal keeps serving expired
// certificates, and anybody can send their URLs.
func checkLeaf(leaf *x509.Certificate, e environment, now time.Time) (*rsa.PublicKey, error) {
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	switch {
	case !ok || key.Size() < minKeyBits/8 || key.Size() > maxKeyBits/8:
		return nil, fmt.Errorf("%w: its key is not RSA of %d to %d bits", provider.CertRefused, minKeyBits, maxKeyBits)
	case now.Before(leaf.NotBefore) || now.After(leaf.NotAfter):
		return nil, fmt.Errorf("%w: it is valid from %v to %v", provider.CertRefused, leaf.NotBefore, leaf.NotAfter)
	case leaf.VerifyHostname(e.certName) != nil:
		return nil, fmt.Errorf("%w: it is not for %s", provider.CertRefused, e.certName)
	// PayPal's are server certificates. An authority signs for other purposes too.
	case !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth):
		return nil, fmt.Errorf("%w: it is not a server certificate", provider.CertRefused)
	}
	switch leaf.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return key, nil
	}
	return nil, fmt.Errorf("%w: it is signed with %v", provider.CertRefused, leaf.SignatureAlgorithm)
}

// An untrustedError reports that the chain of a certificate that the secret does not
// list ends without a trusted root. Its reason is PayPalChainUnlisted. The leaf's key
// accepts no webhook.
type untrustedError struct {
	key   *rsa.PublicKey
	cause error
}

func (e untrustedError) Error() string { return fmt.Sprintf("%v: %v", e.Unwrap(), e.cause) }

func (untrustedError) Unwrap() error { return provider.PayPalChainUnlisted }

// checkChain builds a chain from the served certificates, leaf first, to a
// trusted root. It fetches missing issuers and returns them. expires is the time at
// which the first certificate of the chain expires.
//
// The error is PayPalChain when the chain ends without a trusted root, or an
// untrustedError if the secret does not list the certificate: PayPal's hosts keep
// serving old certificates, and anybody can name one. It is CertUnreachable when an
// issuer cannot be fetched.
func checkChain(ctx context.Context, fetch Fetch, served []*x509.Certificate, s source, now time.Time) (expires time.Time, issuers []*x509.Certificate, err error) {
	known := caBundle{
		roots:         slices.Clone(s.extra.roots),
		intermediates: slices.Clone(s.extra.intermediates),
	}
	for _, c := range served[1:] {
		known.addUntrusted(c)
	}
	top := served[len(served)-1]
	for {
		chain, err := buildChain(served[0], known, s.environment.certName, now)
		if err == nil {
			return earliestExpiry(chain), issuers, nil
		}
		url, ok := issuerURL(top)
		if !ok || len(issuers) == maxIssuers {
			if s.listed {
				return time.Time{}, nil, fmt.Errorf("%w: %w", provider.PayPalChain, err)
			}
			key, _ := served[0].PublicKey.(*rsa.PublicKey) // checkLeaf accepts no other
			return time.Time{}, nil, untrustedError{key, err}
		}
		if top, err = fetchIssuer(ctx, fetch, url); err != nil {
			return time.Time{}, nil, err
		}
		issuers = append(issuers, top)
		known.addUntrusted(top)
	}
}

// buildChain returns a chain to a root of known, or else to one of the system's.
// crypto/x509 rejects SHA-1 in a chain.
func buildChain(leaf *x509.Certificate, known caBundle, name string, now time.Time) ([]*x509.Certificate, error) {
	options := x509.VerifyOptions{
		DNSName:       name,
		CurrentTime:   now,
		Roots:         newPool(known.roots),
		Intermediates: newPool(known.intermediates),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	chains, err := leaf.Verify(options)
	if err != nil {
		options.Roots = nil // the system's
		chains, err = leaf.Verify(options)
	}
	if err != nil {
		return nil, err
	}
	return chains[0], nil
}

func newPool(certs []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool
}

func earliestExpiry(chain []*x509.Certificate) time.Time {
	return slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
}

// fetchIssuer returns CertUnreachable for every failure. An issuer's host that
// answers 404 or a page proves nothing about PayPal's certificate.
func fetchIssuer(ctx context.Context, fetch Fetch, url string) (*x509.Certificate, error) {
	data, err := fetch(ctx, url)
	var certs []*x509.Certificate
	if err == nil {
		certs, err = parseCertificates(data)
	}
	if err != nil {
		// %v, because the error may be CertRefused.
		return nil, fmt.Errorf("%w: its issuer: %v", provider.CertUnreachable, err)
	}
	return certs[0], nil
}

// issuerURL returns the https URL of the certificate of c's issuer. It is the
// first URL at issuerHost that c names (RFC 5280, 4.2.2.1), or that of a pinned
// root, since the intermediate of all known certificates names none.
//
// Certificates name http URLs. DigiCert publishes the same files over https,
// so that only one kind of connection has to be allowed.
func issuerURL(c *x509.Certificate) (string, bool) {
	if isRoot(c) {
		return "", false
	}
	for _, url := range c.IssuingCertificateURL {
		_, address, _ := strings.Cut(url, "://")
		host, file, _ := strings.Cut(address, "/")
		if host == issuerHost && isToken(file, maxCertName, "-_.") {
			return "https://" + issuerHost + "/" + file, true
		}
	}
	for _, r := range pinnedRoots() {
		if r.commonName == c.Issuer.CommonName {
			return "https://" + issuerHost + "/" + r.file, true
		}
	}
	return "", false
}

// isRoot reports whether c names itself as its issuer. Its signature is not
// checked, because a root is trusted for where it was found.
func isRoot(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject)
}
