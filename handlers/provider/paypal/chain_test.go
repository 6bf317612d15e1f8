package paypal_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

const (
	digicert     = "https://cacerts.digicert.com/"
	issuerOnHTTP = "http://cacerts.digicert.com/Intermediate.crt"
)

// verifyServed verifies a webhook whose certificate's URL, of this test alone,
// answers that over TLS, with the production fetcher.
func verifyServed(t *testing.T, key paypaltest.Issued, answer http.HandlerFunc, extraRoots []byte, now time.Time) error {
	t.Helper()
	s := signer(key)
	s.CertURL = liveCerts + strings.Map(func(r rune) rune {
		if strings.ContainsRune("/ ,:;'", r) {
			return '-'
		}
		return r
	}, t.Name())
	hosts.Handle(s.CertURL, answer)
	v := newVerifier(t, paypal.New(paypal.NewFetcher()), extraRoots, entry{"shop", webhookID, "live"})
	origin, err := v.Verify(t.Context(), signed(t, s, []byte(`{}`), now), []byte(`{}`), now)
	assert.Equal(t, err == nil, origin.Endpoint == "shop")
	if err != nil {
		assert.NotContains(t, err.Error(), s.CertURL, "a header's value is not for the log")
	}
	return err
}

func content(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }
}

func issuedBy(urls ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.IssuingCertificateURL = urls }
}

// TestCertificates holds every kind of certificate against the trust that is
// asked of it. PayPal serves the leaf alone, so most chains need an issuer.
func TestCertificates(t *testing.T) {
	stranger := paypaltest.NewAuthority(epoch)
	rsaKey := stranger.Issue(paypaltest.LiveName, epoch).Key
	hosts.Serve(digicert+"Intermediate.crt", authority.Intermediate.Certificate.Raw)
	hosts.Serve(digicert+"Stranger.crt", stranger.Intermediate.Certificate.Raw)
	hosts.Serve(digicert+"StrangersRoot.crt", stranger.Root.Certificate.Raw)
	hosts.Serve(digicert+"Garbage.crt", []byte("<html>"))
	hosts.Handle(digicert+"Down.crt", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	strangersRoot := &paypaltest.Authority{Root: stranger.Root, Intermediate: stranger.Root}
	ourRoot := &paypaltest.Authority{Root: authority.Root, Intermediate: authority.Root}
	forClients := &paypaltest.Authority{Root: authority.Root, Intermediate: ourRoot.IssueFor(rsaKey, "For clients", epoch, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.DNSNames = true, x509.KeyUsageCertSign, nil
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})}
	strangers := func(a *paypaltest.Authority, changes ...func(*x509.Certificate)) paypaltest.Issued {
		return a.Issue(paypaltest.LiveName, epoch, changes...)
	}
	ours := func(changes ...func(*x509.Certificate)) paypaltest.Issued {
		return authority.Issue(paypaltest.LiveName, epoch, append(changes, func(c *x509.Certificate) {
			if c.IssuingCertificateURL == nil {
				c.IssuingCertificateURL = []string{issuerOnHTTP}
			}
		})...)
	}

	for _, tt := range []struct {
		why   string
		leaf  paypaltest.Issued
		extra []byte
		want  error
	}{
		{"intermediate at the issuer's URL", ours(), nil, nil},
		{"intermediate at the second issuer's URL", ours(issuedBy("ldap:///CN=x", "http://cacerts.digicert.com/a/b.crt", issuerOnHTTP)), nil, nil},
		{"intermediate in the secret", strangers(authority), authority.Intermediate.PEM(), nil},
		{"intermediate and root in the secret", strangers(stranger), append(stranger.Intermediate.PEM(), stranger.Root.PEM()...), nil},
		{"root in the secret, intermediate at the issuer's URL", strangers(stranger, issuedBy(digicert+"Stranger.crt")), stranger.Root.PEM(), nil},

		{"expired", ours(func(c *x509.Certificate) { c.NotAfter = epoch.Add(-time.Second) }), nil, provider.CertRefused},
		{"not yet valid", ours(func(c *x509.Certificate) { c.NotBefore = epoch.Add(time.Second) }), nil, provider.CertRefused},
		{"another host", authority.Issue("api.paypal.com", epoch, issuedBy(issuerOnHTTP)), nil, provider.CertRefused},
		{"the sandbox's", authority.Issue(paypaltest.SandboxName, epoch, issuedBy(issuerOnHTTP)), nil, provider.CertRefused},
		{"signed with SHA-1", ours(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), nil, provider.CertRefused},
		{"not for servers", ours(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), nil, provider.CertRefused},
		{"expired and of a stranger: old ones stay at their URLs", strangers(stranger, func(c *x509.Certificate) { c.NotAfter = epoch.Add(-time.Second) }), nil, provider.CertRefused},
		{"of a stranger and for another host", stranger.Issue("api.paypal.com", epoch), nil, provider.CertRefused},

		{"wrong root", strangers(stranger, issuedBy(digicert+"Stranger.crt")), nil, provider.PayPalChain},
		{"only the intermediate of a wrong root in the secret", strangers(stranger), stranger.Intermediate.PEM(), provider.PayPalChain},
		{"a root that vouches for itself from the issuer's host", strangersRoot.IssueFor(rsaKey, paypaltest.LiveName, epoch, issuedBy(digicert+"StrangersRoot.crt")), nil, provider.PayPalChain},
		{"an intermediate that is not for servers", forClients.IssueFor(rsaKey, paypaltest.LiveName, epoch), forClients.Intermediate.PEM(), provider.PayPalChain},
		{"no issuer's URL", strangers(stranger), nil, provider.PayPalChain},
		{"an issuer's URL on a host that is not asked", strangers(authority, issuedBy("https://169.254.169.254/x.crt", "http://cacerts.digicert.com:8080/x.crt", "http://x@cacerts.digicert.com/x.crt", "cacerts.digicert.com")), nil, provider.PayPalChain},
		{"no issuer there", ours(issuedBy(digicert + "Missing.crt")), nil, provider.PayPalChain},
		{"something else there", ours(issuedBy(digicert + "Garbage.crt")), nil, provider.PayPalChain},
		{"issuer's host down", ours(issuedBy(digicert + "Down.crt")), nil, provider.CertUnreachable},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := verifyServed(t, tt.leaf, content(tt.leaf.PEM()), tt.extra, epoch)
			if tt.want == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tt.want)
			}
		})
	}
}

