// Package paypaltest plays the authority and the hosts that PayPal's webhook
// certificates come from, for tests and for the demo. Like net/http/httptest
// it panics where a test could not go on.
package paypaltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// DNS names of PayPal's certificates.
const (
	LiveName    = "messageverificationcerts.paypal.com"
	SandboxName = "messageverificationcerts.sandbox.paypal.com"
)

// Authority is a root and an intermediate, as DigiCert has them.
type Authority struct {
	Root, Intermediate Issued
	leafKey            *rsa.PrivateKey
}

// Issued is a certificate and its key.
type Issued struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// PEM is the certificate as PayPal serves it and secrets hold it.
func (i Issued) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate.Raw})
}

// NewAuthority makes an authority that is valid for a year around now.
func NewAuthority(now time.Time) *Authority {
	root := issue(template("Test Root", now), nil, newKey())
	intermediate := issue(template("Test Intermediate", now), &root, newKey())
	return &Authority{Root: root, Intermediate: intermediate, leafKey: must(rsa.GenerateKey(rand.Reader, 2048))}
}

// Issue makes a certificate for that DNS name, valid like the authority, with
// an RSA key that all of an authority's certificates share. Each change may
// alter the template first.
func (a *Authority) Issue(name string, now time.Time, changes ...func(*x509.Certificate)) Issued {
	return a.IssueFor(a.leafKey, name, now, changes...)
}

// IssueFor is Issue for another key.
func (a *Authority) IssueFor(key crypto.Signer, name string, now time.Time, changes ...func(*x509.Certificate)) Issued {
	leaf := template(name, now)
	leaf.IsCA, leaf.KeyUsage = false, x509.KeyUsageDigitalSignature
	leaf.DNSNames = []string{name}
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, change := range changes {
		change(leaf)
	}
	return issue(leaf, &a.Intermediate, key)
}

func template(name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))),
		Subject:               pkix.Name{Organization: []string{"paysluice tests"}, CommonName: name},
		NotBefore:             now.AddDate(0, -6, 0),
		NotAfter:              now.AddDate(0, 6, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

// issue signs with the issuer's key, or with its own when there is no issuer.
func issue(template *x509.Certificate, issuer *Issued, key crypto.Signer) Issued {
	if issuer == nil {
		issuer = &Issued{template, key}
	}
	der := must(x509.CreateCertificate(rand.Reader, template, issuer.Certificate, key.Public(), issuer.Key))
	return Issued{must(x509.ParseCertificate(der)), key}
}

func newKey() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
