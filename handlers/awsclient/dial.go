package awsclient

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// earlyFor is how long a connection that Dial opened may wait for its request. An
// environment that Lambda froze right after its start has been forgotten by the
// other end, or by what is in between.
const earlyFor = 10 * time.Second

// Dial begins to connect to the host of an https URL, so that the first request
// to it finds a connection. A cold start has more processor time than the calls
// that follow it, and the two ways of a handshake overlap with the rest of it.
// What goes wrong is left for that request to meet.
func (c *HTTPClient) Dial(ctx context.Context, endpoint string) {
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
	c.dialer.dialEarly(ctx, net.JoinHostPort(u.Hostname(), port))
}

// dialer opens TLS connections, some of them before they are asked for.
type dialer struct {
	tls tls.Dialer
	now func() time.Time

	mu    sync.Mutex
	early map[string]<-chan earlyConn // by address
}

// earlyConn is nil where connecting failed.
type earlyConn struct {
	net.Conn
	// at is when connecting began, by the wall clock: a frozen environment's
	// monotonic clock may stand still.
	at time.Time
}

func (d *dialer) dialEarly(ctx context.Context, address string) {
	opened := make(chan earlyConn, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.early == nil {
		d.early = map[string]<-chan earlyConn{}
	}
	d.early[address] = opened
	at := d.now().Round(0)
	go func() {
		conn, _ := d.tls.DialContext(ctx, "tcp", address)
		opened <- earlyConn{conn, at}
	}()
}

// DialContext is a new connection, or the one that dialEarly has opened.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if conn := d.takeEarly(address); conn != nil {
		return conn, nil
	}
	return d.tls.DialContext(ctx, network, address)
}

// takeEarly waits for a connection that is being opened, which takes no longer
// than to open another one. It is nil when there is none to use.
func (d *dialer) takeEarly(address string) net.Conn {
	d.mu.Lock()
	opened := d.early[address]
	delete(d.early, address)
	d.mu.Unlock()
	if opened == nil {
		return nil
	}
	conn := <-opened
	if conn.Conn != nil && d.now().Sub(conn.at) > earlyFor {
		_ = conn.Close()
		return nil
	}
	return conn.Conn
}
