package operator_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

var benchmarkEvents = flag.Int("console-events", 100_000, "rows of the table while BenchmarkConsole measures pages")

// BenchmarkConsole measures the console's pages with the events of a week. aws-ms/op
// is the time with an open call to the emulator, own-ms/op the rest of the server's. A
// page that ends with yesterday reads whole days, whatever the time of the day:
//
//	.cache/local run -- go test -run '^$' -bench Console -benchtime 20x ./test/operator
func BenchmarkConsole(b *testing.B) {
	// With the rows of a week in its stream, the publisher would keep the emulator busy.
	poll(b, contract.PublisherName, "--no-enabled")
	b.Cleanup(func() { poll(b, contract.PublisherName, "--enabled") })
	events := seed(b, stack.Outputs["TableName"], *benchmarkEvents)
	last := events[len(events)-1]
	c := root().openConsole(b)
	c.get("/") // with the first query the emulator builds its indexes, which takes seconds
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
