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
	Received time.Time
	From     string
	Failures bool // whether the page of failures says more
	urgent   bool // whether a person must act
	doubt    bool // whether a provider may have failed deliveries
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

// intake says what the counts of the last hour tell about the requests.
type intake struct {
	accepted []string // for each provider
	refused  []string // of providers without an accepted request, or with a secret that cannot be used
	doubtful []string // of the others: requests that anybody can have sent
	none     []string // providers that have events, but sent nothing that counts
	stray    int      // rejected requests without a signature, of providers that have no other
}

func (d *overviewData) intake() intake {
	var in intake
	for _, row := range d.Providers {
		p := row.Provider
		accepted := d.count(p.Name, contract.MetricAccepted, contract.MetricQuarantined)
		if accepted > 0 {
			in.accepted = append(in.accepted, formatNumber(accepted)+" of "+p.Title)
		}
		fault, broken := d.fault(p.Name)
		switch {
		case fault != "" && accepted == 0:
			in.refused = append(in.refused, p.Title+": no request was accepted, "+fault)
		case broken:
			in.refused = append(in.refused, p.Title+": "+fault)
		case fault != "":
			in.doubtful = append(in.doubtful, p.Title+": "+fault)
		case accepted == 0:
			in.stray += d.count(p.Name, contract.MetricRejected)
			if row.Last() != nil {
				in.none = append(in.none, p.Title)
			}
		}
	}
	return in
}

// fault says how many requests with a signature were not accepted, "" without one. broken
// reports whether a secret could not be used. Anybody can cause the other faults: with another
// certificate, or a false signature.
func (d *overviewData) fault(provider string) (text string, broken bool) {
	unusable := d.count(provider, contract.MetricNotConfigured, contract.MetricSecretUnavailable)
	unavailable := unusable + d.count(provider, contract.MetricUndecided)
	// Unaccepted counts these two as well.
	rejected := d.count(provider, contract.MetricUnaccepted) - d.count(provider, contract.MetricNotConfigured, contract.MetricUndecided)
	var facts []string
	if unavailable > 0 {
		facts = append(facts, formatNumber(unavailable)+" answered 503")
	}
	if rejected > 0 {
		facts = append(facts, formatNumber(rejected)+" rejected as not authentic")
	}
	cause := ". A signing secret may be wrong."
	switch {
	case len(facts) == 0:
		return "", false
	case unavailable > 0:
		cause = ". A secret or a certificate is missing or wrong."
	}
	return strings.Join(facts, ", ") + cause, unusable > 0
}

// arriving answers from the counts: a row can also be new because it was refilled from the
// provider's API.
func (d *overviewData) arriving() answer {
	a := answer{Question: "Do events arrive?", State: "unknown", Word: "Unknown"}
	denied := false
	for _, p := range d.Providers {
		denied = denied || p.Events.Problem != nil || p.Unreadable != nil
		if e := p.Last(); e != nil && time.UnixMilli(e.ReceivedAt).After(a.Received) {
			a.Received, a.From = time.UnixMilli(e.ReceivedAt), p.Provider.Title
		}
	}
	in := d.intake()
	var facts []string
	switch {
	case d.Recent.Problem != nil:
		facts = append(facts, "The counts could not be read.")
	case len(in.accepted)+len(in.refused) == 0:
		facts = append(facts, "No request was accepted in the last hour.")
	}
	facts = append(facts, in.refused...)
	if len(in.accepted) > 0 {
		facts = append(facts, "Accepted in the last hour: "+strings.Join(in.accepted, ", ")+".")
		if len(in.none) > 0 {
			facts = append(facts, "None of "+strings.Join(in.none, ", ")+".")
		}
		facts = append(facts, in.doubtful...)
	}
	if in.stray > 0 && len(in.accepted) == 0 {
		facts = append(facts, counted(in.stray, "request")+" without a signature: of strangers, or of paysluice doctor.")
	}
	known := !a.Received.IsZero()
	switch {
	case len(in.refused) > 0 && len(in.accepted) > 0:
		a.State, a.Word = "bad", "Not all"
	case len(in.refused) > 0:
		a.State, a.Word = "bad", "No"
	case d.Recent.Problem != nil:
	case len(in.accepted) > 0:
		a.State, a.Word = "good", "Yes"
	case known && d.At.Sub(a.Received) < query.CountLag:
		a.Word = "Perhaps"
		facts = append(facts, "The counts do not have the newest event yet, or it was read from the provider's API.")
	case known || denied:
		a.State, a.Word = "bad", "Quiet"
	default:
		a.Word = "None yet"
		if d.At.Sub(d.Created) > query.DefaultWindow {
			a.State, a.Word = "bad", "None"
		}
		facts = append(facts, "The table has no event of the last seven days.")
	}
	if !known && denied {
		facts = append(facts, "The events could not be read.")
	}
	a.Text, a.doubt = strings.Join(facts, " "), a.State == "bad" || len(in.doubtful) > 0
	return a
}

