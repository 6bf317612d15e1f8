package awsclient_test

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFirstRequestUsesTheConnectionThatWasOpened(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()

	c.Dial(t.Context(), s.URL)
	require.Eventually(t, func() bool { return s.opened.Load() == 1 }, 10*time.Second, time.Millisecond, "without a request")

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
	c.Dial(t.Context(), s.URL)

	s.post(t, c, nil)

	assert.EqualValues(t, 2, s.opened.Load())
	require.Eventually(t, func() bool { return s.closed.Load() == 1 }, 10*time.Second, time.Millisecond, "nothing is left open")
}

func TestFailedDialIsTheRequestsToMeet(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()
	trusted := c.TLS().RootCAs
	c.TLS().RootCAs = nil
	c.Dial(t.Context(), s.URL)
	require.Eventually(t, func() bool { return s.closed.Load() == 1 }, 10*time.Second, time.Millisecond)
	c.TLS().RootCAs = trusted

	s.post(t, c, nil)

	assert.EqualValues(t, 2, s.opened.Load())
}

func TestDialLeavesAlone(t *testing.T) {
	for _, row := range []struct{ why, endpoint string }{
		{"an emulator without TLS", "http://127.0.0.1:1"},
		{"what is no URL: the request says so", "https://[::1"},
		{"what is behind a proxy: the connection is the proxy's", "https://proxied.test"},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := newServer(t, echo)
			c := s.client()
			c.Transport().Proxy = func(*http.Request) (*url.URL, error) { return url.Parse("http://127.0.0.1:1") }

			c.Dial(t.Context(), row.endpoint)

			assert.Zero(t, c.Opening())
		})
	}
}

func TestDialOfAHostWithoutAPort(t *testing.T) {
	s := newServer(t, echo)
	c := s.client()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody is called

	c.Dial(ctx, "https://sqs.us-east-1.amazonaws.com/000000000000/webhook-queue-test")

	assert.Equal(t, []string{"sqs.us-east-1.amazonaws.com:443"}, c.Opening())
}
