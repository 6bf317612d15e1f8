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
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
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
	events := seed(b, stack.Outputs["TableName"], *benchmarkEvents)
	last, now := events[len(events)-1], time.Now()
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.Local)
	c := root().openConsole(b)
	c.get("/") // with the first query the emulator builds its indexes, which takes seconds
	documented := documentedCalls(b)
	for i, target := range []string{
		"/", "/events", "/events?category=payment.succeeded", "/events?until=" + today.Format("2006-01-02T15:04"), "/events?provider=stripe",
		"/event?id=" + url.QueryEscape(last.ID), "/payment?provider=" + last.Provider + "&id=" + last.PaymentID, "/failures",
	} {
		until := now.Add(10 * time.Minute) // a provider's clock may be ahead
		if strings.Contains(target, "until") {
			until = today
		}
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
			if most := documented[i] + documented[i]/8; hasPage(events, until) { // a partition with 8 events of a page is asked twice
				assert.True(b, documented[i] <= calls && calls <= most, "docs/console.md says %d calls of %s, which made %d", documented[i], target, calls)
			}
		})
	}
}

// hasPage reports whether the day that ends at a time, or contains it, has enough events for a page. Otherwise a
// page reads the days before too: after midnight, or at its end if all events are newer.
func hasPage(events []event.Event, until time.Time) bool {
	since, n := until.Add(-time.Millisecond).Truncate(24*time.Hour), 0
	for _, e := range events {
		if at := time.UnixMilli(e.Timestamp); !at.Before(since) && at.Before(until) {
			n++
		}
	}
	return n > 3*100 // a page shows 50 of one provider
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
