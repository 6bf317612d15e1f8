package paypal_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

const digicert = "https://cacerts.digicert.com/"

// issuedBy sets the URLs at which a certificate says that its issuer's is.
func issuedBy(urls ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.IssuingCertificateURL = urls }
}

// verifyServed verifies a webhook that is signed with a certificate's key, while the
// certificate's URL gives a response, over TLS as in production. listed says whether
// the secret lists the URL.
func verifyServed(t *testing.T, cert paypaltest.Issued, response http.HandlerFunc, extraRoots []byte, listed bool) error {
	t.Helper()
	url := liveCerts + rand.Text()
	hosts.Handle(url, response)
	members := map[string]any{"webhooks": []entry{shop}, "extraRootsPem": string(extraRoots)}
	if listed {
		members["certUrls"] = []string{url}
	}
	v := verifierOf(t, newProvider(paypal.NewFetcher()), members)
	err := verify(t, v, at(url, signer(cert)), epoch)
	if err != nil {
		assert.NotContains(t, err.Error(), url, "an error repeats no header")
	}
	return err
}

func content(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
}

func TestChain(t *testing.T) {
	const overHTTP = "http://cacerts.digicert.com/Intermediate.crt" // as certificates name it
	stranger := paypaltest.NewAuthority(epoch)
	hosts.Serve(digicert+"Intermediate.crt", authority.Intermediate.Certificate.Raw)
	hosts.Serve(digicert+"Stranger.crt", stranger.Intermediate.Certificate.Raw)
	hosts.Serve(digicert+"StrangerRoot.crt", stranger.Root.Certificate.Raw)
	hosts.Serve(digicert+"Page.crt", []byte("<html>"))
	hosts.Handle(digicert+"Forbidden.crt", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	hosts.Handle(digicert+"Down.crt", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })

	issue := func(a *paypaltest.Authority, changes ...func(*x509.Certificate)) paypaltest.Issued {
		return a.Issue(paypaltest.LiveName, epoch, changes...)
	}
	// genuine issues certificates that are right but for the changes.
	genuine := func(changes ...func(*x509.Certificate)) paypaltest.Issued {
		return issue(authority, append([]func(*x509.Certificate){issuedBy(overHTTP)}, changes...)...)
	}
	key := genuine().Key
	expired := func(c *x509.Certificate) { c.NotAfter = epoch.Add(-time.Second) }
	forClients := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	asCA := func(c *x509.Certificate) { c.IsCA, c.KeyUsage, c.DNSNames = true, x509.KeyUsageCertSign, nil }
	strangerRoot := &paypaltest.Authority{Intermediate: stranger.Root}
	ourRoot := &paypaltest.Authority{Intermediate: authority.Root}
	clientCA := &paypaltest.Authority{Intermediate: ourRoot.IssueFor(key, "Client CA", epoch, asCA, forClients)}

	for _, tt := range []struct {
		why   string
		leaf  paypaltest.Issued
		extra []byte // extraRootsPem
		want  error
	}{
		{"intermediate fetched", genuine(), nil, nil},
		{"intermediate at the third URL, the others not fetched", genuine(issuedBy("ldap:///CN=x", digicert+"a/b.crt", overHTTP)), nil, nil},
		{"intermediate in the secret", issue(authority), authority.Intermediate.PEM(), nil},
		{"root and intermediate in the secret", issue(stranger), append(stranger.Intermediate.PEM(), stranger.Root.PEM()...), nil},
		{"root in the secret, intermediate fetched", issue(stranger, issuedBy(digicert+"Stranger.crt")), stranger.Root.PEM(), nil},

		{"expired", genuine(expired), nil, provider.CertRefused},
		{"not yet valid", genuine(func(c *x509.Certificate) { c.NotBefore = epoch.Add(time.Second) }), nil, provider.CertRefused},
		{"for another host", authority.Issue("api.paypal.com", epoch, issuedBy(overHTTP)), nil, provider.CertRefused},
		{"for the sandbox", authority.Issue(paypaltest.SandboxName, epoch, issuedBy(overHTTP)), nil, provider.CertRefused},
		{"signed with SHA-1", genuine(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), nil, provider.CertRefused},
		{"client certificate", genuine(forClients), nil, provider.CertRefused},
		{"old certificate of an old authority: pages nobody", issue(stranger, expired), nil, provider.CertRefused},

		{"unknown root", issue(stranger, issuedBy(digicert+"Stranger.crt")), nil, provider.PayPalChain},
		{"unknown root, its intermediate in the secret", issue(stranger), stranger.Intermediate.PEM(), provider.PayPalChain},
		{"unknown root from the issuer's host", strangerRoot.IssueFor(key, paypaltest.LiveName, epoch, issuedBy(digicert+"StrangerRoot.crt")), nil, provider.PayPalChain},
		{"intermediate for clients only", clientCA.IssueFor(key, paypaltest.LiveName, epoch), clientCA.Intermediate.PEM(), provider.PayPalChain},
		{"no issuer's URL", issue(stranger), nil, provider.PayPalChain},
		{"issuer's URLs elsewhere", genuine(issuedBy("https://169.254.169.254/Intermediate.crt", "http://cacerts.digicert.com:8080/Intermediate.crt", "http://x@cacerts.digicert.com/Intermediate.crt", "cacerts.digicert.com/Intermediate.crt")), nil, provider.PayPalChain},
		{"issuer not found: the issuer's host is not PayPal's word", genuine(issuedBy(digicert + "Missing.crt")), nil, provider.CertUnreachable},
		{"issuer forbidden", genuine(issuedBy(digicert + "Forbidden.crt")), nil, provider.CertUnreachable},
		{"issuer is a page", genuine(issuedBy(digicert + "Page.crt")), nil, provider.CertUnreachable},
		{"issuer's host down", genuine(issuedBy(digicert + "Down.crt")), nil, provider.CertUnreachable},
	} {
		t.Run(tt.why, func(t *testing.T) {
			for _, listed := range []bool{true, false} {
				err := verifyServed(t, tt.leaf, content(tt.leaf.PEM()), tt.extra, listed)
				if tt.want == nil {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, tt.want, "listed: %v", listed)
				}
			}
		})
	}
}

