package store_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/store"
)

// dynamo answers a real client's n-th attempt, counted from 1.
type dynamo func(attempt int) (status int, body string)

func (d dynamo) table() (table *store.Table, attempts *int) {
	attempts = new(int)
	client := dynamodb.New(dynamodb.Options{
		Region:      "us-east-1",
		Credentials: aws.AnonymousCredentials{},
		Retryer:     store.NewRetryer(),
		HTTPClient: transport(func(*http.Request) (*http.Response, error) {
			*attempts++
			status, body := d(*attempts)
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		}),
	})
	return store.NewTable(client, "WebhookEvents-test", 0), attempts
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

func TestThrottlesAreRetriedUntilTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, attempts := dynamo(func(int) (int, string) {
			return http.StatusBadRequest, `{"__type":"ProvisionedThroughputExceededException"}`
		}).table()
		ctx, cancel := context.WithTimeout(t.Context(), 28*time.Second)
		defer cancel()
		start := time.Now()

		_, err := table.Put(ctx, full())

		require.Error(t, err)
		assert.Greater(t, *attempts, 12, "about one every two seconds")
		assert.InDelta(t, 28, time.Since(start).Seconds(), 2.1)
	})
}

func TestTableThatComesBackIsWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table, attempts := dynamo(func(attempt int) (int, string) {
			if attempt < 8 {
				return http.StatusInternalServerError, `{"__type":"InternalServerError"}`
			}
			return http.StatusOK, `{}`
		}).table()

		_, err := table.Put(t.Context(), full())

		require.NoError(t, err)
		assert.Equal(t, 8, *attempts)
	})
}

func TestRefusalsAreNotRetried(t *testing.T) {
	table, attempts := dynamo(func(int) (int, string) {
		return http.StatusBadRequest, `{"__type":"ResourceNotFoundException"}`
	}).table()

	_, err := table.Put(t.Context(), full())

	_, notFound := errors.AsType[*types.ResourceNotFoundException](err)
	assert.True(t, notFound)
	assert.Equal(t, 1, *attempts)
}
