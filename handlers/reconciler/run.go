package reconciler

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

const (
	// soon is the time from the end of a comparison that left events missing to the next.
	soon = time.Hour
	// tolerance is how much earlier than due a comparison may start: invocations of a
	// schedule are not a whole period apart. It is also the largest difference of clocks.
	tolerance = 5 * time.Minute
	// searched is how much more than the time of two comparisons is searched for the
	// newest record before all records are.
	searched = 24 * time.Hour
	// refillAttempts is the number of refills that fail in a row before an invocation
	// tries no more: each takes time that the comparison needs.
	refillAttempts = 3
)

// worker does one provider's part of an invocation.
type worker struct {
	*Handler
	target Target
	log    *slog.Logger
	// keyless are the providers that the secret does not name.
	keyless []string

	writer string
	run    string // the current comparison, "" without one
	notes  int    // of it
	now    note   // its state
	last   Report // of the comparison before, if it is read
	unread bool   // the records could not be read
	saved  bool   // this invocation has written a note after a window
	done   *Report
	report string // key of done
	state  string
}

// load reads the state of the current comparison, or the result of the last one.
func (w *worker) load(ctx context.Context) error {
	w.writer = rand.Text()
	h, err := w.find(ctx, w.Now().Add(-2*w.Every-searched))
	if err == nil && h.run == "" {
		h, err = w.find(ctx, time.Time{})
	}
	if err != nil {
		return err
	}
	if !h.finished && h.note != "" {
		w.run, w.notes = h.run, h.notes
		return w.read(ctx, h.note, &w.now)
	}
	if h.report == "" {
		return nil
	}
	w.now.PreviousReport = h.report
	if err := w.read(ctx, h.report, &w.last); err != nil {
		return err
	}
	if latest := w.latest(); w.last.StartedAt.After(latest) || w.last.Until.After(latest) {
		w.last, w.now.previous = Report{}, previous{} // nothing is known
		return nil
	}
	w.now.previous = previous{
		PreviousReport: h.report, PreviousMissing: w.last.Missing, PreviousLost: w.last.Lost(),
		PreviousUntil: w.last.Until, PreviousOldest: w.last.OldestMissing, PreviousReasons: w.last.reasons(),
	}
	return nil
}

// latest returns the last time that a record can be of.
func (w *worker) latest() time.Time { return w.Now().UTC().Add(tolerance) }

// isDue reports whether a comparison has to start or to be resumed. The next one comes
// soon while something is missing, so that an alarm ends when that has arrived.
func (w *worker) isDue() bool {
	switch since := func(t time.Time) time.Duration { return w.Now().Sub(t) + tolerance }; {
	case w.run != "", w.last.StartedAt.IsZero(), since(w.last.StartedAt) >= w.Every:
		return true
	default:
		return w.last.Missing > 0 && since(w.last.EndedAt) >= soon
	}
}

// work starts or resumes a comparison, if it is due, and finishes it if there is time.
func (w *worker) work(ctx, bounded context.Context, key source.Key) error {
	if w.state = StateIdle; !w.isDue() {
		return nil
	}
	p := w.target.Provider.Descriptor()
	from, err := w.Open(p, key, func(text string) { w.log.WarnContext(ctx, text) })
	if err != nil {
		return err
	}
	subscription, err := from.Subscription(bounded, w.target.URL)
	if err != nil {
		return err
	}
	// A range under way can begin at earliest: half of the reserve is for it.
	if earliest := w.earliest(from.Facts()); w.run == "" || w.now.Place.Next.Before(earliest.Add(-contract.ReconcileReserve/2)) {
		if err := w.start(bounded, from.Facts(), earliest); err != nil {
			return err
		}
	}
	c := &reconcile.Comparison{
		Provider: w.target.Provider, Source: from, Table: w.Table, Archive: w.Archive, Subscription: &subscription, Now: w.Now,
		Findings: func(at time.Time, found []reconcile.Example) error {
			if at.Equal(w.now.Place.Since) { // a proof may begin anew
				w.now.Findings, w.now.OldestMissing = nil, 0
			}
			return w.keep(bounded, found)
		},
	}
	if err = w.compare(bounded, c); err == nil {
		return w.finish(ctx, from.Facts())
	}
	if bounded.Err() == nil || ctx.Err() != nil {
		return err
	}
	w.state = StateRunning
	w.log.InfoContext(ctx, "out of time: a later invocation continues", "next", w.now.Place.Next)
	if w.saved {
		return nil
	}
	// The window was too long for an invocation.
	w.now.Place.Step = max(w.now.Place.Step/8, time.Second).Truncate(time.Second)
	return w.write(ctx)
}

