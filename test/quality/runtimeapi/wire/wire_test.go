package wire_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/quality/runtimeapi/wire"
)

// conn reads what was sent and keeps what is written.
type conn struct {
	io.Reader
	written bytes.Buffer
}

func (c *conn) Write(p []byte) (int, error) { return c.written.Write(p) }

func TestNext(t *testing.T) {
	for _, test := range []struct {
		why, sent          string
		method, path, body string
		target, written    string
	}{
		{why: "no body", sent: "GET /next HTTP/1.1\r\nHost: a\r\n\r\n", method: "GET", path: "/next"},
		{why: "a length", sent: "POST /r HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", method: "POST", path: "/r", body: "abc"},
		{why: "names of headers in any case", sent: "POST / HTTP/1.1\r\nCONTENT-length:3\r\nx-aMz-tArget: S.Op\r\n\r\nabc",
			method: "POST", path: "/", body: "abc", target: "S.Op"},
		{why: "chunks with trailers, as the Lambda runtime client answers",
			sent:   "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
			method: "POST", path: "/", body: "abc0123456789"},
		{why: "a client that waits", sent: "PUT /k HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
			method: "PUT", path: "/k", body: "x", written: "HTTP/1.1 100 Continue\r\n\r\n"},
	} {
		t.Run(test.why, func(t *testing.T) {
			// Twice: the second must not see the first one's buffers.
			c := &conn{Reader: strings.NewReader(test.sent + test.sent)}
			r := wire.NewReader(c)
			for range 2 {
				got, err := r.Next()
				require.NoError(t, err)
				assert.Equal(t, test.method, string(got.Method))
				assert.Equal(t, test.path, string(got.Path))
				assert.Equal(t, test.target, string(got.Target))
				assert.Equal(t, test.body, string(got.Body))
			}
			_, err := r.Next()
			assert.Equal(t, io.EOF, err)
			assert.Equal(t, test.written+test.written, c.written.String())
		})
	}
}

func TestNextRefuses(t *testing.T) {
	for _, test := range []struct {
		why, sent string
		is        error
	}{
		{"no request line", "GET\r\n\r\n", wire.ErrMalformed},
		{"no header", "GET / HTTP/1.1\r\nHost\r\n\r\n", wire.ErrMalformed},
		{"a length that is none", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", wire.ErrMalformed},
		{"a chunk size that is none", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", wire.ErrMalformed},
		{"a head that breaks off", "GET / HTTP/1.1\r\n", io.ErrUnexpectedEOF},
		{"a body that breaks off", "GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\na", io.ErrUnexpectedEOF},
		{"chunks that break off", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab", io.ErrUnexpectedEOF},
	} {
		_, err := wire.NewReader(&conn{Reader: strings.NewReader(test.sent)}).Next()
		assert.ErrorIs(t, err, test.is, test.why)
	}
}

// What it is for: net/http's own client, with a body larger than the buffer.
func TestNextReadsNetHTTPsClient(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	got := make(chan int, 2)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := wire.NewReader(c)
		for {
			request, err := r.Next()
			if err != nil {
				return
			}
			got <- len(request.Body)
			_, _ = io.WriteString(c, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
		}
	}()
	for _, body := range []io.Reader{
		strings.NewReader(strings.Repeat("x", 100_000)),            // its length is known
		io.MultiReader(strings.NewReader(strings.Repeat("y", 90))), // and this one's is not
	} {
		response, err := http.Post("http://"+listener.Addr().String(), "text/plain", body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusAccepted, response.StatusCode)
	}
	assert.Equal(t, 100_000, <-got)
	assert.Equal(t, 90, <-got)
}
