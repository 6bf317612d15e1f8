package operator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// benchmarkEvents is the number of rows in the table while pages are measured.
const benchmarkEvents = 100_000

// BenchmarkConsole measures the console's pages with 100,000 events of a week. aws-ms/op
// is the time with an open call to the emulator, own-ms/op the rest of the server's. A
// page that ends with yesterday reads whole days, whatever the time of the day:
//
//	.cache/local run -- go test -run '^$' -bench Console -benchtime 20x ./test/operator
func BenchmarkConsole(b *testing.B) {
	client := dynamodb.NewFromConfig(stack.Config())
	var last event.Event
	writes, ctx := errgroup.WithContext(b.Context())
	writes.SetLimit(8)
	const batch = 25 // the most that DynamoDB takes
	begin := time.Now()
	for n := 0; n < benchmarkEvents; n += batch {
		var rows []types.WriteRequest
		for i := range batch {
			p := contract.Providers()[(n+i)%len(contract.Providers())]
			at := begin.Add(-time.Duration(n+i) * 6 * time.Second).UnixMilli()
			last = event.Event{
				Schema: event.Schema, ID: event.NewID(p.Name, fmt.Sprintf("bench_%d", n+i)), Timestamp: at, ReceivedAt: at, Provider: p.Name, Type: "payment",
				Category: event.PaymentSucceeded, PaymentID: fmt.Sprintf("pay_%d", (n+i)/5), Money: event.Money{Amount: "20.00", Currency: "EUR"}, Payload: []byte(`{"a":1}`),
			}
			last.PayloadSHA256 = event.HashPayload(last.Payload)
			rows = append(rows, types.WriteRequest{PutRequest: &types.PutRequest{Item: table.ToItem(last)}})
		}
		writes.Go(func() error {
			_, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{stack.Outputs["TableName"]: rows}})
			return err
		})
	}
	require.NoError(b, writes.Wait())
	c := root().openConsole(b)
	for _, target := range []string{
		"/", "/events", "/events?provider=stripe", "/events?category=payment.succeeded", "/events?until=" + time.Now().Format("2006-01-02T00:00"),
		"/event?id=" + url.QueryEscape(last.ID), "/payment?provider=" + last.Provider + "&id=" + last.PaymentID, "/failures",
	} {
		b.Run(target, func(b *testing.B) {
			var own, aws float64
			calls := 0
			for b.Loop() {
				answer, err := c.client.Get(c.origin + target)
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				require.Equal(b, http.StatusOK, answer.StatusCode)
				var call, page float64
				_, err = fmt.Sscanf(answer.Header.Get("Server-Timing"), "aws;dur=%f;desc=\"%d calls\", own;dur=%f", &call, &calls, &page)
				require.NoError(b, err)
				aws, own = aws+call, own+page
			}
			b.ReportMetric(own/float64(b.N), "own-ms/op")
			b.ReportMetric(aws/float64(b.N), "aws-ms/op")
			b.ReportMetric(float64(calls), "calls/op")
		})
	}
}
