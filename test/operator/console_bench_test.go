package operator_test

import (
	"fmt"
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

// BenchmarkConsole measures the console's pages with 100,000 events of a week:
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
		"/", "/events", "/events?provider=stripe", "/events?category=payment.succeeded",
		"/event?id=" + url.QueryEscape(last.ID), "/payment?provider=" + last.Provider + "&id=" + last.PaymentID, "/failures",
	} {
		b.Run(target, func(b *testing.B) {
			for b.Loop() {
				if status, _ := c.get(target); status != 200 {
					b.Fatalf("status %d", status)
				}
			}
		})
	}
}
