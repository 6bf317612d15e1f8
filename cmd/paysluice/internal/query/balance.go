package query

import (
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// CountLag is how late CloudWatch's counts are at most. It makes them from log lines, usually
// within two minutes.
const CountLag = 5 * time.Minute

// Balance compares the accepted events with what became of them.
type Balance struct {
	Accepted   int
	Stored     int
	Duplicates int
	Archived   int
	// Missing counts the accepted events that are neither stored nor duplicates nor
	// archived. The events of the last CountLag are left out, and a provider's replayed or
	// refilled events can hide others of it.
	Missing int
}

// NewBalance returns the balance of counts of a period that end at a time.
func NewBalance(counts []Count, until time.Time, period time.Duration) Balance {
	var b Balance
	missing := map[string]int{}
	for _, c := range counts {
		switch c.Metric {
		case contract.MetricAccepted:
			b.Accepted += c.Value
			if !c.Start.Add(period + CountLag).After(until) {
				missing[c.Provider] += c.Value
			}
			continue
		case contract.MetricStored:
			b.Stored += c.Value
		case contract.MetricDuplicates:
			b.Duplicates += c.Value
		case contract.MetricArchived:
			b.Archived += c.Value
		default:
			continue
		}
		missing[c.Provider] -= c.Value
	}
	for _, n := range missing {
		b.Missing += max(n, 0)
	}
	return b
}
