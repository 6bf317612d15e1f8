package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
)

// slow is the age of the oldest message from which on a queue is late.
const slow = time.Minute

// answer is the reply to one question of the overview.
type answer struct {
	Question, Word, Text string
	State                string // good, bad or unknown
	// Received is the time at which the newest event of From was received, zero if the
	// answer does not say it.
	Received  time.Time
	From      string
	Failures  bool // whether the page of failures says more
	urgent    bool // whether a person must act
	recovered bool // whether late events can be stored by now
	unproven  int  // archived messages, unless as many are proven stored
	replayed  bool // whether they are
	doubt     bool // whether a provider may have failed deliveries
}

// answers returns the replies to the questions. A fault that is known comes before what could
// not be read, and that comes before a good answer. They are about the last hour, whatever
// the charts show.
func (d *overviewData) answers() []answer {
	arriving, stored := d.arriving(), d.stored()
	return []answer{arriving, stored, d.person(arriving, stored)}
}

// count returns the sum of a provider's metrics in the last hour.
func (d *overviewData) count(provider string, metrics ...string) int {
	total := 0
	for _, c := range d.Recent.Value {
		if c.Provider == provider && slices.Contains(metrics, c.Metric) {
			total += c.Value
		}
	}
	return total
}

// unread names what could not be read.
func (d *overviewData) unread(counts, queues, alarms, replays *problem) (all []string) {
	for name, why := range map[string]*problem{"counts": counts, "queues": queues, "alarms": alarms, "replays": replays} {
		if why != nil {
			all = append(all, "The "+name+" could not be read.")
		}
	}
	slices.Sort(all)
	return all
}

// areOn returns a number of alarms and its verb.
func areOn(alarms int) string {
	if alarms == 1 {
		return "1 alarm is"
	}
	return counted(alarms, "alarm") + " are"
}

// needs names what a person must act on.
func (d *overviewData) needs(stored answer) (needs []string) {
	if firing := len(d.Alarms.Value); firing > 0 {
		needs = append(needs, areOn(firing)+" on. What to do is below.")
	}
	if dead := d.Queues.Value.DeadLetters; dead.Total() > 0 {
		does := fmt.Sprintf("If they stay, %s fails.", contract.ArchiverName)
		if dead.OldestSeconds != nil && *dead.OldestSeconds > int(slow.Seconds()) {
			does = fmt.Sprintf("The oldest has been there for %s: %s fails.", formatAge(time.Duration(*dead.OldestSeconds)*time.Second), contract.ArchiverName)
		}
		needs = append(needs, counted(dead.Total(), "message")+" in the dead-letter queue. "+does)
	}
	if stored.urgent {
		needs = append(needs, "Accepted events are not stored in time.")
	}
	if q := d.Queues.Value.Unpublished; q != nil && q.Total() > 0 {
		needs = append(needs, counted(q.Total(), "message")+" about unpublished events. paysluice failures unpublished lists them.")
	}
	if d.unreadable() {
		needs = append(needs, "Some rows of the table are not events. They are listed below.")
	}
	if stored.unproven > 0 {
		needs = append(needs, counted(stored.unproven, "message")+" went to the archive. Their page says what to do.")
	}
	return needs
}

func (d *overviewData) person(arriving, stored answer) answer {
	a := answer{Question: "Does anything need a person?", State: "bad", Word: "Yes"}
	if needs := d.needs(stored); len(needs) > 0 {
		a.Text, a.Failures = strings.Join(needs, " "), stored.unproven > 0
		return a
	}
	a.State, a.Word = "unknown", "Unknown"
	var facts []string
	if archived(d.Counts.Value) > archived(d.Recent.Value) {
		facts, a.Failures = append(facts, "Messages in the archive may wait for a replay."), true
	}
	if arriving.doubt {
		facts = append(facts, "Events may be missing: look for failed deliveries at the provider.")
	}
	if stored.recovered {
		facts = append(facts, "Late events can be stored by now. If the page says the same in "+formatAge(query.CountLag)+", look for them.")
	}
	if len(facts) > 0 {
		a.Word = "Perhaps"
	}
	facts = append(facts, d.unread(d.Counts.Problem, d.Queues.Problem, d.Alarms.Problem, nil)...)
	if a.Text = strings.Join(facts, " "); len(facts) == 0 {
		a.State, a.Word, a.Text = d.calm(stored)
	}
	return a
}

// archived returns how many messages went to the archive.
func archived(counts []query.Count) (n int) {
	for _, c := range counts {
		if c.Metric == contract.MetricArchived {
			n += c.Value
		}
	}
	return n
}

// calm is the answer if nothing is known that needs a person.
func (d *overviewData) calm(stored answer) (state, word, text string) {
	text = "the dead-letter queue is empty"
	if d.Queues.Value.Unpublished != nil {
		text = "the queues of dead letters and of unpublished events are empty"
	}
	if stored.replayed {
		text += ", and replays proved as many messages stored as went to the archive."
	} else {
		text += ", and nothing went to the archive in " + d.Span.Text + "."
	}
	if d.Unevaluated != "" {
		return "unknown", "Nothing known", d.Unevaluated + " " + sentence(text)
	}
	text = fmt.Sprintf("None of %s is on, %s", counted(d.AlarmsAll, "alarm"), text)
	if stored.replayed {
		return "unknown", "Nothing known", text
	}
	return "good", "No", text
}
