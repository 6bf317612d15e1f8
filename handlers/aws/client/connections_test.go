package client_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

// atOnce are the puts of a full batch, which a consumer does at the same time.
const atOnce = 10

// TestBatchKeepsItsConnections has two batches: what the second one finds open is
// what the setting is for, and the last row is the world without it.
func TestBatchKeepsItsConnections(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*http.Transport)
		opened int
	}{
		{"as it is: the second batch opens none", func(*http.Transport) {}, atOnce},
		{"net/http keeps two of its own accord", func(t *http.Transport) { t.MaxIdleConnsPerHost = 0 }, atOnce + atOnce - 2},
	} {
		t.Run(row.why, func(t *testing.T) {
			var all sync.WaitGroup // of a batch: none is answered before all have come
			s := newServer(t, func(http.ResponseWriter, *http.Request) {
				all.Done()
				all.Wait()
			})
			c := s.client()
			row.change(c.Transport())
			for range 2 {
				all.Add(atOnce)
				var batch sync.WaitGroup
				for range atOnce {
					batch.Go(func() { get(t, c, s.URL) })
				}
				batch.Wait()
			}
			assert.EqualValues(t, row.opened, s.opened.Load())
		})
	}
}

// TestNextConnectionResumes: an environment that was idle for long has to connect
// again, without a certificate to send and to verify.
func TestNextConnectionResumes(t *testing.T) {
	for _, row := range []struct {
		why     string
		change  func(*client.HTTPClient)
		resumes bool
	}{
		{"as it is", func(*client.HTTPClient) {}, true},
		{"without a cache of sessions", func(c *client.HTTPClient) { c.TLS().ClientSessionCache = nil }, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			var resumed []bool
			s := newServer(t, func(_ http.ResponseWriter, r *http.Request) { resumed = append(resumed, r.TLS.DidResume) })
			c := s.client()
			row.change(c)
			get(t, c, s.URL)
			c.Transport().CloseIdleConnections()
			get(t, c, s.URL)
			assert.Equal(t, []bool{false, row.resumes}, resumed)
		})
	}
}

func get(t *testing.T, c *client.HTTPClient, url string) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if !assert.NoError(t, err) {
		return
	}
	response, err := c.Do(r)
	if !assert.NoError(t, err) {
		return
	}
	_, err = io.Copy(io.Discard, response.Body)
	assert.NoError(t, err)
	assert.NoError(t, response.Body.Close())
}
