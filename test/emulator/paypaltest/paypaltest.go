// Package paypaltest plays the certificate authority and the hosts that PayPal's
// webhook certificates come from, for tests and for the demo. Like
// net/http/httptest it panics when setting up fails.
package paypaltest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// DNS names of PayPal's certificates.
const (
	LiveName    = "messageverificationcerts.paypal.com"
	SandboxName = "messageverificationcerts.sandbox.paypal.com"
)

// An Authority is a root and an intermediate, as DigiCert's.
type Authority struct {
	Root, Intermediate Issued
	leafKey            *rsa.PrivateKey
}

// Issued is a certificate and its key.
type Issued struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// PEM returns the certificate as PayPal serves it and secrets hold it.
func (i Issued) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate.Raw})
}

// NewAuthority returns an authority that is valid from six months before now to
// six months after.
func NewAuthority(now time.Time) *Authority {
	root := issue(template("Test Root", now), nil, newKey())
	intermediate := issue(template("Test Intermediate", now), &root, newKey())
	return &Authority{Root: root, Intermediate: intermediate, leafKey: must(rsa.GenerateKey(rand.Reader, 2048))}
}

// Issue returns a certificate for a DNS name, valid as NewAuthority says. Each
// change may edit it before it is signed. All certificates of an authority share
// one RSA key, because generating one is slow.
func (a *Authority) Issue(name string, now time.Time, changes ...func(*x509.Certificate)) Issued {
	return a.IssueFor(a.leafKey, name, now, changes...)
}

// IssueFor is Issue with a key of the caller.
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

// issue signs with the issuer's key, or with key itself if there is no issuer.
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

// Hosts stands in for every https host. It is an HTTP proxy that connects all
// requests to one server, which presents a certificate of the authority for the
// requested host. Unchanged code uses it when HTTPS_PROXY is its URL and the
// authority's root is among the system's (SSL_CERT_FILE).
type Hosts struct {
	// URL is the proxy's.
	URL string

	proxy, server *httptest.Server

	mu       sync.Mutex
	handlers map[string]http.HandlerFunc // by URL
	hosts    map[string]http.Handler     // by name, for URLs without a handler
	requests map[string]int              // by URL
}

// NewHosts starts the proxy and the server on free local ports.
func NewHosts(a *Authority) *Hosts {
	h := &Hosts{handlers: map[string]http.HandlerFunc{}, hosts: map[string]http.Handler{}, requests: map[string]int{}}
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(h.serve))
	h.server.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		host := a.IssueFor(newKey(), hello.ServerName, time.Now())
		return &tls.Certificate{
			Certificate: [][]byte{host.Certificate.Raw, a.Intermediate.Certificate.Raw},
			PrivateKey:  host.Key,
		}, nil
	}}
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust the authority
	h.server.StartTLS()
	h.proxy = httptest.NewServer(http.HandlerFunc(h.connect))
	h.URL = h.proxy.URL
	return h
}

// Close stops the proxy and the server.
func (h *Hosts) Close() {
	h.proxy.Close()
	h.server.CloseClientConnections()
	h.server.Close()
}

// Handle sets the handler of an https URL. A URL without one is not found.
func (h *Hosts) Handle(url string, handler http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handlers[url] = handler
}

// HandleHost sets the handler of a host's URLs that have none.
func (h *Hosts) HandleHost(name string, handler http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts[name] = handler
}

// Serve sets the content of an https URL.
func (h *Hosts) Serve(url string, content []byte) {
	h.Handle(url, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
}

// Requests returns the number of requests for an https URL.
func (h *Hosts) Requests(url string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests[url]
}

// ServerURL returns the URL of the server behind the proxy.
func (h *Hosts) ServerURL() string { return h.server.URL }

func (h *Hosts) serve(w http.ResponseWriter, r *http.Request) {
	url := "https://" + r.Host + r.URL.RequestURI()
	h.mu.Lock()
	h.requests[url]++
	handler, ok := h.handlers[url]
	host := h.hosts[r.Host]
	h.mu.Unlock()
	switch {
	case ok:
		handler(w, r)
	case host != nil:
		host.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// connect connects the client to the server, whichever host it asked for.
func (h *Hosts) connect(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	server := must(net.Dial("tcp", h.server.Listener.Addr().String()))
	defer server.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer client.Close()
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(server, buffered)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}
