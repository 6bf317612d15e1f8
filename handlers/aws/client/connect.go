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

// earlyFor is how long a connection that Connect opened may wait for its request.
// An environment that Lambda froze right after its start has been forgotten by
// the other end, or by what is in between.
const earlyFor = 10 * time.Second

// Connect opens a connection to the host of an https URL, which the first request
// to it then finds. While a function starts on demand it has more of a processor
// than afterwards (awslabs, Lambda Web Adapter, "Async Initialization": "burst CPU"; at
// 256 MB it has a seventh of one otherwise: Lambda Developer Guide, "Configure
// Lambda function memory"), and a handshake is mostly that. What goes wrong is
// left for that request to meet.
func (c *HTTPClient) Connect(ctx context.Context, endpoint string) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" {
		return
	}
	if proxy, err := c.transport.Proxy(&http.Request{URL: u}); proxy != nil || err != nil {
		return // the connection is the proxy's
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	c.dialer.connect(ctx, net.JoinHostPort(u.Hostname(), port))
}

// dialer opens TLS connections, some of them before they are asked for.
type dialer struct {
	tls tls.Dialer
	now func() time.Time

	mu    sync.Mutex
	early map[string]earlyConn // by address
}

// earlyConn is a connection that no request has taken yet.
type earlyConn struct {
	net.Conn
	// at is when it was asked for, by the wall clock: a frozen environment's
	// monotonic clock may stand still.
	at time.Time
}

func (d *dialer) connect(ctx context.Context, address string) {
	at := d.now().Round(0)
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
	d.early[address] = earlyConn{conn, at}
}

// DialContext is a new connection, or the one that connect has opened.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if conn := d.takeEarly(address); conn != nil {
		return conn, nil
	}
	return d.tls.DialContext(ctx, network, address)
}

// takeEarly is nil when there is no connection to use.
func (d *dialer) takeEarly(address string) net.Conn {
	d.mu.Lock()
	early := d.early[address]
	delete(d.early, address)
	d.mu.Unlock()
	if early.Conn != nil && d.now().Sub(early.at) > earlyFor {
		_ = early.Close()
		return nil
	}
	return early.Conn
}
