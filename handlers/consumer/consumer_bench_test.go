package consumer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// BenchmarkConsumer measures the invocation of a full batch of new events with payloads
// of 2.5 KB, from SQS's JSON to the response's, without the calls of AWS.
func BenchmarkConsumer(b *testing.B) {
	var batch events.SQSEvent
	payload := bytes.Repeat([]byte("x"), 2560)
	for i := range contract.BatchSize {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: event.Encode(event.Event{
			Schema: event.Schema, ID: fmt.Sprintf("stripe:evt_%d", i), Timestamp: 1_780_000_000_000, Provider: "stripe",
			Type: "charge.succeeded", Payload: payload, PayloadSHA256: event.HashPayload(payload),
		})})
	}
	request, err := json.Marshal(batch)
	require.NoError(b, err)
	h := &consumer.Handler{
		Providers: all.All(all.Settings{}), Table: newEvents{}, Concurrency: contract.BatchSize, Now: time.Now,
		Log: function.NewLogger(io.Discard, "INFO"), Metrics: function.NewMetrics(io.Discard, "bench", time.Now),
	}
	f := function.NewHandler(function.DecodeJSON[events.SQSEvent], h.Handle)
	response, err := f.Invoke(b.Context(), request)
	require.NoError(b, err)
	require.JSONEq(b, `{"batchItemFailures":[]}`, string(response))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = f.Invoke(b.Context(), request)
	}
}

// newEvents is a table to which every event is new.
type newEvents struct{}

func (newEvents) Put(context.Context, event.Event) (*event.Event, error) { return nil, nil }
