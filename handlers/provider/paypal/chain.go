package paypal

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxIssuers is how many issuers are fetched to complete one chain. PayPal's
// have an intermediate and a root; one more is room for a cross-signed root.
const maxIssuers = 3

// anchors are certificates to build chains with, beside the system's roots.
type anchors struct {
	sum           [sha256.Size]byte // of the text that they were read from
	roots         []*x509.Certificate
	intermediates []*x509.Certificate
}

func (a *anchors) add(c *x509.Certificate, trusted bool) {
	if trusted {
		a.roots = append(a.roots, c)
	} else {
		a.intermediates = append(a.intermediates, c)
	}
}

// parseCertificates reads certificates in PEM or, as issuers are served, DER.
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
		err = errors.New("there is none")
	}
	return certs, err
}

// signingKey is the key of a certificate that may have signed a webhook of this
// environment, as far as the certificate alone can tell. The error is
// CertRefused: old certificates stay at their URLs, and anybody may name one.
func signingKey(leaf *x509.Certificate, e environment, now time.Time) (*rsa.PublicKey, error) {
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	switch {
	case !ok || key.Size() < 2048/8 || key.Size() > maxSignature:
		return nil, fmt.Errorf("%w: its key is not RSA of 2048 to %d bits", provider.CertRefused, maxSignature*8)
	case now.Before(leaf.NotBefore) || now.After(leaf.NotAfter):
		return nil, fmt.Errorf("%w: it is valid from %v to %v", provider.CertRefused, leaf.NotBefore, leaf.NotAfter)
	case leaf.VerifyHostname(e.certName) != nil:
		return nil, fmt.Errorf("%w: it is not for %s", provider.CertRefused, e.certName)
	// PayPal's are made for TLS servers. An authority signs for many purposes.
	case !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth):
		return nil, fmt.Errorf("%w: it is not for servers", provider.CertRefused)
	}
	switch leaf.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return key, nil
	}
	return nil, fmt.Errorf("%w: it is signed with %v", provider.CertRefused, leaf.SignatureAlgorithm)
}

// trust builds a chain from what PayPal served, the leaf first, to an anchor,
// and fetches issuers on its way as long as there is none. It returns the last
// moment at which all of the chain is valid. The error is PayPalChain, or
// CertUnreachable when an issuer's host may know more in a moment.
func (c *certificates) trust(ctx context.Context, served []*x509.Certificate, s source, now time.Time) (time.Time, error) {
	known := anchors{
		roots:         slices.Clone(s.extra.roots),
		intermediates: slices.Clone(s.extra.intermediates),
	}
	for _, c := range served[1:] {
		known.add(c, isPinned(c))
	}
	top := served[len(served)-1]
	for fetched := 0; ; fetched++ {
		chain, err := verifyChain(served[0], known, s.environment.certName, now)
		if err == nil {
			return lastMoment(chain), nil
		}
		url, ok := issuerURL(top)
		if !ok || fetched == maxIssuers {
			return time.Time{}, fmt.Errorf("%w: %w", provider.PayPalChain, err)
		}
		if top, err = c.fetchIssuer(ctx, url); err != nil {
			return time.Time{}, err
		}
		known.add(top, isPinned(top))
	}
}

// fetchIssuer gets the certificate of an authority. A host that is out of reach
// may be back for the next attempt; anything else leaves PayPal's chain open.
func (c *certificates) fetchIssuer(ctx context.Context, url string) (*x509.Certificate, error) {
	data, err := c.fetch(ctx, url)
	if errors.Is(err, provider.CertUnreachable) {
		return nil, fmt.Errorf("its issuer: %w", err)
	}
	var certs []*x509.Certificate
	if err == nil {
		certs, err = parseCertificates(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: its issuer: %v", provider.PayPalChain, err)
	}
	return certs[0], nil
}

// verifyChain looks for a chain to one of the known roots or of the system's.
// SHA-1 in a chain is refused by crypto/x509.
func verifyChain(leaf *x509.Certificate, known anchors, name string, now time.Time) ([]*x509.Certificate, error) {
	options := x509.VerifyOptions{
		DNSName:       name,
		CurrentTime:   now,
		Roots:         pool(known.roots),
		Intermediates: pool(known.intermediates),
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

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

// lastMoment is when the first certificate of a chain expires.
func lastMoment(chain []*x509.Certificate) time.Time {
	last := chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotAfter.Before(last) {
			last = c.NotAfter
		}
	}
	return last
}

// selfIssued tells a root from an intermediate. Whether its signature is its
// own does not matter: a root is trusted for where it was found.
func selfIssued(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject)
}