// earliest returns the time from which provider and table have all events.
func (w *worker) earliest(f source.Facts) time.Time {
	keeps := f.Retention
	if days := time.Duration(w.RetentionDays) * 24 * time.Hour; days > 0 && days < keeps {
		keeps = days
	}
	return w.Now().Add(contract.ReconcileReserve - keeps)
}

// begin returns the time at which the next range has to begin so that nothing falls between
// it and those before: ReconcileOverlap before the end of the last finished comparison, or at the
// oldest event that was missing then, so that an event counts as missing until it is stored.
// It is zero for the first range. The comparison that is given up was to begin there too.
func (w *worker) begin() time.Time {
	var all []time.Time
	if !w.now.PreviousUntil.IsZero() {
		all = append(all, w.now.PreviousUntil.Add(-contract.ReconcileOverlap))
	}
	if w.now.PreviousOldest > 0 {
		all = append(all, time.UnixMilli(w.now.PreviousOldest))
	}
	if w.run != "" {
		all = append(all, w.now.Place.Since)
	}
	if w.now.Gap != nil {
		all = append(all, w.now.Gap.From)
	}
	if all == nil {
		return time.Time{}
	}
	return slices.MinFunc(all, time.Time.Compare)
}

// start begins a comparison. The first range is as long as the provider retries. A range
// that begins too late to have everything leaves a gap.
func (w *worker) start(ctx context.Context, f source.Facts, earliest time.Time) error {
	now, since := w.Now().UTC(), w.begin()
	var gap *Gap
	if since.IsZero() {
		since = now.Add(-f.Retries)
	} else if since.Before(earliest) {
		gap = &Gap{From: since.UTC(), To: earliest.UTC()}
		w.log.ErrorContext(ctx, "a range can no longer be compared", contract.ReasonProperty, contract.UnreconciledGap, "from", gap.From, "to", gap.To)
	}
	if since.Before(earliest) {
		since = earliest
	}
	w.run, w.notes = now.Format(runLayout), 0
	w.now = note{Place: reconcile.Start(since, now), Gap: gap, previous: w.now.previous}
	return w.write(ctx)
}

// compare runs the comparison to its end. With a refill it gets in what is missing, and
// compares once more. A refill that fails leaves its event missing.
func (w *worker) compare(ctx context.Context, c *reconcile.Comparison) (err error) {
	var refill reconcile.Refill
	failed, inRow := 0, 0
	if w.Refill != nil {
		refill = *w.Refill
		refill.Source, refill.Subscription = c.Source, c.Subscription
		if w.now.Refill == nil {
			w.now.Refill = &refilled{}
		}
		refill.Redelivered, refill.Stored, failed = w.now.Refill.Redelivered, w.now.Refill.Stored, w.now.Refill.Failed
	}
	c.Progress = func(p reconcile.Place) error {
		w.now.Place = p
		refill.Forget(p)
		if w.Refill != nil && !w.now.Proving {
			*w.now.Refill = refilled{p.Report.Missing, refill.Redelivered, refill.Stored, failed}
		}
		if err := w.write(ctx); err != nil {
			return err
		}
		w.saved = true
		return nil
	}
	if !w.now.Proving {
		if w.Refill != nil {
			c.Missing = func(ctx context.Context, e event.Event) error {
				if inRow >= refillAttempts {
					return nil
				}
				err := refill.Event(ctx, e)
				if err == nil || ctx.Err() != nil {
					inRow = 0
					return err
				}
				failed, inRow = failed+1, inRow+1
				w.log.ErrorContext(ctx, "missing event not refilled", contract.ReasonProperty, reason(err), "error", err.Error())
				return nil
			}
		}
		if w.now.Place, err = c.Run(ctx, w.now.Place); err != nil {
			return err
		}
		if w.Refill == nil || w.now.Place.Report.Missing == 0 {
			return nil
		}
		w.now.Proving, w.now.Place = true, reconcile.Start(w.now.Place.Since, w.now.Place.Until)
		if err := w.write(ctx); err != nil {
			return err
		}
	}
	c.Missing = nil
	limit := w.ProofTime
	if w.now.Refill.Redelivered+w.now.Refill.Stored == 0 { // nothing is on its way
		limit = 0
	}
	w.now.Place, err = c.Prove(ctx, w.now.Place, limit, w.Sleep)
	return err
}

