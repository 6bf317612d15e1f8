package operator_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
)

var benchmarkEvents = flag.Int("console-events", 100_000, "rows of the table while BenchmarkConsole measures pages")

// BenchmarkConsole measures the console's pages with the events of a week. aws-ms/op
// is the time with an open call to the emulator, own-ms/op the rest of the server's. A
// page that ends with yesterday reads whole days, whatever the time of the day. The calls must
// be those of docs/console.md, also with few events:
//
//	.cache/local run -- go test -run '^$' -bench Console -benchtime 20x ./test/operator
func BenchmarkConsole(b *testing.B) {
	// With the rows of a week in its stream, the publisher would keep the emulator busy.
	poll(b, contract.PublisherName, "--no-enabled")
	b.Cleanup(func() { poll(b, contract.PublisherName, "--enabled") })
	// Failures reads each message that other tests have archived.
	aws(b, "s3", "rm", "--recursive", "--only-show-errors", "s3://"+stack.Outputs["BucketName"])
	now := time.Now()
	events := seed(b, stack.Outputs["TableName"], "many", *benchmarkEvents, now)
	last, today := events[len(events)-1], now.UTC().Truncate(24*time.Hour)
	// A page of a day with too few events reads the days before too. So each day on which a page can
	// end has enough of them at its end, also tomorrow: midnight can pass.
	for n, day := range []string{"yesterday", "today", "tomorrow"} {
		seed(b, stack.Outputs["TableName"], day, 400, today.AddDate(0, 0, n))
	}
	c := root().openConsole(b)
	c.get("/") // with the first query the emulator builds its indexes, which takes seconds
	documented := documentedCalls(b)
	for i, target := range []string{
		"/", "/events", "/events?category=payment.succeeded", "/events?until=" + today.Format("2006-01-02T15:04Z07:00"), "/events?provider=stripe",
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
			most := documented[i] + documented[i]/8 // a partition with 8 events of a page is asked twice
			assert.True(b, documented[i] <= calls && calls <= most, "docs/console.md says %d calls of %s, which made %d", documented[i], target, calls)
		})
	}
}

// documentedCalls returns the last column of the table of docs/console.md.
func documentedCalls(tb testing.TB) (calls []int) {
	tb.Helper()
	root, err := emulator.Root()
	require.NoError(tb, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "console.md"))
	require.NoError(tb, err)
	for _, row := range regexp.MustCompile(`(?m)^\|[^|]+\|[^|]+\|[^|]+\| (\d+) \|$`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(row[1])
		require.NoError(tb, err)
		calls = append(calls, n)
	}
	require.Len(tb, calls, 8)
	return calls
}
