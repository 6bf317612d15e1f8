package client_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

// BenchmarkCall measures the SDK's part of a call, with an answer from memory.
func BenchmarkCall(b *testing.B) {
	config := client.Config(function.NewVariables(func(name string) string {
		return map[string]string{client.RegionVar: "us-east-1", client.AccessKeyVar: "id", client.SecretKeyVar: "secret"}[name]
	}), nil)
	message := strings.Repeat("x", 4<<10)
	sum := md5.Sum([]byte(message)) // the SDK compares it with its own
	for _, row := range []struct {
		name, answer string
		call         func(*testing.B, aws.Config) func() error
	}{
		{"SendMessage", `{"MessageId":"m-1","MD5OfMessageBody":"` + hex.EncodeToString(sum[:]) + `"}`, func(b *testing.B, c aws.Config) func() error {
			q := queue.NewSender(sqs.NewFromConfig(c), "https://sqs.us-east-1.amazonaws.com/123456789012/q", time.Minute)
			return func() error { return q.Send(b.Context(), message, "") }
		}},
		{"PutItem", `{}`, func(b *testing.B, c aws.Config) func() error {
			t := table.NewTable(dynamodb.NewFromConfig(c), "t")
			e := event.Event{ID: "stripe:evt_1", Provider: "stripe", Payload: bytes.Repeat([]byte("x"), 2560)}
			return func() error { _, err := t.Put(b.Context(), e); return err }
		}},
	} {
		b.Run(row.name, func(b *testing.B) {
			c := config
			c.HTTPClient = inMemory(row.answer)
			call := row.call(b, c)
			require.NoError(b, call())
			b.ReportAllocs()
			for b.Loop() {
				_ = call()
			}
		})
	}
}

// inMemory answers every request with the same text.
type inMemory string

func (text inMemory) Do(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(string(text))), ContentLength: int64(len(text)),
	}, nil
}
