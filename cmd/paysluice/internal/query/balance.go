package query

import (
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// CountLag is how late CloudWatch's counts are at most. It makes them from log lines, usually
// within two minutes.
const CountLag = 5 * time.Minute

// LateAfter is the time in which an accepted event is counted as stored, also one that is stored
// at its second receive.
const LateAfter = contract.QueueVisibilitySeconds*time.Second + CountLag

// Balance compares the accepted events with what became of them.
type Balance struct {
	Accepted   int
	Stored     int
	Duplicates int
	Archived   int
	// Due is the part of Accepted for which LateAfter has passed.
	Due int
	// Missing sums, over the providers, the least number of accepted events that were not
	// counted as stored, duplicates or archived at any time of the last LateAfter. So events
	// that are accepted and stored later hide none. A provider's replayed or refilled events
	// can hide others of it, and so can counts of stored events that CloudWatch has before
	// those of accepted ones.
	Missing int
}

// NewBalance returns the balance of counts of a period that end at a time.
func NewBalance(counts []Count, until time.Time, period time.Duration) Balance {
	var b Balance
	last := until.Add(-period - LateAfter)
	for _, c := range counts {
		switch c.Metric {
		case contract.MetricAccepted:
			if b.Accepted += c.Value; !c.Start.After(last) {
				b.Due += c.Value
			}
		case contract.MetricStored:
			b.Stored += c.Value
		case contract.MetricDuplicates:
			b.Duplicates += c.Value
		case contract.MetricArchived:
			b.Archived += c.Value
		}
	}
	missing := uncounted(counts, last)
	for last.Before(until) {
		last = last.Add(period)
		for provider, n := range uncounted(counts, last) {
			missing[provider] = min(missing[provider], n)
		}
	}
	for _, n := range missing {
		b.Missing += max(n, 0)
	}
	return b
}

// uncounted returns how many events of each provider are accepted and nothing else in the
// periods that start no later than last.
func uncounted(counts []Count, last time.Time) map[string]int {
	events := map[string]int{}
	for _, c := range counts {
		if c.Start.After(last) {
			continue
		}
		switch c.Metric {
		case contract.MetricAccepted:
			events[c.Provider] += c.Value
		case contract.MetricStored, contract.MetricDuplicates, contract.MetricArchived:
			events[c.Provider] -= c.Value
		}
	}
	return events
}
