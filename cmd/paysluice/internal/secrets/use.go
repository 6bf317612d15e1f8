package secrets

import (
	"iter"
	"time"

	"github.com/paysluice/paysluice/handlers/event"
)

// maxExamined bounds the events that Uses reads.
const maxExamined = 10_000

// Use says what the entries with a label have verified lately. The table has the
// label of an event's entry, so entries that share a label share their use.
type Use struct {
	Events int // among those examined
	Last   time.Time
	LastID string
}

// Uses summarises events, newest first, by the label of the entry that verified
// them.
type Uses struct {
	ByLabel  map[string]Use
	Examined int
	Oldest   time.Time // of the examined events
	// Complete reports whether all events were examined.
	Complete bool
}

// Summarize reads at most 10,000 events.
func Summarize(events iter.Seq2[event.Event, error]) (Uses, error) {
	u := Uses{ByLabel: map[string]Use{}, Complete: true}
	for e, err := range events {
		if err != nil {
			return Uses{}, err
		}
		if u.Examined == maxExamined {
			u.Complete = false
			break
		}
		u.Examined++
		received := time.UnixMilli(e.ReceivedAt).UTC()
		if u.Oldest.IsZero() || received.Before(u.Oldest) {
			u.Oldest = received
		}
		use := u.ByLabel[e.Endpoint]
		use.Events++
		if received.After(use.Last) {
			use.Last, use.LastID = received, e.ID
		}
		u.ByLabel[e.Endpoint] = use
	}
	return u, nil
}
