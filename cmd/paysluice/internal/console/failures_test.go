package console

import (
	"fmt"
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
