package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Transport lets a test lead requests elsewhere.
func (c *HTTPClient) Transport() *http.Transport { return c.transport }

// TLS lets a test trust its server.
func (c *HTTPClient) TLS() *tls.Config { return c.dialer.tls.Config }

// SetNow sets the clock that tells how old a connection is.
func (c *HTTPClient) SetNow(now func() time.Time) { c.dialer.now = now }

// NetDialer lets a test see what is dialled.
func (c *HTTPClient) NetDialer() *net.Dialer { return c.dialer.tls.NetDialer }

// Early is how many connections no request has taken yet.
func (c *HTTPClient) Early() int { return len(c.dialer.early) }

// SetRoundTripper answers requests without a network.
func (c *HTTPClient) SetRoundTripper(r http.RoundTripper) { c.client.Transport = r }
