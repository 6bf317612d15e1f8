package client_test

import (
	"bytes"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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

// server is an HTTPS server that counts connections.
type server struct {
	*httptest.Server
	opened, closed atomic.Int32
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
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(body)
}

// client returns a client that trusts the server.
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

// closedEarly is a body that the SDK has already closed.
type closedEarly struct{ *bytes.Reader }

func (closedEarly) WriteTo(io.Writer) (int64, error) { return 0, io.EOF }

func TestConnectionSurvivesABodyThatTheSDKHasClosed(t *testing.T) {
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

// The server closes each connection after its response, so that some requests use
// a closed connection first.
func TestClosedIdleConnectionIsReplaced(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()
	for range 30 {
		assert.Equal(t, "body", s.post(t, c, strings.NewReader("body")))
		s.CloseClientConnections()
	}
}

// S3 accepts objects without a checksum and then detects no corruption.
func TestUploadHasAChecksum(t *testing.T) {
	var trailer atomic.Value
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		trailer.Store(r.Header.Get("X-Amz-Trailer"))
	})
	vars := variables(map[string]string{
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
			t.Error("a signed request was sent to another address")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, nil)
	require.NoError(t, err)

	response, err := s.client().Do(r)

	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusTemporaryRedirect, response.StatusCode)
}
