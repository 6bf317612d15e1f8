package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Transport returns the transport of requests.
func (c *HTTPClient) Transport() *http.Transport { return c.transport }

// TLS returns the TLS configuration.
func (c *HTTPClient) TLS() *tls.Config { return c.dialer.tls.Config }

// SetNow sets the clock for the age of connections.
func (c *HTTPClient) SetNow(now func() time.Time) { c.dialer.now = now }

// NetDialer returns the dialer of TCP connections.
func (c *HTTPClient) NetDialer() *net.Dialer { return c.dialer.tls.NetDialer }

// Early returns the number of unused connections of Connect.
func (c *HTTPClient) Early() int { return len(c.dialer.early) }
