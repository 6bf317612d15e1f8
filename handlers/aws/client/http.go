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

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/paysluice/paysluice/handlers/contract"
)

// HTTPClient sends the requests of the AWS clients of a function. It is made by
// NewHTTPClient.
type HTTPClient struct {
	client    http.Client
	transport *http.Transport
	dialer    dialer
}

// Limits of a connection.
const (
	// writeBuffer is the maximum size of a TLS record (RFC 8446, 5.1), so that most
	// requests are one write. A SendMessage of 4 KB takes 8 % less time.
	writeBuffer = 16 << 10
	// idleConnections is the number of connections to a service that stay open. A
	// batch uses one for each message; net/http keeps two by default.
	idleConnections = contract.BatchSize
	// idleTimeout is the SDK's default.
	idleTimeout = 90 * time.Second
	// continueTimeout bounds the wait for S3's 100 Continue before an upload.
	continueTimeout = time.Second
)

// NewHTTPClient returns a client that bounds each attempt, including reading the
// response. Otherwise a connection that died while Lambda was frozen would use up
// the whole invocation.
func NewHTTPClient(attemptTimeout time.Duration) *HTTPClient {
	c := &HTTPClient{}
	c.dialer.now = time.Now
	c.dialer.tls = tls.Dialer{
		NetDialer: &net.Dialer{Timeout: attemptTimeout},
		Config: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			ClientSessionCache: tls.NewLRUClientSessionCache(0), // the next connection resumes without certificates
		},
	}
	c.transport = &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialTLSContext:        c.dialer.DialContext,
		WriteBufferSize:       writeBuffer,
		DisableCompression:    true, // as in the SDK's client
		MaxIdleConnsPerHost:   idleConnections,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: continueTimeout,
	}
	c.client = http.Client{
		Timeout:   attemptTimeout,
		Transport: c.transport,
		// A signature is valid for one host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Do implements the SDK's aws.HTTPClient.
func (c *HTTPClient) Do(r *http.Request) (*http.Response, error) {
	return BodyBuffer{&c.client}.Do(r)
}

// BodyBuffer sends requests with Next and holds their bodies in memory. It
// implements the SDK's aws.HTTPClient.
type BodyBuffer struct{ Next aws.HTTPClient }

// Do sends r. It returns an error if the body cannot be read.
func (b BodyBuffer) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.ContentLength > 0 {
		if err := bufferBody(r); err != nil {
			return nil, err
		}
	}
	return b.Next.Do(r)
}

// bufferBody replaces the body by a bytes.Reader, which net/http sends together
// with the headers (net/http, transfer.go, isKnownInMemoryReader). The SDK closes
// its own body when the response is there; if net/http is still writing it, the
// write fails and net/http closes the connection: 5 in 1,000 calls to a server
// that responds at once. The SDK then repeats a call that was carried out.
//
// GetBody and Idempotency-Key allow net/http to send the request on a new
// connection when AWS has closed the idle one.
func bufferBody(r *http.Request) error {
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return fmt.Errorf("read the request body: %w", err)
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	r.Header["Idempotency-Key"] = nil // marks the request for net/http, which does not send an empty one
	return nil
}
