package client_test

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

// server answers what it was sent, over TLS, and counts connections.
type server struct {
	*httptest.Server
	opened, closed atomic.Int32
	// records that came, and answers that went, are of application data, as TLS
	// 1.3 names what it encrypts.
	records, answers atomic.Int32
}

// listener counts what its connections read and write.
type listener struct {
	net.Listener
	server *server
}

func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &counted{Conn: conn, in: records{of: &l.server.records}, out: records{of: &l.server.answers}}, err
}

// counted counts the TLS records of a connection.
type counted struct {
	net.Conn
	in, out records
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.pass(p[:n])
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	c.out.pass(p) // before the client can have it
	return c.Conn.Write(p)
}

// records counts those of one direction (RFC 8446, 5.1).
type records struct {
	of   *atomic.Int32
	rest []byte // of a record that has not passed whole
}

func (r *records) pass(p []byte) {
	const header, applicationData = 5, 23
	r.rest = append(r.rest, p...)
	for len(r.rest) >= header {
		end := header + int(binary.BigEndian.Uint16(r.rest[3:]))
		if len(r.rest) < end {
			return
		}
		if r.rest[0] == applicationData {
			r.of.Add(1)
		}
		r.rest = r.rest[end:]
	}
}

func newServer(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(handler)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.opened.Add(1)
		case http.StateClosed:
			s.closed.Add(1)
		}
	}
	s.Listener = listener{s.Listener, s}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(body)
}

// client trusts the server.
func (s *server) client() *client.HTTPClient {
	c := client.NewHTTPClient(10 * time.Second)
	c.TLS().RootCAs = x509.NewCertPool()
	c.TLS().RootCAs.AddCert(s.Certificate())
	return c
}

func (s *server) post(t *testing.T, c *client.HTTPClient, body io.Reader) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, body)
	require.NoError(t, err)
	if sized, ok := body.(interface{ Len() int }); ok {
		r.ContentLength = int64(sized.Len())
	}
	response, err := c.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}

// closedEarly is a body as the SDK has it once it has closed it: what WriteTo
// returns then is an error to net/http.
type closedEarly struct{ *bytes.Reader }

func (closedEarly) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

func TestConnectionOutlivesABodyThatTheSDKHasClosed(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()

	for range 5 {
		assert.Equal(t, "body", s.post(t, c, closedEarly{bytes.NewReader([]byte("body"))}))
	}

	assert.EqualValues(t, 1, s.opened.Load())
}

func TestBodyThatCannotBeReadIsNotSent(t *testing.T) {
	s := newServer(t, echo)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, iotest.ErrReader(io.ErrClosedPipe))
	require.NoError(t, err)
	r.ContentLength = 4

	_, err = s.client().Do(r)

	require.ErrorIs(t, err, io.ErrClosedPipe)
	assert.Zero(t, s.opened.Load())
}

func TestRequestWithoutABody(t *testing.T) {
	s := newServer(t, echo)

	assert.Empty(t, s.post(t, s.client(), nil))
}

func TestOrdinaryRequestIsOneRecord(t *testing.T) {
	s := newServer(t, echo)
	body := strings.Repeat("x", 10<<10)
	c := s.client()

	assert.Equal(t, body, s.post(t, c, strings.NewReader(body)))

	assert.EqualValues(t, 1+1, s.records.Load(), "the end of the handshake, and the request")
	assert.Equal(t, body, s.post(t, c, strings.NewReader(body)))
	assert.EqualValues(t, 1+2, s.records.Load())
}

// TestIdleConnectionThatWasClosedIsReplaced closes each connection behind its
// answer, so that some requests find one that is gone.
func TestIdleConnectionThatWasClosedIsReplaced(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()
	for range 30 {
		assert.Equal(t, "body", s.post(t, c, strings.NewReader("body")))
		s.CloseClientConnections()
	}
}

// TestUploadCarriesAChecksum: S3 takes an object without one, and then nothing
// would notice a byte that changed on the way.
func TestUploadCarriesAChecksum(t *testing.T) {
	var trailer atomic.Value
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		trailer.Store(r.Header.Get("X-Amz-Trailer"))
	})
	vars := reader(map[string]string{
		client.RegionVar: "us-east-1", client.AccessKeyVar: "id", client.SecretKeyVar: "secret",
		client.EndpointVar: s.URL,
	})
	for _, size := range []int{1 << 10, 4_500_000} {
		_, err := s3.NewFromConfig(client.Config(vars, s.client())).PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: new("bucket"), Key: new("key"), Body: bytes.NewReader(make([]byte, size)),
		})
		require.NoError(t, err)
		assert.Equal(t, "x-amz-checksum-crc32", trailer.Load())
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("a signed request went to another address")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, nil)
	require.NoError(t, err)

	response, err := s.client().Do(r)

	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusTemporaryRedirect, response.StatusCode, "the SDK's to judge")
}

// roundTripper answers requests in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestBodyIsCopiedOnce: no figure of make regression sees what is done to a request
// behind the SDK.
func TestBodyIsCopiedOnce(t *testing.T) {
	c := client.NewHTTPClient(10 * time.Second)
	c.SetRoundTripper(roundTripper(func(r *http.Request) (*http.Response, error) {
		_, err := io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, err
	}))
	body := bytes.Repeat([]byte("x"), 4<<20)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sqs.test", io.NopCloser(bytes.NewReader(body)))
	require.NoError(t, err)
	r.ContentLength = int64(len(body))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = c.Do(r)
	runtime.ReadMemStats(&after)

	require.NoError(t, err)
	assert.InDelta(t, 1, float64(after.TotalAlloc-before.TotalAlloc)/float64(len(body)), 0.1)
}
