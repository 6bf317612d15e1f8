package paypaltest

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Hosts stands in for every https host: a CONNECT proxy behind which a server
// answers with a certificate of the authority for whatever host was asked for.
// HTTPS_PROXY=URL leads unchanged code here once the authority's root is among
// the system's (SSL_CERT_FILE).
type Hosts struct {
	// URL is that of the proxy.
	URL string

	proxy, server *httptest.Server

	mu      sync.Mutex
	answers map[string]http.HandlerFunc
	asked   map[string]int
}

// NewHosts starts both on ports of their own.
func NewHosts(a *Authority) *Hosts {
	h := &Hosts{answers: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(h.answer))
	h.server.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		host := a.IssueFor(newKey(), hello.ServerName, time.Now())
		return &tls.Certificate{
			Certificate: [][]byte{host.Certificate.Raw, a.Intermediate.Certificate.Raw},
			PrivateKey:  host.Key,
		}, nil
	}}
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that refuse the authority
	h.server.StartTLS()
	h.proxy = httptest.NewServer(http.HandlerFunc(h.connect))
	h.URL = h.proxy.URL
	return h
}

// Close stops both.
func (h *Hosts) Close() {
	h.proxy.Close()
	h.server.CloseClientConnections()
	h.server.Close()
}

// Handle sets what an https URL answers; all others answer 404.
func (h *Hosts) Handle(url string, answer http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers[url] = answer
}

// Serve makes an https URL answer with these bytes.
func (h *Hosts) Serve(url string, content []byte) {
	h.Handle(url, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
}

// Asked is how often an https URL was asked for.
func (h *Hosts) Asked(url string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked[url]
}

func (h *Hosts) answer(w http.ResponseWriter, r *http.Request) {
	url := "https://" + r.Host + r.URL.RequestURI()
	h.mu.Lock()
	h.asked[url]++
	answer, ok := h.answers[url]
	h.mu.Unlock()
	if !ok {
		answer = http.NotFound
	}
	answer(w, r)
}

// connect joins the client to the server, whichever host it asked for.
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

// ServerURL is the server behind the proxy, for whoever asks it directly.
func (h *Hosts) ServerURL() string { return h.server.URL }
