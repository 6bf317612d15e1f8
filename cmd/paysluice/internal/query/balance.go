package query

import (
	"math"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// CountLag is how late CloudWatch's counts are at most. It makes them from log lines, usually
// within two minutes.
const CountLag = 5 * time.Minute

// LateAfter is the time in which an accepted event is counted as stored, also one that is stored
// at its second receive.
const LateAfter = contract.QueueVisibilitySeconds*time.Second + CountLag

// Balance compares the accepted events of a window with what became of them. Counts name no
// event: they tell how many wait, not which.
type Balance struct {
	Accepted   int
	Stored     int
	Duplicates int
	Archived   int
	// Due is the part of Accepted for which LateAfter has passed.
	Due int
	// Missing is how many accepted events waited at the end of each minute of the last LateAfter,
	// at least. Those of the minute itself are left out, because the next one can store them. So
	// steady traffic hides as many missing events as it has in a minute. Stored events that
	// CloudWatch counts before the accepted ones hide as many, for CountLag.
	Missing int
	// Doubtful is Missing with only a tenth of those of the minute left out: events can take up to
	// six seconds. If more events than a minute accepts waited at some time of the window, as in
	// an outage, none are left out. Then events that are on the way are counted too.
	Doubtful int
	// Before is how many stored events were not accepted in the window, at least: a backlog of
	// before it, or replayed or refilled events. They hide missing events that were accepted
	// before they were stored, so then 0 in Missing and Doubtful proves nothing. As many as the
	// first minute accepts stay unseen.
	Before int
}

// NewBalance returns the balance of the counts of a window in steps.
func NewBalance(counts []Count, since, until time.Time, step time.Duration) Balance {
	var b Balance
	begin, due := since.Truncate(step), until.Add(-step-LateAfter)
	flows := map[string][]flow{}
	for _, c := range counts {
		if c.Start.Before(begin) || c.Start.After(until) {
			continue
		}
		of := flows[c.Provider]
		if of == nil {
			of = make([]flow, until.Sub(begin)/step+1)
			flows[c.Provider] = of
		}
		at := &of[c.Start.Sub(begin)/step]
		switch c.Metric {
		case contract.MetricAccepted:
			if at.accepted += c.Value; !c.Start.After(due) {
				b.Due += c.Value
			}
			b.Accepted += c.Value
		case contract.MetricStored:
			at.stored += c.Value
			b.Stored += c.Value
		case contract.MetricDuplicates:
			at.other += c.Value
			b.Duplicates += c.Value
		case contract.MetricArchived:
			at.other += c.Value
			b.Archived += c.Value
		}
	}
	last, complete := int(due.Sub(begin)/step), int(until.Add(-CountLag).Sub(begin)/step)
	for _, of := range flows {
		missing, doubtful := late(of, last, complete)
		b.Missing += missing
		b.Doubtful += doubtful
		b.Before += before(of[:max(complete, 0)])
	}
	return b
}

// flow has the counts of one provider and one step. Other are its duplicates and archived messages.
type flow struct{ accepted, stored, other int }

// late returns Missing and Doubtful of one provider. Events of the last due step or of one before
// can be missing. Only the first steps are counted completely. How many events waited at the
// begin is not known: late takes the smallest number that explains all stored events.
func late(steps []flow, due, complete int) (missing, doubtful int) {
	waiting, lowest, outage := 0, 0, false
	all := math.MaxInt
	missing, doubtful = all, all
	for i, s := range steps {
		waiting += s.accepted - s.stored - s.other
		lowest = min(lowest, waiting)
		n := waiting - lowest
		outage = outage || n > s.accepted && i < complete
		if i >= due {
			all, doubtful = min(all, n), min(doubtful, n-s.accepted/10)
		}
		if i > due {
			missing = min(missing, n-s.accepted)
		}
	}
	if outage {
		doubtful = all
	}
	return max(missing, 0), max(doubtful, 0)
}

// before returns how many stored events were not accepted in the same steps or before. Those of
// the first step are left out: they can be accepted just before it.
func before(steps []flow) (most int) {
	surplus := 0
	for i, s := range steps {
		if surplus -= s.accepted; i > 0 {
			surplus += s.stored
			most = max(most, surplus)
		}
	}
	return most
}
