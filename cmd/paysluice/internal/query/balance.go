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
// event. Some of Duplicates and Archived were never accepted: a repeat that the processor
// recognizes, and a quarantined message. Each of them hides one missing event.
type Balance struct {
	Accepted   int
	Stored     int
	Duplicates int
	Archived   int
	// Due is the part of Accepted for which LateAfter has passed.
	Due int
	// Late is how many accepted events waited at the end of each minute of the last LateAfter, at
	// least. Those of the minute itself are left out, because the next one can store them. So
	// steady traffic hides as many late events as it has in a minute.
	Late int
	// Recovering reports whether the late events can have been stored within CountLag, without a
	// count. Just before, nothing was stored, or a backlog was.
	Recovering bool
	// Unclear reports whether the counts do not tell if all events are stored (see unclear). A
	// tenth of the events of a minute stays unseen.
	Unclear bool
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
			at.done += c.Value
			b.Stored += c.Value
		case contract.MetricDuplicates:
			at.done += c.Value
			b.Duplicates += c.Value
		case contract.MetricArchived:
			at.done += c.Value
			b.Archived += c.Value
		}
	}
	first, complete := int(due.Sub(begin)/step)+1, int(until.Add(-CountLag).Sub(begin)/step)
	first, complete = max(first, 0), max(complete, 0)
	for _, of := range flows {
		waiting := waiting(of)
		if n := late(of[first:], waiting[first:]); n > 0 {
			b.Recovering = (b.Late == 0 || b.Recovering) && recovering(of[first:complete])
			b.Late += n
		}
		b.Unclear = b.Unclear || unclear(of[:complete], waiting, max(first-1, 0))
	}
	return b
}

// flow has the counts of one provider and one step: how many events were accepted, and how many
// were stored, duplicates or archived.
type flow struct{ accepted, done int }

// waiting returns how many events waited at the end of each step. Those that waited before the
// first step are not known. They count from the step that stores them as if they never waited.
func waiting(steps []flow) []int {
	all := make([]int, len(steps))
	n := 0
	for i, s := range steps {
		n = max(n+s.accepted-s.done, 0)
		all[i] = n
	}
	return all
}

// late returns how many events that were accepted before a step waited at its end, the least of
// all steps.
func late(steps []flow, waiting []int) int {
	least := math.MaxInt
	for i, s := range steps {
		least = min(least, waiting[i]-s.accepted)
	}
	return max(least, 0)
}

// recovering reports whether the steps stored nothing, as in an outage, or a backlog. A backlog has
// more events than the steps accepted, by more than one step accepts.
func recovering(steps []flow) bool {
	accepted, done, most := 0, 0, 0
	for _, s := range steps {
		accepted, done, most = accepted+s.accepted, done+s.done, max(most, s.accepted)
	}
	return accepted > 0 && done == 0 || done > accepted+most
}

// unclear reports whether missing events can be hidden in the steps:
//   - More were stored than accepted, by more than a step accepts: a backlog of before, or
//     replayed, refilled or repeated events.
//   - More waited than a step accepts, as in an outage.
//   - Some waited at the end of each step since the last due one. A tenth of a step's events are
//     left out: an event can take up to six seconds.
func unclear(steps []flow, waiting []int, due int) bool {
	surplus, most, slow := 0, 0, len(steps) > 0
	for i, s := range steps {
		most = max(most, s.accepted)
		if i > 0 { // those of the first step can be accepted before it
			surplus += s.done - s.accepted
		}
		if surplus > most || waiting[i] > s.accepted {
			return true
		}
		slow = slow && (i < due || waiting[i] > s.accepted/10)
	}
	return slow
}
