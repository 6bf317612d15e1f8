package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/handlers/event"
)

// A page reads no more messages than it says, also for a small group or a part of a day, and
// keeps no bodies.
func TestFailuresReadsABoundedNumber(t *testing.T) {
	a := &archive{}
	for n := range countedFailures + 1 {
		a.failures = append(a.failures, failure.Failure{
			Key: fmt.Sprintf("stripe/2026/03/09/%04d.json", n), Provider: "stripe", Reason: "receives-exhausted", ArchivedAt: now.Add(-day).UnixMilli(),
			Message: []byte("message"), Payload: []byte("body"), Event: &event.Event{ReceivedAt: now.Add(-day - time.Hour).UnixMilli()},
		})
	}
	a.failures[1].Reason, a.failures[countedFailures].Reason = "conflict", "expired"
	s, _ := withArchive(t, a)

	text := page(t, s, "/failures?provider=stripe&reason=conflict&days=7")
	assert.Contains(t, text, "1–1 of 1")
	assert.Contains(t, text, "Stripe may have more.")
	assert.Contains(t, text, "--reason conflict --since 7d --limit 0 --after stripe/2026/03/09/0999.json", "after the last one that was read")
	text = page(t, s, "/failures?provider=stripe&reason=expired&days=7")
	assert.Contains(t, text, "The messages that were read have none of Stripe with the reason <code>expired</code> that was received in the last 7 days.")
	assert.Contains(t, text, "Stripe may have more.")
	text = page(t, s, "/failures?days=1")
	assert.Contains(t, text, "The messages that were read have none that was received in the last 24 hours.", "all are of the day before, an hour too old")
	assert.Contains(t, text, "Stripe may have more.")

	all, _, err := s.messages(t.Context(), "", now.Add(-day))
	require.NoError(t, err)
	require.Len(t, all, countedFailures)
	assert.Empty(t, all[0].Message)
	assert.Empty(t, all[0].Payload)
}

// The archive keeps what is stored since, so the page of a group says which messages that is.
func TestFailuresTellWhatIsStoredSince(t *testing.T) {
	a := &archive{stored: map[string]bool{}}
	for n := range shownFailures + 1 {
		a.failures = append(a.failures, failure.Failure{Key: fmt.Sprintf("stripe/2026/03/09/%04d.json", n), Provider: "stripe", Reason: "receives-exhausted", ArchivedAt: now.UnixMilli()})
	}
	s, _ := withArchive(t, a)
	const group = "/failures?provider=stripe&reason=receives-exhausted&days=7"
	says := func(want string, rows int) {
		t.Helper()
		text := page(t, s, group)
		assert.Contains(t, text, want)
		assert.Equal(t, rows, strings.Count(text, ">stored since<"))
	}
	do := explain("receives-exhausted").Do
	says("<dd>"+do+"</dd>", 0)
	a.stored[a.failures[0].Key] = true
	says("The table has 1 of the 50 messages on this page by now. A plan leaves out what the table has.", 1)
	for _, m := range a.failures {
		a.stored[m.Key] = true
	}
	says("<dd>Nothing for the messages on this page: the table has them by now. For the others: "+do+"</dd>", 50)
	says("The table has all of the 50 messages on this page by now.", 50)
	a.failures = a.failures[:2]
	says("<dd>Nothing for these messages: the table has them by now.</dd>", 2)
	assert.Contains(t, page(t, s, "/failures"), "stays in the archive; the page of its group says so.")
	a.fail["Stored"] = denied()
	says("Access denied.", 0)
}
