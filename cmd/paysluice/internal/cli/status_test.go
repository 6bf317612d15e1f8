package cli

import (
	"bytes"
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
			{Provider: "stripe", Last: &event.Event{ReceivedAt: now.Add(-3 * time.Minute).UnixMilli()}, Counts: map[string]int{"Accepted": 12, "Stored": 11}},
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
	var out, stderr bytes.Buffer
	status.Alarms, status.Providers[1].Unreadable = nil, []string{"row of paypal:\x1b1"}
	require.NoError(t, (&app{out: &out, format: output.Table}).printStatus(status))
	assert.Contains(t, out.String(), "\nNo alarm fires.\n")
	assert.Contains(t, out.String(), "\nleft out: row of paypal:\\x1b1\n")
	require.NoError(t, (&app{out: &out, err: &stderr, format: output.CSV}).printStatus(status))
	assert.Equal(t, "left out: row of paypal:\\x1b1\n", stderr.String())
}

func TestPrintTraceOfARowThatIsNoEvent(t *testing.T) {
	for _, trace := range []query.Trace{{IDs: []string{"stripe:1"}, Unreadable: true}, {IDs: []string{"stripe:1"}, Unreadable: true, Stored: true}} {
		var out, stderr bytes.Buffer
		assert.ErrorIs(t, (&app{out: &out, err: &stderr, format: output.Table}).printTrace(trace), errFound)
		assert.Contains(t, stderr.String(), "stored; ids: stripe:1\na row of the table is not an event\n")
	}
}

func TestFormatAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 90 * time.Second: "90 s", 5 * time.Minute: "5 min", 26 * time.Hour: "26 h", 72 * time.Hour: "3 d",
	} {
		assert.Equal(t, want, formatAge(d))
	}
}
