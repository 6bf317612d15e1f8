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
	"github.com/paysluice/paysluice/handlers/function"
)

func variables(env map[string]string) *function.Variables {
	return function.NewVariables(func(name string) string { return env[name] })
}

func TestConfigReadsLambdasVariables(t *testing.T) {
	vars := variables(map[string]string{
		client.RegionVar: "us-east-1", client.AccessKeyVar: "id",
		client.SecretKeyVar: "secret", client.SessionTokenVar: "token",
	})
	api := client.NewHTTPClient(0)

	c := client.Config(vars, api)

	require.NoError(t, vars.Err())
	assert.Equal(t, "us-east-1", c.Region)
	assert.Nil(t, c.BaseEndpoint, "AWS itself")
	assert.Same(t, api, c.HTTPClient)
	credentials, err := c.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "id", credentials.AccessKeyID)
	assert.Equal(t, "secret", credentials.SecretAccessKey)
	assert.Equal(t, "token", credentials.SessionToken)
}

func TestConfigOfAnotherEndpoint(t *testing.T) {
	c := client.Config(variables(map[string]string{client.EndpointVar: "https://127.0.0.1:1"}), nil)

	require.NotNil(t, c.BaseEndpoint)
	assert.Equal(t, "https://127.0.0.1:1", *c.BaseEndpoint)
}

func TestConfigReportsMissingVariables(t *testing.T) {
	vars := variables(nil)

	client.Config(vars, nil)

	for _, name := range []string{client.RegionVar, client.AccessKeyVar, client.SecretKeyVar} {
		require.ErrorContains(t, vars.Err(), name+" is not set")
	}
	assert.NotContains(t, vars.Err().Error(), client.SessionTokenVar, "access keys of a user have none")
}

// dynamo returns the response of DynamoDB to the n-th attempt, counted from 1.
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
	return table.NewTable(api, "WebhookEvents-test"), attempts
}

func anEvent() event.Event { return event.Event{ID: "stripe:evt_1", Provider: "stripe"} }

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

// The puts of a batch share one client, as in the consumer. The SDK's retry quota,
// which is shared by them, would be used up within seconds.
func TestThrottlesAreRetriedUntilTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, attempts := dynamo(func(int) (int, string) {
			return http.StatusBadRequest, `{"__type":"ProvisionedThroughputExceededException"}`
		}).table()
		ctx, cancel := context.WithTimeout(t.Context(), 28*time.Second)
		defer cancel()
		start := time.Now()

		var batch sync.WaitGroup
		for range contract.BatchSize {
			batch.Go(func() {
				_, err := events.Put(ctx, anEvent())
				assert.Error(t, err)
				assert.InDelta(t, 28, time.Since(start).Seconds(), 2.1)
			})
		}
		batch.Wait()

		assert.Greater(t, int(attempts.Load()), 12*contract.BatchSize, "about one every two seconds for each")
	})
}

func TestTemporaryErrorsAreRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, attempts := dynamo(func(attempt int) (int, string) {
			if attempt < 8 {
				return http.StatusInternalServerError, `{"__type":"InternalServerError"}`
			}
			return http.StatusOK, `{}`
		}).table()

		_, err := events.Put(t.Context(), anEvent())

		require.NoError(t, err)
		assert.EqualValues(t, 8, attempts.Load())
	})
}

// The first connection accepts a request and never responds.
func TestDeadConnectionIsReplaced(t *testing.T) {
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

		_, err := table.NewTable(api, "WebhookEvents-test").Put(t.Context(), anEvent())

		require.NoError(t, err)
		assert.Equal(t, 2, dials)
		assert.InDelta(t, 6, time.Since(start).Seconds(), 1.1, "five seconds, a pause and a response")
	})
}

// serve reads a request and, if answers is set, responds.
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
		_, _ = io.Copy(io.Discard, conn) // until the client closes it
	}
}

func TestPermanentErrorsAreNotRetried(t *testing.T) {
	events, attempts := dynamo(func(int) (int, string) {
		return http.StatusBadRequest, `{"__type":"ResourceNotFoundException"}`
	}).table()

	_, err := events.Put(t.Context(), anEvent())

	_, notFound := errors.AsType[*types.ResourceNotFoundException](err)
	assert.True(t, notFound)
	assert.EqualValues(t, 1, attempts.Load())
}
