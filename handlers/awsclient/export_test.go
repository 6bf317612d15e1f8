package awsclient

import (
	"crypto/tls"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Transport lets a test lead requests elsewhere.
func (c *HTTPClient) Transport() *http.Transport { return c.transport }

// TLS lets a test trust its server.
func (c *HTTPClient) TLS() *tls.Config { return c.dialer.tls.Config }

// SetNow sets the clock that tells how old a connection is.
func (c *HTTPClient) SetNow(now func() time.Time) { c.dialer.now = now }

// Opening are the addresses of the connections that no request has taken yet.
func (c *HTTPClient) Opening() []string { return slices.Collect(maps.Keys(c.dialer.early)) }
