package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// sampled is the number of events of a provider whose delays the overview measures.
const sampled = 50

// quiet is the age of the last event after which the overview no longer says that
// events arrive.
const quiet = time.Hour

// span is a period of the charts. Its steps are multiples of a minute, which
// CloudWatch needs.
type span struct {
	Name, Text   string
	length, step time.Duration
}

func spans() []span {
	return []span{
		{"hour", "the last hour", time.Hour, time.Minute},
		{"day", "the last day", 24 * time.Hour, 30 * time.Minute},
		{"week", "the last week", 7 * 24 * time.Hour, 2 * time.Hour},
	}
}

// answer is the reply to one question of the overview.
type answer struct {
	Question, Word, Text string
	State                string // good, bad or unknown
	Failures             bool   // whether the page of failures says more
}

// overviewData is what the overview shows.
type overviewData struct {
	Span      span
	Spans     []span
	Answers   []answer
	Metrics   []metric
	Providers []providerRow
	Counts    section[[]query.Count]
	Queues    section[query.QueueStates]
	Alarms    section[[]query.Alarm] // that fire
	AlarmsAll int
}

// metric is a column of the overview.
type metric struct{ Name, Text, Help string }

func metrics() []metric {
	return []metric{
		{contract.MetricAccepted, "Accepted", "answered 200 and queued"},
		{contract.MetricRejected, "Rejected", "refused as not authentic"},
		{contract.MetricStored, "Stored", "new in the table"},
		{contract.MetricDuplicates, "Duplicates", "sent again by the provider"},
		{contract.MetricArchived, "Failed", "in the archive: failed three times, or no event that can be stored"},
	}
}

// providerRow is what the overview shows about a provider.
type providerRow struct {
	Provider contract.Provider
	Events   section[[]event.Event] // the newest
	// Unreadable names the newer rows that are not events, nil without one.
	Unreadable *problem
	P50, P99   time.Duration // from the provider's time to the receipt
	Charts     []chart
}

// overview shows whether events arrive and are stored, and what needs a person.
func (s *Server) overview(r *http.Request) (view, error) {
	data := overviewData{Spans: spans(), Metrics: metrics()}
	chosen := slices.IndexFunc(data.Spans, func(s span) bool { return s.Name == cmp.Or(r.URL.Query().Get("period"), "hour") })
	if chosen < 0 {
		return view{}, fmt.Errorf("%w: period is hour, day or week", errRequest)
	}
	data.Span = data.Spans[chosen]
	now := s.Now()
	s.readOverview(r.Context(), &data, now)
	for i := range data.Providers {
		p := &data.Providers[i]
		p.P50, p.P99 = delays(p.Events.Value)
		for _, m := range data.Metrics {
			p.Charts = append(p.Charts, newChart(m, p.Provider.Name, data.Counts.Value, now, data.Span))
		}
	}
	data.Answers = []answer{data.arriving(now), data.stored(), data.person()}
	return view{page: "overview", title: "Overview", data: &data}, nil
}

// readOverview reads all sections at a time. A section that fails leaves the others
// alone.
func (s *Server) readOverview(ctx context.Context, data *overviewData, now time.Time) {
	var all errgroup.Group
	all.Go(func() error {
		data.Counts = read(s.Monitor.Counts(ctx, now.Add(-data.Span.length), now, data.Span.step))
		return nil
	})
	all.Go(func() error {
		data.Queues = read(s.Monitor.QueueStates(ctx))
		return nil
	})
	all.Go(func() error {
		alarms, err := s.Monitor.Alarms(ctx)
		data.AlarmsAll = len(alarms)
		data.Alarms = read(slices.DeleteFunc(alarms, func(a query.Alarm) bool { return !a.Firing() }), err)
		return nil
	})
	data.Providers = make([]providerRow, len(providers()))
	for i, p := range providers() {
		all.Go(func() error {
			row := &data.Providers[i]
			row.Provider = p
			found, unreadable, err := collect(s.Store.Events(ctx, query.Filter{Provider: p.Name, Until: query.EndOfDay(s.Now()), Limit: sampled}), nil)
			row.Events, row.Unreadable = read(found, err), read(0, unreadable).Problem
			return nil
		})
	}
	_ = all.Wait() // each section keeps its own error
}

// AllQueues returns the queues in the order of the page.
func (d *overviewData) AllQueues() []query.Queue {
	all := []query.Queue{d.Queues.Value.Queue, d.Queues.Value.DeadLetters}
	if unpublished := d.Queues.Value.Unpublished; unpublished != nil {
		all = append(all, *unpublished)
	}
	return all
}

// EventProblems returns why providers' events cannot be read, each reason once.
func (d *overviewData) EventProblems() []*problem {
	var all []*problem
	for _, p := range d.Providers {
		for _, why := range []*problem{p.Events.Problem, p.Unreadable} {
			if why != nil && !slices.ContainsFunc(all, func(other *problem) bool { return other.Text == why.Text }) {
				all = append(all, why)
			}
		}
	}
	return all
}

// unreadable reports whether a provider has rows that are not events.
func (d *overviewData) unreadable() bool {
	return slices.ContainsFunc(d.Providers, func(p providerRow) bool { return p.Unreadable != nil })
}

// Last returns the newest event, nil without one.
func (p providerRow) Last() *event.Event {
	if len(p.Events.Value) == 0 {
		return nil
	}
	return &p.Events.Value[0]
}

