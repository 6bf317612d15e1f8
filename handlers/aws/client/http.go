package client

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// HTTPClient sends the requests of all AWS clients of a function. Make it with
// NewHTTPClient.
type HTTPClient struct {
	client    http.Client
	transport *http.Transport
	dialer    dialer
}

// Limits of a connection.
const (
	// writeBuffer takes an ordinary request whole, which then is one TLS record;
	// a record holds 16 KiB at most (RFC 8446, 5.1).
	writeBuffer = 16 << 10
	// idleConnections to one service are kept: a batch's puts use ten at once.
	idleConnections = 10
	// idleTimeout is that of the SDK's own client.
	idleTimeout = 90 * time.Second
	// continueTimeout: the S3 client asks before it sends a large body.
	continueTimeout = time.Second
)

// NewHTTPClient gives an attempt up, its answer included, after attemptTimeout.
// A connection that died while Lambda had the environment frozen says nothing,
// and would else take all the time that there is.
func NewHTTPClient(attemptTimeout time.Duration) *HTTPClient {
	c := &HTTPClient{}
	c.dialer.now = time.Now
	c.dialer.tls = tls.Dialer{
		NetDialer: &net.Dialer{Timeout: attemptTimeout},
		Config: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			ClientSessionCache: tls.NewLRUClientSessionCache(0),
			// Small records first are for readers that show what comes.
			DynamicRecordSizingDisabled: true,
		},
	}
	c.transport = &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialTLSContext:        c.dialer.DialContext,
		WriteBufferSize:       writeBuffer,
		DisableCompression:    true, // answers are a few bytes
		MaxIdleConnsPerHost:   idleConnections,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: continueTimeout,
	}
	c.client = http.Client{
		Timeout:   attemptTimeout,
		Transport: c.transport,
		// A signed request is for the host that it was signed for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Do implements the SDK's aws.HTTPClient.
func (c *HTTPClient) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.ContentLength > 0 {
		if err := inMemory(r); err != nil {
			return nil, err
		}
	}
	return c.client.Do(r)
}

// inMemory gives net/http the body as the in-memory reader that it is inside of
// the SDK's wrappers. Of any other body it sends the headers alone first
// (net/http, transfer.go, isKnownInMemoryReader): another TLS record and another
// packet. And the SDK's wrapper, which is closed when the answer is there, then
// fails a late WriteTo with io.EOF (smithy-go, transport/http/internal/io,
// safeWriteToReadCloser): net/http takes that for a failed request and closes
// the connection.
//
// A body that can be read again also lets net/http send it on a new connection
// when AWS has closed the idle one meanwhile, as it does for a request that
// counts as idempotent (net/http, Transport). To send one twice is nothing new
// to a receiver: the SDK tries again as well.
func inMemory(r *http.Request) error {
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return fmt.Errorf("read the request's body: %w", err)
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	r.Header["Idempotency-Key"] = nil // a mark for net/http, which does not send it
	return nil
}
