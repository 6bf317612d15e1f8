package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// dynamo answers a real client's n-th attempt, counted from 1.
type dynamo func(attempt int) (status int, body string)

func (d dynamo) table() (events *table.Table, attempts *atomic.Int32) {
	attempts = new(atomic.Int32)
	api := dynamodb.New(dynamodb.Options{
		Region:      "us-east-1",
		Credentials: aws.AnonymousCredentials{},
		Retryer:     client.NewRetryer(),
		HTTPClient: transport(func(*http.Request) (*http.Response, error) {
			status, body := d(int(attempts.Add(1)))
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		}),
	})
	return table.NewTable(api, "WebhookEvents-test", 0), attempts
}

func anEvent() event.Event { return event.Event{ID: "stripe:evt_1", Provider: "stripe"} }

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

// TestThrottlesAreRetriedUntilTheDeadline writes as the consumer does: the
// records of a batch side by side, with one client. With a quota on retries,
// which a client's requests share, they would use it up within seconds.
func TestThrottlesAreRetriedUntilTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tableName, attempts := dynamo(func(int) (int, string) {
			return http.StatusBadRequest, `{"__type":"ProvisionedThroughputExceededException"}`
		}).table()
		ctx, cancel := context.WithTimeout(t.Context(), 28*time.Second)
		defer cancel()
		start := time.Now()

		var batch sync.WaitGroup
		for range contract.BatchSize {
			batch.Go(func() {
				_, err := tableName.Put(ctx, anEvent())
				assert.Error(t, err)
				assert.InDelta(t, 28, time.Since(start).Seconds(), 2.1)
			})
		}
		batch.Wait()

		assert.Greater(t, int(attempts.Load()), 12*contract.BatchSize, "about one every two seconds for each")
	})
}

func TestTableThatComesBackIsWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tableName, attempts := dynamo(func(attempt int) (int, string) {
			if attempt < 8 {
				return http.StatusInternalServerError, `{"__type":"InternalServerError"}`
			}
			return http.StatusOK, `{}`
		}).table()

		_, err := tableName.Put(t.Context(), anEvent())

		require.NoError(t, err)
		assert.EqualValues(t, 8, attempts.Load())
	})
}

// TestDeadConnectionIsGivenUp has a first connection that takes the request and
// says nothing, as one does whose other end went away.
func TestDeadConnectionIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		dial := func(context.Context, string, string) (net.Conn, error) {
			dials++
			ours, theirs := net.Pipe()
			go serve(theirs, dials > 1)
			return ours, nil
		}
		httpClient := client.NewHTTPClient(5 * time.Second)
		httpClient.Transport().DialContext, httpClient.Transport().DisableKeepAlives = dial, true
		api := dynamodb.New(dynamodb.Options{
			Region:       "us-east-1",
			BaseEndpoint: new("http://dynamodb.test"),
			Credentials:  aws.AnonymousCredentials{},
			Retryer:      client.NewRetryer(),
			HTTPClient:   httpClient,
		})
		start := time.Now()

		_, err := table.NewTable(api, "WebhookEvents-test", 0).Put(t.Context(), anEvent())

		require.NoError(t, err)
		assert.Equal(t, 2, dials)
		assert.InDelta(t, 6, time.Since(start).Seconds(), 1.1, "five seconds, a pause and an answer")
	})
}

// serve takes a request and answers it, or not.
func serve(conn net.Conn, answers bool) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	if answers {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
	} else {
		_, _ = io.Copy(io.Discard, conn) // until the api gives up
	}
}

func TestRefusalsAreNotRetried(t *testing.T) {
	tableName, attempts := dynamo(func(int) (int, string) {
		return http.StatusBadRequest, `{"__type":"ResourceNotFoundException"}`
	}).table()

	_, err := tableName.Put(t.Context(), anEvent())

	_, notFound := errors.AsType[*types.ResourceNotFoundException](err)
	assert.True(t, notFound)
	assert.EqualValues(t, 1, attempts.Load())
}