// delays returns the median and the 99th percentile of the time between the
// provider's time and the receipt.
func delays(events []event.Event) (p50, p99 time.Duration) {
	var all []time.Duration
	for _, e := range events {
		if e.Timestamp != 0 {
			all = append(all, time.Duration(e.ReceivedAt-e.Timestamp)*time.Millisecond)
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[(len(all)-1)/2], all[(len(all)*99+99)/100-1]
}

// sum returns a metric's count of all providers.
func (d *overviewData) sum(metric string) int {
	total := 0
	for _, c := range d.Counts.Value {
		if c.Metric == metric {
			total += c.Value
		}
	}
	return total
}

func (d *overviewData) arriving(now time.Time) answer {
	a := answer{Question: "Do events arrive?", State: "unknown", Word: "Unknown"}
	var last *event.Event
	denied := false
	for _, p := range d.Providers {
		denied = denied || p.Events.Problem != nil || p.Unreadable != nil
		if e := p.Last(); e != nil && (last == nil || e.ReceivedAt > last.ReceivedAt) {
			last = e
		}
	}
	rejected := d.sum(contract.MetricRejected)
	switch {
	case rejected > 0 && d.Counts.Problem == nil && d.sum(contract.MetricAccepted) == 0:
		a.State, a.Word = "bad", "No"
		a.Text = fmt.Sprintf("Each of %s in %s was rejected as not authentic. A signing secret may be wrong.", counted(rejected, "request"), d.Span.Text)
	case last != nil:
		age := now.Sub(time.UnixMilli(last.ReceivedAt))
		a.State, a.Word = "good", "Yes"
		if age > quiet {
			a.State, a.Word = "bad", "Quiet"
		}
		a.Text = fmt.Sprintf("%s sent the last stored event %s ago.", title(last.Provider), formatAge(age))
	case denied:
		a.Text = "The events could not be read."
	default:
		a.Word = "None yet"
		a.Text = "The table has no event of the last seven days."
	}
	return a
}

func (d *overviewData) stored() answer {
	a := answer{Question: "Are they stored?", State: "unknown", Word: "Unknown"}
	switch {
	case d.Counts.Problem != nil:
		a.Text = "The counts could not be read."
		return a
	case d.Queues.Problem != nil:
		a.Text = "The queues could not be read."
		return a
	}
	accepted, stored, duplicates, failed := d.sum(contract.MetricAccepted), d.sum(contract.MetricStored), d.sum(contract.MetricDuplicates), d.sum(contract.MetricArchived)
	main := d.Queues.Value.Queue
	waiting := main.Waiting + main.InFlight + main.Delayed
	switch {
	case failed > 0:
		a.State, a.Word = "bad", "Not all"
		a.Text, a.Failures = fmt.Sprintf("%s went to the archive in %s.", counted(failed, "message"), d.Span.Text), true
	case waiting > 0:
		a.State, a.Word = "good", "In progress"
		a.Text = fmt.Sprintf("%s in the queue.", counted(waiting, "event"))
		if main.OldestSeconds != nil && *main.OldestSeconds > int(slow.Seconds()) {
			a.State, a.Word = "bad", "Delayed"
			a.Text = fmt.Sprintf("%s in the queue, the oldest for %s.", counted(waiting, "event"), formatAge(time.Duration(*main.OldestSeconds)*time.Second))
		}
	case accepted+stored+duplicates == 0:
		a.Word = "Nothing new"
		a.Text = fmt.Sprintf("No event was accepted in %s, and none waits in the queue.", d.Span.Text)
	default:
		a.State, a.Word = "good", "Yes"
		a.Text = fmt.Sprintf("%s stored in %s, and none waits in the queue.", counted(stored, "event"), d.Span.Text)
	}
	return a
}

// areOn returns a number of alarms and its verb.
func areOn(alarms int) string {
	if alarms == 1 {
		return "1 alarm is"
	}
	return counted(alarms, "alarm") + " are"
}

// slow is the age of the oldest message from which on the queue is late.
const slow = time.Minute

func (d *overviewData) person() answer {
	a := answer{Question: "Does anything need a person?", State: "bad", Word: "Yes"}
	var needs []string
	if firing := len(d.Alarms.Value); firing > 0 {
		needs = append(needs, areOn(firing)+" on. What to do is below.")
	}
	if dead := d.Queues.Value.DeadLetters.Waiting; dead > 0 {
		needs = append(needs, counted(dead, "message")+" in the dead-letter queue. The archiver moves them to the archive.")
	}
	if q := d.Queues.Value.Unpublished; q != nil && q.Waiting > 0 {
		needs = append(needs, counted(q.Waiting, "message")+" about unpublished events. paysluice failures unpublished lists them.")
	}
	if d.unreadable() {
		needs = append(needs, "Some rows of the table are not events. They are listed below.")
	}
	if len(needs) > 0 {
		a.Text = strings.Join(needs, " ")
		return a
	}
	a.State, a.Word = "unknown", "Unknown"
	switch {
	case d.Alarms.Problem != nil:
		a.Text = "The alarms could not be read."
	case d.Queues.Problem != nil:
		a.Text = "The queues could not be read."
	case d.sum(contract.MetricArchived) > 0:
		a.Word, a.Text, a.Failures = "Perhaps", "No alarm is on, but messages in the archive may wait for a replay.", true
	default:
		a.State, a.Word = "good", "No"
		empty := "the dead-letter queue is empty"
		if d.Queues.Value.Unpublished != nil {
			empty = "the queues of dead letters and of unpublished events are empty"
		}
		a.Text = fmt.Sprintf("None of %s is on, and %s.", counted(d.AlarmsAll, "alarm"), empty)
	}
	return a
}