func (d *overviewData) stored() answer {
	a := answer{Question: "Are they stored?", State: "unknown", Word: "Unknown"}
	b := query.NewBalance(d.Recent.Value, d.At, d.Spans[0].step)
	queue, dead := d.Queues.Value.Queue, d.Queues.Value.DeadLetters.Total()
	waiting := queue.Total()
	late := queue.OldestSeconds != nil && *queue.OldestSeconds > int(slow.Seconds())
	lost := b.Missing - waiting - dead
	failed := dead+b.Archived > 0
	uncounted := b.Accepted > 0 && b.Stored+b.Duplicates == 0
	none := uncounted && b.Due > 0
	var facts []string
	say := func(n int, noun, format string, args ...any) {
		if n > 0 {
			facts = append(facts, counted(n, noun)+fmt.Sprintf(format, args...))
		}
	}
	delay := fmt.Sprintf(" The counts can be %s late.", formatAge(query.CountLag))
	if none || uncounted && failed {
		say(b.Due, "event", " accepted more than %s ago, none counted as stored.", formatAge(query.LateAfter))
		say(b.Accepted-b.Due, "event", " accepted in the last %s, none counted as stored yet.%s", formatAge(query.LateAfter), delay)
	}
	say(dead, "message", " in the dead-letter queue.")
	say(b.Archived, "message", " went to the archive in the last hour.")
	switch {
	case late:
		say(waiting, "event", " in the queue, the oldest for %s.", formatAge(time.Duration(*queue.OldestSeconds)*time.Second))
	case queue.OldestSeconds == nil:
		say(waiting, "event", " in the queue. The age of the oldest is not known.")
	default:
		say(waiting, "event", " in the queue.")
	}
	place := ", and in no queue"
	if d.Queues.Problem != nil {
		place = ""
	}
	say(lost, "accepted event", " not counted as stored or archived for %s%s.%s", formatAge(query.LateAfter), place, delay)
	a.Failures = b.Archived > 0
	a.urgent = none || late || b.Missing > 0
	unread := d.unread(d.Recent.Problem, d.Queues.Problem, nil)
	facts = append(facts, unread...)
	switch {
	case none:
		a.State, a.Word = "bad", "None"
	case failed || lost > 0:
		a.State, a.Word = "bad", "Not all"
	case a.urgent:
		a.State, a.Word = "bad", "Delayed"
	case len(unread) > 0:
	case waiting > 0:
		a.Word = "In progress"
		if queue.OldestSeconds != nil {
			a.State = "good"
		}
	case b.Accepted+b.Stored+b.Duplicates == 0:
		a.Word = "Nothing new"
		facts = append(facts, "No event was accepted in the last hour, and none waits in a queue.")
	case uncounted:
		a.Word = "Perhaps"
		facts = append(facts, counted(b.Accepted, "event")+" accepted in the last hour, none counted as stored, and none waits in a queue."+delay)
	default:
		a.State, a.Word = "good", "Yes"
		again := ""
		if b.Duplicates > 0 {
			again = fmt.Sprintf(" and %s sent again", formatNumber(b.Duplicates))
		}
		facts = append(facts, fmt.Sprintf("%s stored%s in the last hour, and none waits in a queue.", counted(b.Stored, "event"), again))
	}
	a.Text = strings.Join(facts, " ")
	return a
}

// unread names what could not be read.
func (d *overviewData) unread(counts, queues, alarms *problem) (all []string) {
	for name, why := range map[string]*problem{"counts": counts, "queues": queues, "alarms": alarms} {
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
	return needs
}

func (d *overviewData) person(arriving, stored answer) answer {
	a := answer{Question: "Does anything need a person?", State: "bad", Word: "Yes"}
	if needs := d.needs(stored); len(needs) > 0 {
		a.Text = strings.Join(needs, " ")
		return a
	}
	a.State, a.Word = "unknown", "Unknown"
	var facts []string
	if slices.ContainsFunc(d.Counts.Value, func(c query.Count) bool { return c.Metric == contract.MetricArchived && c.Value > 0 }) {
		facts, a.Failures = append(facts, "Messages in the archive may wait for a replay."), true
	}
	if arriving.doubt {
		facts = append(facts, "Events may be missing: look for failed deliveries at the provider.")
	}
	if len(facts) > 0 {
		a.Word = "Perhaps"
	}
	unread := d.unread(d.Counts.Problem, d.Queues.Problem, d.Alarms.Problem)
	if facts = append(facts, unread...); len(facts) == 0 {
		a.State, a.Word = "good", "No"
		empty := "the dead-letter queue is empty"
		if d.Queues.Value.Unpublished != nil {
			empty = "the queues of dead letters and of unpublished events are empty"
		}
		facts = append(facts, fmt.Sprintf("None of %s is on, %s, and nothing went to the archive in %s.", counted(d.AlarmsAll, "alarm"), empty, d.Span.Text))
	}
	a.Text = strings.Join(facts, " ")
	return a
}