// TestChainsOfAnyLength: a chain of issuers that never ends is followed for
// three steps.
func TestChainsOfAnyLength(t *testing.T) {
	stranger := paypaltest.NewAuthority(epoch)
	url := digicert + "Endless.crt"
	endless := stranger.Issue("Endless", epoch, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.IssuingCertificateURL = true, x509.KeyUsageCertSign, []string{url}
		c.Subject = pkix.Name{CommonName: "Endless"}
	})
	hosts.Serve(url, endless.Certificate.Raw)
	leaf := stranger.Issue(paypaltest.LiveName, epoch, issuedBy(url))

	err := verifyServed(t, leaf, content(leaf.PEM()), nil, epoch)
	assert.ErrorIs(t, err, provider.PayPalChain)
	assert.Equal(t, 3, hosts.Asked(url))
}

// publicKey is a key that nobody can sign with.
type publicKey struct {
	crypto.Signer
	key *rsa.PublicKey
}

func (k publicKey) Public() crypto.PublicKey { return k.key }

// TestKeys: the certificate's key must be one that SHA256withRSA can be of.
func TestKeys(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)

	// Only its size matters, and such a key takes minutes to make.
	huge := publicKey{key: &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8192, 1), E: 65537}}

	usual := authority.Issue(paypaltest.LiveName, epoch)
	for why, leaf := range map[string]paypaltest.Issued{
		"an elliptic curve": authority.IssueFor(curve, paypaltest.LiveName, epoch),
		"1024 bits":         authority.IssueFor(weak, paypaltest.LiveName, epoch),
		"8193 bits":         authority.IssueFor(huge, paypaltest.LiveName, epoch),
	} {
		t.Run(why, func(t *testing.T) {
			err := verifyServed(t, usual, content(bundle(leaf)), nil, epoch)
			assert.ErrorIs(t, err, provider.CertRefused)
			assert.ErrorContains(t, err, "its key is not RSA of 2048 to 8192 bits")
		})
	}
}

// TestAnswers: what PayPal's host may answer instead of a certificate.
func TestAnswers(t *testing.T) {
	leaf := authority.Issue(paypaltest.LiveName, epoch)
	good := bundle(leaf)
	hosts.Serve("https://example.net/cert", good)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://example.net/cert")
			w.WriteHeader(code)
			_, _ = w.Write(good)
		}
	}

	for _, tt := range []struct {
		why    string
		answer http.HandlerFunc
		want   error
	}{
		{"the certificate", content(good), nil},
		{"the certificate in DER", content(append(leaf.Certificate.Raw, authority.Intermediate.Certificate.Raw...)), nil},
		{"a redirect to the certificate", status(http.StatusFound), provider.CertRefused},
		{"a permanent redirect", status(http.StatusPermanentRedirect), provider.CertRefused},
		{"not found", status(http.StatusNotFound), provider.CertRefused},
		{"too many requests", status(http.StatusTooManyRequests), provider.CertRefused},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, provider.CertRefused},
		{"an internal error", status(http.StatusInternalServerError), provider.CertUnreachable},
		{"unavailable", status(http.StatusServiceUnavailable), provider.CertUnreachable},
		{"nothing", content(nil), provider.CertRefused},
		{"a page", content([]byte("<html>not found</html>")), provider.CertRefused},
		{"a key", content([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")), provider.CertRefused},
		{"the certificate, cut off", content(good[:len(good)/4]), provider.CertRefused},
		{"the certificate, and megabytes behind it", content(append(good, make([]byte, 4<<20)...)), provider.CertRefused},
		{"the certificate, and a megabyte before it", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Padding", strings.Repeat("x", 1<<20))
			_, _ = w.Write(good)
		}, provider.CertUnreachable},
		{"a connection that breaks", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3000")
			_, _ = w.Write(good[:100])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, provider.CertUnreachable},
		{"nothing for a long time", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, provider.CertUnreachable},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			err := verifyServed(t, leaf, tt.answer, nil, epoch)
			assert.Less(t, time.Since(start), time.Minute, "it is given up, on however busy a machine")
			if tt.want == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tt.want)
			}
		})
	}
}

// TestHostsAreAuthenticated: who serves a certificate must be who the URL names.
func TestHostsAreAuthenticated(t *testing.T) {
	impostor := paypaltest.NewHosts(paypaltest.NewAuthority(epoch))
	defer impostor.Close()
	_, err := paypal.NewFetcher()(t.Context(), strings.Replace(impostor.ServerURL(), "127.0.0.1", "localhost", 1))
	assert.ErrorIs(t, err, provider.CertUnreachable)
	assert.ErrorContains(t, err, "unknown authority")
}

func TestFetchOfNoURL(t *testing.T) {
	_, err := paypal.NewFetcher()(t.Context(), "https://\x7f")
	assert.ErrorIs(t, err, provider.CertRefused)
}
