package awsclient_test

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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/awsclient"
)

// server answers what it was sent, over TLS, and counts connections.
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

// client trusts the server.
func (s *server) client() *awsclient.HTTPClient {
	c := awsclient.NewHTTPClient(10 * time.Second)
	c.TLS().RootCAs = x509.NewCertPool()
	c.TLS().RootCAs.AddCert(s.Certificate())
	return c
}

func (s *server) post(t *testing.T, c *awsclient.HTTPClient, body io.Reader) string {
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

func TestOrdinaryRequestIsOneWrite(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(echo)) // TLS would write for its handshake
	t.Cleanup(plain.Close)
	s := &server{Server: plain}
	writes := &writes{}
	c := awsclient.NewHTTPClient(10 * time.Second)
	c.Transport().DialContext = writes.dial
	body := strings.Repeat("x", 10<<10)

	assert.Equal(t, body, s.post(t, c, strings.NewReader(body)))

	assert.EqualValues(t, 1, writes.count.Load())
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
