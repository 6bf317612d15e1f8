package client_test

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/contract"
)

func TestFirstRequestUsesTheConnectionOfConnect(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()

	c.Connect(t.Context(), s.URL)
	assert.EqualValues(t, 1, s.opened.Load(), "without a request")

	s.post(t, c, nil)
	s.post(t, c, nil)
	assert.EqualValues(t, 1, s.opened.Load())
}

func TestConnectionOfAnotherAgeIsNotUsed(t *testing.T) {
	for why, age := range map[string]time.Duration{
		"from before a freeze":   11 * time.Second,
		"the clock was set back": -time.Second,
	} {
		t.Run(why, func(t *testing.T) {
			s := newServer(t, echo)
			c := s.client()
			now := time.Now()
			c.SetNow(func() time.Time { return now })
			c.Connect(t.Context(), s.URL)
			now = now.Add(age)

			s.post(t, c, nil)

			assert.EqualValues(t, 2, s.opened.Load())
			require.Eventually(t, func() bool { return s.closed.Load() == 1 }, 10*time.Second, time.Millisecond, "the unused connection is closed")
		})
	}
}

func TestFirstRequestConnectsAfterAFailedConnect(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()
	trusted := c.TLS().RootCAs
	c.TLS().RootCAs = nil
	c.Connect(t.Context(), s.URL)
	c.TLS().RootCAs = trusted

	s.post(t, c, nil)

	assert.EqualValues(t, 2, s.opened.Load())
}

func TestConnectDoesNothing(t *testing.T) {
	for _, row := range []struct {
		why      string
		endpoint func(*server) string
		proxy    *url.URL
	}{
		{"for an emulator without TLS", func(s *server) string { return "http://" + s.Listener.Addr().String() }, nil},
		{"for an invalid URL, which the request reports", func(*server) string { return "https://[::1" }, nil},
		{"with a proxy, to which the request connects", func(s *server) string { return s.URL }, &url.URL{Scheme: "http", Host: "127.0.0.1:1"}},
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

func TestConnectIsBoundedByTheAttemptTimeout(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	c := client.NewHTTPClient(50 * time.Millisecond)

	c.Connect(t.Context(), "https://"+silent.Addr().String())

	assert.Zero(t, c.Early())
}

func TestSecondConnectReplacesTheFirst(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()

	c.Connect(t.Context(), s.URL)
	c.Connect(t.Context(), s.URL)

	require.Eventually(t, func() bool { return s.closed.Load() == 1 }, 10*time.Second, time.Millisecond, "the unused connection is closed")
	s.post(t, c, nil)
	assert.EqualValues(t, 2, s.opened.Load())
}

func TestConnectToAHostWithoutAPort(t *testing.T) {
	var dialled string
	c := client.NewHTTPClient(time.Second)
	c.NetDialer().Control = func(_, address string, _ syscall.RawConn) error {
		dialled = address
		return errors.New("not dialled")
	}

	c.Connect(t.Context(), "https://127.0.0.1/000000000000/webhook-queue-test")

	assert.Equal(t, "127.0.0.1:443", dialled)
	assert.Zero(t, c.Early())
}

func TestSecondBatchOpensNoConnection(t *testing.T) {
	var batch sync.WaitGroup // no request is answered before all have arrived
	s := newServer(t, func(http.ResponseWriter, *http.Request) {
		batch.Done()
		batch.Wait()
	})
	c := s.client()
	for range 2 {
		batch.Add(contract.BatchSize)
		var requests sync.WaitGroup
		for range contract.BatchSize {
			requests.Go(func() { s.post(t, c, nil) })
		}
		requests.Wait()
	}
	assert.EqualValues(t, contract.BatchSize, s.opened.Load())
}

func TestNextConnectionResumesItsTLSSession(t *testing.T) {
	var resumed []bool
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) { resumed = append(resumed, r.TLS.DidResume) })
	c := s.client()
	s.post(t, c, nil)
	c.Transport().CloseIdleConnections()
	s.post(t, c, nil)
	assert.Equal(t, []bool{false, true}, resumed)
}
