package client_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

func TestFirstRequestUsesTheConnectionThatWasOpened(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()

	c.Connect(t.Context(), s.URL)
	assert.EqualValues(t, 1, s.opened.Load(), "without a request")

	s.post(t, c, nil)
	s.post(t, c, nil)
	assert.EqualValues(t, 1, s.opened.Load())
}

// TestConnectionFromBeforeAFreezeIsNotUsed has an environment that was started
// ahead of its first request, and frozen in between.
func TestConnectionFromBeforeAFreezeIsNotUsed(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()
	var reading atomic.Int64 // of the clock: the first is the connection's
	c.SetNow(func() time.Time { return time.Unix(11*(reading.Add(1)-1), 0) })
	c.Connect(t.Context(), s.URL)

	s.post(t, c, nil)

	assert.EqualValues(t, 2, s.opened.Load())
	require.Eventually(t, func() bool { return s.closed.Load() == 1 }, 10*time.Second, time.Millisecond, "nothing is left open")
}

func TestFailedConnectIsTheRequestsToMeet(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()
	trusted := c.TLS().RootCAs
	c.TLS().RootCAs = nil
	c.Connect(t.Context(), s.URL)
	c.TLS().RootCAs = trusted

	s.post(t, c, nil)

	assert.EqualValues(t, 2, s.opened.Load())
}

func TestConnectLeavesAlone(t *testing.T) {
	for _, row := range []struct {
		why      string
		endpoint func(*server) string
		proxy    *url.URL
	}{
		{"an emulator without TLS", func(s *server) string { return "http://" + s.Listener.Addr().String() }, nil},
		{"what is no URL: the request says so", func(*server) string { return "https://[::1" }, nil},
		{"what is behind a proxy: the connection is the proxy's", func(s *server) string { return s.URL }, &url.URL{Scheme: "http", Host: "127.0.0.1:1"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := newServer(t, echo)
			c := s.client()
			c.Transport().Proxy = http.ProxyURL(row.proxy)

			c.Connect(t.Context(), row.endpoint(s))

			assert.Zero(t, s.opened.Load())
			assert.Zero(t, c.Early())
		})
	}
}

// TestConnectGivesUp: who accepts and says nothing does not hold up a start.
func TestConnectGivesUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	c := client.NewHTTPClient(50 * time.Millisecond)

	c.Connect(t.Context(), "https://"+silent.Addr().String()) // it would wait for ever

	assert.Zero(t, c.Early())
}

func TestSecondConnectionTakesTheFirstOnesPlace(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()

	c.Connect(t.Context(), s.URL)
	c.Connect(t.Context(), s.URL)

	require.Eventually(t, func() bool { return s.closed.Load() == 1 }, 10*time.Second, time.Millisecond, "nothing is left open")
	s.post(t, c, nil)
	assert.EqualValues(t, 2, s.opened.Load())
}

func TestConnectToAHostWithoutAPort(t *testing.T) {
	var dialled string
	c := client.NewHTTPClient(time.Second)
	c.NetDialer().Control = func(_, address string, _ syscall.RawConn) error {
		dialled = address
		return errors.New("nobody is called")
	}

	c.Connect(t.Context(), "https://127.0.0.1/000000000000/webhook-queue-test")

	assert.Equal(t, "127.0.0.1:443", dialled)
	assert.Zero(t, c.Early())
}
