package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
)

// storing compares the counts of the last hour with the queues.
type storing struct {
	query.Balance
	queue     query.Queue
	waiting   int       // events in queue
	dead      int       // messages in the dead-letter queue
	lost      int       // accepted events that are in no queue
	recovered bool      // whether late events can have left the queue just now
	late      bool      // whether the oldest event has waited for too long
	replayed  time.Time // of the last proof, if as many messages are proven stored as were archived
	failed    bool      // whether messages could not be stored
	uncounted bool      // whether none of the accepted events is counted as stored
	none      bool      // whether it should be
}

func (d *overviewData) storing() storing {
	hour := d.Spans[0]
	s := storing{
		Balance: query.NewBalance(d.Recent.Value, d.At.Add(-hour.length), d.At, hour.step),
		queue:   d.Queues.Value.Queue, dead: d.Queues.Value.DeadLetters.Total(),
	}
	s.waiting = s.queue.Total()
	s.late = s.queue.OldestSeconds != nil && *s.queue.OldestSeconds > int(slow.Seconds())
	s.recovered = s.Recovering && !s.late && (s.waiting == 0 || s.queue.OldestSeconds != nil)
	if !s.Recovering {
		s.lost = s.Late - s.waiting - s.dead
	}
	s.replayed = d.replayed().In(d.At.Location())
	s.failed = s.dead > 0 || s.unproven() > 0
	s.uncounted = s.Accepted > 0 && s.Stored+s.Duplicates == 0
	s.none = s.uncounted && s.Due > 0
	return s
}

// replayed returns when a replay last proved messages stored, if for each minute and provider as
// many are proven as were archived since then. It is zero if not. A replay can have older messages
// instead, so that is no proof that all are stored.
func (d *overviewData) replayed() (at time.Time) {
	archived := slices.DeleteFunc(slices.Clone(d.Recent.Value), func(c query.Count) bool { return c.Metric != contract.MetricArchived })
	for _, from := range archived {
		left := 0
		for _, c := range archived {
			if c.Provider == from.Provider && !c.Start.Before(from.Start) {
				left += c.Value
			}
		}
		for _, run := range d.Runs.Value {
			if n := run.Recovered(from.Provider); n > 0 && run.StartedAt.After(from.Start) {
				left -= n
				if at.Before(run.Proof.At) {
					at = run.Proof.At
				}
			}
		}
		if left > 0 {
			return time.Time{}
		}
	}
	return at
}

// unproven returns the number of archived messages, unless replays proved as many stored.
func (s storing) unproven() int {
	if s.replayed.IsZero() {
		return s.Archived
	}
	return 0
}

// delay warns of late counts.
func delay() string { return fmt.Sprintf(" The counts can be %s late.", formatAge(query.CountLag)) }

// proven says that replays proved messages stored, "" if too few.
func (s storing) proven() string {
	if s.replayed.IsZero() {
		return ""
	}
	return " Replays proved as many stored, the last at " + s.replayed.Format("15:04") + "."
}

// faults returns sentences about events that are not stored. read reports whether the queues
// could be read.
func (s storing) faults(read bool) (facts []string) {
	say := func(n int, noun, format string, args ...any) {
		if n > 0 {
			facts = append(facts, counted(n, noun)+fmt.Sprintf(format, args...))
		}
	}
	after := formatAge(query.LateAfter)
	if s.none || s.uncounted && s.failed {
		say(s.Due, "event", " accepted more than %s ago, none counted as stored.", after)
		say(s.Accepted-s.Due, "event", " accepted in the last %s, none counted as stored yet.%s", after, delay())
	}
	say(s.dead, "message", " in the dead-letter queue.")
	say(s.Archived, "message", " went to the archive in the last hour.%s", s.proven())
	switch {
	case s.late:
		say(s.waiting, "event", " in the queue, the oldest for %s.", formatAge(time.Duration(*s.queue.OldestSeconds)*time.Second))
	case s.queue.OldestSeconds == nil:
		say(s.waiting, "event", " in the queue. The age of the oldest is not known.")
	default:
		say(s.waiting, "event", " in the queue.")
	}
	place := ""
	if read {
		place = ", and in no queue"
	}
	say(s.lost, "accepted event", " not counted as stored or archived for %s%s.%s", after, place, delay())
	if s.recovered {
		say(s.Late, "accepted event", " waited for %s, and can be stored by now.%s", after, delay())
	}
	return facts
}

// settled is the answer when nothing failed and the queues are empty.
func (s storing) settled() (state, word, text string) {
	again := ""
	if s.Duplicates > 0 {
		again = fmt.Sprintf(" and %s sent again", formatNumber(s.Duplicates))
	}
	text = fmt.Sprintf("%s stored%s in the last hour, and none waits in a queue.", counted(s.Stored, "event"), again)
	switch {
	case s.Accepted+s.Stored+s.Duplicates == 0:
		return "unknown", "Nothing new", "No event was accepted in the last hour, and none waits in a queue."
	case s.uncounted:
		return "unknown", "Perhaps", counted(s.Accepted, "event") + " accepted in the last hour, none counted as stored, and none waits in a queue." + delay()
	}
	return "good", "Yes", text
}

func (d *overviewData) stored() answer {
	a := answer{Question: "Are they stored?", State: "unknown", Word: "Unknown"}
	s := d.storing()
	a.Failures, a.unproven, a.replayed = s.Archived > 0, s.unproven(), !s.replayed.IsZero()
	a.urgent, a.recovered = s.none || s.late || s.Late > 0 && !s.recovered, s.recovered
	facts := s.faults(d.Queues.Problem == nil)
	var replays *problem
	if s.Archived > 0 {
		replays = d.Runs.Problem
	}
	unread := d.unread(d.Recent.Problem, d.Queues.Problem, nil, replays)
	facts = append(facts, unread...)
	switch {
	case s.none:
		a.State, a.Word = "bad", "None"
	case s.failed || s.lost > 0:
		a.State, a.Word = "bad", "Not all"
	case a.urgent || s.recovered:
		a.State, a.Word = "bad", "Delayed"
	case len(unread) > 0:
	case a.replayed:
		a.Word = "Replayed"
	case s.Unclear:
		a.Word = "Perhaps"
		facts = append(facts, "The counts do not tell whether all events of the last hour are stored: some waited for long, or older, replayed or repeated ones are counted with them."+delay())
	case s.waiting > 0:
		a.Word = "In progress"
		if s.queue.OldestSeconds != nil {
			a.State = "good"
		}
	default:
		var text string
		a.State, a.Word, text = s.settled()
		facts = append(facts, text)
	}
	a.Text = strings.Join(facts, " ")
	return a
}
