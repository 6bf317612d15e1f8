package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

func TestPrintStatus(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	status := query.Status{
		Stack: "paysluice-prod", At: now,
		Providers: []query.ProviderStatus{
			{Provider: "stripe", Last: &query.Listed{Event: event.Event{ReceivedAt: now.Add(-3 * time.Minute).UnixMilli()}}, Counts: map[string]int{"Accepted": 12, "Stored": 11}},
			{Provider: "paypal", Hints: []query.Hint{{Text: "body_end (proven): The signature is right for the body without the white space at its end.", Count: 3}}},
		},
		QueueStates: query.QueueStates{
			Queue:       query.Queue{Name: "webhook-queue-prod", Waiting: 3, Delayed: 1, InFlight: 2, OldestSeconds: new(180)},
			DeadLetters: query.Queue{Name: "webhook-dlq-prod"},
		},
		Alarms: []query.Alarm{
			{Name: "page-intake-prod", Pages: true, Since: now.Add(-3 * time.Hour), Means: strings.Repeat("Requests fail. ", 8), Do: "Read the log."},
			{Name: "ticket-conflicts-prod", Since: now.Add(-72 * time.Hour)},
		},
	}
	for format, want := range map[output.Format]string{
		output.Table: `paysluice-prod, 2026-03-01T12:00:00Z

PROVIDER  LAST EVENT  ACCEPTED  REJECTED  STORED  DUPLICATES  ARCHIVED
stripe    3 min ago         12         0      11           0         0
paypal    none               0         0       0           0         0

paypal rejected 3: body_end (proven): The signature is right for the body
                   without the white space at its end.
webhook-queue-prod: 4 waiting, 2 in flight, oldest 3 min
webhook-dlq-prod: 0 waiting, 0 in flight

PAGE page-intake-prod since 3 h
  means  Requests fail. Requests fail. Requests fail. Requests fail. Requests
         fail. Requests fail. Requests fail. Requests fail.
  do     Read the log.
TICKET ticket-conflicts-prod since 3 d
  means
  do
`,
		output.CSV: "provider,lastEvent,accepted,rejected,stored,duplicates,archived\nstripe,2026-03-01T11:57:00Z,12,0,11,0,0\npaypal,,0,0,0,0,0\n",
	} {
		var out bytes.Buffer
		require.NoError(t, (&app{out: &out, format: format}).printStatus(status))
		assert.Equal(t, want, out.String())
		assert.ErrorIs(t, (&app{out: broken{}, format: format}).printStatus(status), errBroken)
	}
	var text bytes.Buffer
	require.NoError(t, (&app{out: &text, format: output.JSON}).printStatus(status))
	assert.NotContains(t, text.String(), `"schema"`, "the index does not have it")
	var out, stderr bytes.Buffer
	status.Alarms, status.Providers[1].Unreadable = nil, []string{"row of paypal:\x1b1"}
	status.Providers[1].MoreUnreadable, status.Late, status.Missing, status.Unclear = 2, 5_001, 5_000, true
	require.NoError(t, (&app{out: &out, format: output.Table}).printStatus(status))
	assert.Contains(t, out.String(), "\nNo alarm fires.\n")
	status.Unevaluated = "An emulator evaluates no alarm."
	out.Reset()
	require.NoError(t, (&app{out: &out, format: output.Table}).printStatus(status))
	assert.NotContains(t, out.String(), "No alarm fires")
	assert.Contains(t, out.String(), "\nAn emulator evaluates no alarm.\n")
	assert.Contains(t, out.String(), "\nlate: at least 5001 accepted events not counted as stored or archived for 10 min; CloudWatch counts up to 5 min late\nmissing: at least 5000 of them in no queue\nnote: the counts do not tell whether all events of the hour are stored\nleft out: row of paypal:\\x1b1\nleft out: 2 other rows of paypal: paysluice events list names them\n")
	require.NoError(t, (&app{out: &out, err: &stderr, format: output.CSV}).printStatus(status))
	assert.Contains(t, stderr.String(), "late: at least 5001 accepted events not counted as stored or archived for 10 min; CloudWatch counts up to 5 min late\nmissing: at least 5000 of them in no queue\nnote: the counts do not tell whether all events of the hour are stored\nleft out: row of paypal:\\x1b1\n")
}

func TestPrintTraceOfARowThatIsNoEvent(t *testing.T) {
	for _, trace := range []query.Trace{{IDs: []string{"stripe:1"}, Unreadable: true}, {IDs: []string{"stripe:1"}, Unreadable: true, Stored: true}} {
		var out, stderr bytes.Buffer
		assert.ErrorIs(t, (&app{out: &out, err: &stderr, format: output.Table}).printTrace(trace), errFound)
		assert.Contains(t, stderr.String(), "stored; ids: stripe:1\na row of the table is not an event\n")
	}
}

func TestWatchStatus(t *testing.T) {
	for _, row := range []struct {
		why      string
		format   output.Format
		terminal bool
		before   []string // each status
	}{
		{"a terminal shows only the last one", output.Table, true, []string{clearScreen, clearScreen}},
		{"a file has no escapes", output.Table, false, []string{"", "\n"}},
		{"one object a line", output.NDJSON, true, []string{"", ""}},
	} {
		var out, problems, want bytes.Buffer
		a := &app{out: &out, err: &problems, format: row.format}
		ctx, cancel := context.WithCancel(t.Context())
		reads := 0
		err := a.watchStatus(ctx, func(context.Context) (query.Status, error) {
			switch reads++; reads {
			case 2:
				return query.Status{}, errors.Join(errBroken, errors.New("another"))
			case 4:
				cancel()
				return query.Status{}, context.Canceled
			}
			return query.Status{Stack: "s"}, nil
		}, time.Millisecond, row.terminal)
		require.ErrorIs(t, err, context.Canceled, row.why)
		assert.Equal(t, "closed pipe; another; the next attempt is in 1ms\n", problems.String(), "a failed read does not end it")
		for _, before := range row.before {
			want.WriteString(before)
			require.NoError(t, (&app{out: &want, format: row.format}).printStatus(query.Status{Stack: "s"}))
		}
		assert.Equal(t, want.String(), out.String(), row.why)
	}
	read := func(context.Context) (query.Status, error) { return query.Status{}, nil }
	assert.ErrorIs(t, (&app{out: broken{}, format: output.NDJSON}).watchStatus(t.Context(), read, time.Hour, false), errBroken)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, (&app{out: io.Discard}).watchStatus(ctx, read, time.Hour, false), context.DeadlineExceeded, "an interrupt between two reads")
	for _, format := range []string{"json", "csv"} {
		var problems bytes.Buffer
		assert.Equal(t, exitUsage, Run(t.Context(), []string{"status", "--watch", "-o", format}, nil, io.Discard, &problems))
		assert.Contains(t, problems.String(), "use -o ndjson instead of "+format)
	}
}

func TestFormatAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 90 * time.Second: "90 s", 5 * time.Minute: "5 min", 26 * time.Hour: "26 h", 72 * time.Hour: "3 d",
	} {
		assert.Equal(t, want, formatAge(d))
	}
}