// TestUntrustedAuthority: nobody can list the certificate of a new authority before
// PayPal signs with it. So its signature decides who is paged, and accepts nothing.
func TestUntrustedAuthority(t *testing.T) {
	leaf := paypaltest.NewAuthority(epoch).Issue(paypaltest.LiveName, epoch)
	second := entry{"second", "1AA11111AA111111A", "live"}
	genuine := at(liveCerts+"CERT-NEW", signer(leaf))
	toSecond, other, forged := genuine, genuine, genuine
	toSecond.WebhookID = second.WebhookID
	other.WebhookID = "9XX99999XX999999X"
	forged.Key = authority.Issue(paypaltest.LiveName, epoch).Key

	host := &memoryHost{content: map[string][]byte{genuine.CertURL: leaf.PEM()}}
	p := newProvider(host.fetch)
	for _, tt := range []struct {
		why    string
		signer paypal.Signer
		listed bool
		want   provider.Reason
	}{
		{"a stranger names the certificate: pages nobody", forged, false, provider.PayPalChainUnlisted},
		{"PayPal signs for the first entry", genuine, false, provider.PayPalChain},
		{"PayPal signs for the second entry", toSecond, false, provider.PayPalChain},
		{"PayPal signs for somebody else's webhook", other, false, provider.PayPalChainUnlisted},
		{"a stranger again: the genuine one verified nothing", forged, false, provider.PayPalChainUnlisted},
		{"a stranger names a listed certificate: PayPal's webhooks fail too", forged, true, provider.PayPalChain},
	} {
		members, now := map[string]any{"webhooks": []entry{shop, second}}, epoch
		if tt.listed {
			members["certUrls"] = []string{genuine.CertURL}
			now = epoch.Add(time.Minute) // the answer is cached for ten seconds
		}
		assert.Equal(t, tt.want, provider.ReasonOf(verify(t, verifierOf(t, p, members), tt.signer, now)), tt.why)
	}
	assert.Equal(t, 2, host.total, "the fetches do not depend on signatures")
}

// TestServedRootIsNotTrusted: a certificate from the network is a root only if it
// is pinned (see TestVectors).
func TestServedRootIsNotTrusted(t *testing.T) {
	stranger := paypaltest.NewAuthority(epoch)
	leaf := stranger.Issue(paypaltest.LiveName, epoch)
	served := slices.Concat(leaf.PEM(), stranger.Intermediate.PEM(), stranger.Root.PEM())
	assert.ErrorIs(t, verifyServed(t, leaf, content(served), nil, true), provider.PayPalChain)
}

// TestEndlessChain serves an issuer that names itself as its next issuer.
func TestEndlessChain(t *testing.T) {
	stranger := paypaltest.NewAuthority(epoch)
	url := digicert + rand.Text() + ".crt"
	endless := stranger.Issue("Endless", epoch, issuedBy(url), func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.Subject = true, x509.KeyUsageCertSign, pkix.Name{CommonName: "Endless"}
	})
	hosts.Serve(url, endless.Certificate.Raw)
	leaf := stranger.Issue(paypaltest.LiveName, epoch, issuedBy(url))

	assert.ErrorIs(t, verifyServed(t, leaf, content(leaf.PEM()), nil, true), provider.PayPalChain)
	assert.Equal(t, 3, hosts.Requests(url))
}

// publicKey is a key without its private half.
type publicKey struct {
	crypto.Signer
	key *rsa.PublicKey
}

func (k publicKey) Public() crypto.PublicKey { return k.key }

func TestUnusableKeys(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	// Only the size matters. Generating such a key takes minutes.
	huge := publicKey{key: &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8192, 1), E: 65537}}

	for why, key := range map[string]crypto.Signer{"elliptic curve": curve, "1024 bits": weak, "8193 bits": huge} {
		leaf := authority.IssueFor(key, paypaltest.LiveName, epoch)
		err := verifyServed(t, authority.Issue(paypaltest.LiveName, epoch), content(bundle(leaf)), nil, false)
		assert.ErrorIs(t, err, provider.CertRefused, why)
		assert.ErrorContains(t, err, "its key is not RSA of 2048 to 8192 bits", why)
	}
}

// FuzzCertificate: a webhook passes, or pages for its authority, only if PayPal's host
// serves the certificate whose key signed it.
func FuzzCertificate(f *testing.F) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	f.Add(bundle(leaf))
	f.Add(leaf.Certificate.Raw)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	h := signed(signer(leaf), nil, epoch)

	f.Fuzz(func(t *testing.T, served []byte) {
		v := newVerifier(t, newProvider(serving(map[string][]byte{certURL: served})), nil, shop)
		_, err := v.Verify(t.Context(), h, nil, epoch)
		if err != nil && !errors.Is(err, provider.PayPalChain) {
			assert.Contains(t, []provider.Reason{provider.CertRefused, provider.CertUnreachable, provider.PayPalChainUnlisted, provider.SignatureMismatch}, provider.ReasonOf(err), "%v", err)
			return
		}
		der := served
		if block, _ := pem.Decode(served); block != nil {
			der = block.Bytes
		}
		certs, err := x509.ParseCertificates(der)
		require.NoError(t, err)
		assert.Equal(t, leaf.Key.Public(), certs[0].PublicKey)
	})
}