// finish writes the report.
func (w *worker) finish(ctx context.Context, f source.Facts) error {
	name := w.target.Provider.Descriptor().Name
	place := w.now.Place
	started, _ := time.Parse(runLayout, w.run) // the layout that it was made with
	report := Report{
		Schema: Schema, Provider: name, StartedAt: started, EndedAt: w.Now().UTC(),
		Since: place.Since, Until: place.Until, MarginSeconds: int(f.Margin.Seconds()), Report: place.Report,
		Refill: w.now.Refill, OldestMissing: w.now.OldestMissing, Gap: w.now.Gap, NotCompared: w.keyless, Findings: w.now.Findings,
	}
	text, _ := json.Marshal(report)
	w.report = w.prefix() + w.run + "/" + reportName
	if err := w.Records.Create(ctx, w.report, text); err != nil {
		if w.read(ctx, w.report, &Report{}) == nil {
			return errBusy
		}
		return err
	}
	w.done, w.state = &report, StateFinished
	for _, code := range report.reasons() {
		w.log.ErrorContext(ctx, "the comparison does not show whether everything arrived", contract.ReasonProperty, code,
			"report", w.report, "unreadable", report.Unreadable)
	}
	level, oldest := slog.LevelInfo, slog.Attr{}
	if report.Missing > 0 {
		level, oldest = slog.LevelWarn, slog.Time("oldestMissing", time.UnixMilli(report.OldestMissing).UTC())
	}
	// With since as its --since, the command sees all that this comparison did.
	w.log.Log(ctx, level, "comparison finished", "report", w.report, "since", report.Since, oldest, "listed", report.Listed, "stored", report.Stored,
		"missing", report.Missing, "stillRetried", report.StillRetried, "different", report.Different, "unknown", report.Unknown)
	return nil
}

// outcome returns the provider's state. reasons are the reasons of this invocation.
func (w *worker) outcome(ctx context.Context, state string, reasons ...string) Outcome {
	o := Outcome{
		State: state, Reasons: reasons, Report: w.now.PreviousReport,
		Missing: w.now.PreviousMissing, Lost: w.now.PreviousLost, unread: w.unread,
	}
	until, codes := w.now.PreviousUntil, w.now.PreviousReasons
	if w.done != nil {
		o.Report, o.Missing, o.Lost = w.report, w.done.Missing, w.done.Lost()
		until, codes = w.done.Until, w.done.reasons()
		o.counts = []function.Count{{Metric: contract.MetricListed, Value: w.done.Listed}}
		if r := w.done.Refill; r != nil {
			o.counts = append(o.counts, function.Count{Metric: contract.MetricRefilled, Value: r.Redelivered + r.Stored})
		}
	} else if w.run != "" {
		o.Next = new(w.now.Place.Next)
		if w.Refill == nil { // else they are being refilled
			o.Missing = max(o.Missing, w.now.Place.Report.Missing)
			o.Lost = max(o.Lost, w.now.Place.Report.Lost())
		}
		if until.IsZero() {
			until, _ = time.Parse(runLayout, w.run)
		}
		if w.now.Gap != nil && !slices.Contains(codes, contract.UnreconciledGap) {
			o.Reasons = append(o.Reasons, contract.UnreconciledGap)
		}
	}
	o.Reasons = append(o.Reasons, codes...)
	if !until.IsZero() && w.Now().Sub(until) > 2*w.Every+contract.ReconcileOverlap {
		o.Reasons = append(o.Reasons, contract.UnreconciledBehind)
		w.log.ErrorContext(ctx, "comparisons do not keep up", contract.ReasonProperty, contract.UnreconciledBehind, "comparedUntil", until)
	}
	return o
}
