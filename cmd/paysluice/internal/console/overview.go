package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

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

// overviewData has the fields of the overview.
type overviewData struct {
	At        time.Time
	Created   time.Time // of the stack
	Span      span
	Spans     []span
	Answers   []answer
	Metrics   []metric
	Providers []providerRow
	Counts    section[[]query.Count] // of Span
	Recent    section[[]query.Count] // of the first span, for the answers
	Queues    section[query.QueueStates]
	Alarms    section[[]query.Alarm] // that fire
	AlarmsAll int
	Runs      section[[]replay.Summary] // of replays that began in the first span
	// Unevaluated says why alarms that are not on tell nothing, "" if they do.
	Unevaluated string
}

// metric is a column of the overview.
type metric struct{ Name, Text, Help string }

func metrics() []metric {
	return []metric{
		{contract.MetricAccepted, "Accepted", "answered 200 and queued"},
		{contract.MetricRejected, "Rejected", "refused as not authentic"},
		{contract.MetricStored, "Stored", "new in the table"},
		{contract.MetricDuplicates, "Duplicates", "sent again by the provider"},
		{contract.MetricArchived, "Failed", "in the archive: failed as often as MaxReceiveCount allows, or no event that can be stored"},
	}
}

// providerRow has the fields of a provider on the overview.
type providerRow struct {
	Provider contract.Provider
	Events   section[[]event.Event] // the newest
	// Unreadable names the newer rows that are not events, nil without one.
	Unreadable *problem
	Timed      bool          // whether one of Events has a time of the provider
	P50, P99   time.Duration // from the provider's time to the receipt
	Charts     []chart
}

// overview shows whether events arrive and are stored, and what needs a person.
func (s *Server) overview(r *http.Request) (view, error) {
	now := s.Now().In(s.Zone)
	data := overviewData{At: now, Created: s.Stack.CreatedAt, Spans: spans(), Metrics: metrics()}
	chosen := slices.IndexFunc(data.Spans, func(s span) bool { return s.Name == cmp.Or(r.URL.Query().Get("period"), "hour") })
	if chosen < 0 {
		return view{}, fmt.Errorf("%w: period is hour, day or week", errRequest)
	}
	data.Span = data.Spans[chosen]
	s.readOverview(r.Context(), &data, now)
	for i := range data.Providers {
		p := &data.Providers[i]
		p.P50, p.P99, p.Timed = delays(p.Events.Value)
		for _, m := range data.Metrics {
			p.Charts = append(p.Charts, newChart(m, p.Provider.Name, data.Counts.Value, now, data.Span))
		}
	}
	data.Answers = data.answers()
	return view{page: "overview", title: "Overview", data: &data}, nil
}

// readOverview reads all sections at a time. A section that fails leaves the others
// alone.
func (s *Server) readOverview(ctx context.Context, data *overviewData, now time.Time) {
	var all errgroup.Group
	counts := func(to *section[[]query.Count], of span) {
		all.Go(func() error {
			*to = read(s.Monitor.Counts(ctx, now.Add(-of.length), now, of.step))
			return nil
		})
	}
	counts(&data.Counts, data.Span)
	if recent := data.Spans[0]; data.Span != recent {
		counts(&data.Recent, recent)
	}
	all.Go(func() error {
		data.Queues = read(s.Monitor.QueueStates(ctx))
		return nil
	})
	all.Go(func() error {
		data.Runs = read(s.Replays.Runs(ctx, now.Add(-data.Spans[0].length)))
		return nil
	})
	all.Go(func() error {
		alarms, err := s.Monitor.Alarms(ctx)
		data.AlarmsAll, data.Unevaluated = len(alarms), query.Unevaluated(s.Stack, alarms)
		data.Alarms = read(slices.DeleteFunc(alarms, func(a query.Alarm) bool { return !a.Firing() }), err)
		return nil
	})
	data.Providers = make([]providerRow, len(providers()))
	for i, p := range providers() {
		all.Go(func() error {
			row := &data.Providers[i]
			row.Provider = p
			found, unreadable, err := collect(s.Store.Events(ctx, query.Filter{Provider: p.Name, Until: query.EndOfDay(s.Now()), Limit: query.Sampled}), nil)
			row.Events, row.Unreadable = read(found, err), read(0, unreadable).Problem
			return nil
		})
	}
	_ = all.Wait() // each section keeps its own error
	if data.Span == data.Spans[0] {
		data.Recent = data.Counts
	} else if data.Counts.Problem == nil {
		data.Counts.Problem = data.Recent.Problem
	}
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

// Down returns why AWS does not answer, if no section could be read because of that.
func (d *overviewData) Down() *problem {
	all := []*problem{d.Alarms.Problem, d.Counts.Problem, d.Queues.Problem}
	for _, p := range d.Providers {
		all = append(all, p.Events.Problem)
	}
	if slices.ContainsFunc(all, func(p *problem) bool { return !p.down() }) {
		return nil
	}
	return all[0]
}

// unreadable reports whether a provider has rows that are not events.
func (d *overviewData) unreadable() bool {
	return slices.ContainsFunc(d.Providers, func(p providerRow) bool { return p.Unreadable != nil })
}

// Last returns the event that was received last, nil without one. Its time at the provider
// can be older than that of others.
func (p providerRow) Last() *event.Event { return query.LastReceived(p.Events.Value) }

// delays returns the median and the 99th percentile of the time between the
// provider's time and the receipt. known is false if no event has a time.
func delays(events []event.Event) (p50, p99 time.Duration, known bool) {
	var all []time.Duration
	for _, e := range events {
		if e.Timestamp != 0 {
			all = append(all, time.Duration(e.ReceivedAt-e.Timestamp)*time.Millisecond)
		}
	}
	if len(all) == 0 {
		return 0, 0, false
	}
	slices.Sort(all)
	return all[(len(all)-1)/2], all[(len(all)*99+99)/100-1], true
}
