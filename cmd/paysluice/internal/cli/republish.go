package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// republishFlags are the flags of paysluice events republish.
type republishFlags struct {
	filterFlags
	receivedSince, receivedUntil string
	resume                       string
	rate                         int
	dryRun                       bool
}

func (a *app) eventsRepublish() *cobra.Command {
	var flags republishFlags
	c := &cobra.Command{
		Use:   "republish [ID...]",
		Short: "Publish stored events again to the topic or the bus",
		Long: `Publish stored events again to the topic or the bus: those with the given ids,
or all that the flags select. Without --since it goes back seven days. --since
and --until are about the provider's time, which can be days before the event
was received and stored.

It says first what it would publish; --dry-run ends there. After a question it
passes the events to event-publisher, which sends a message to
webhook-unpublished for each event that it cannot publish. Subscribers get each
event with the id of the row as it is now, and with the id of the run in the
attribute replay.

Ctrl-C stops it. --resume continues a stopped or killed run; events of the
interrupted batch are published twice. Exit code 3: some events were not
published, and webhook-unpublished names them; or some are no longer in the
table, or their rows are not events.`,
		Example: `  paysluice events republish --since 2026-11-01 --until 2026-11-02 --dry-run
  paysluice events republish stripe:evt_1PgcT2
  paysluice events republish --resume 20261101T093012Z-k3v7qa`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, ids []string) error {
			filter, err := flags.check(c, ids, a.now())
			if err != nil {
				return err
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			p, err := query.Republisher(s, flags.rate, a.now)
			if err != nil {
				return err
			}
			if flags.resume != "" {
				run, err := p.Load(c.Context(), flags.resume)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.err, "run %s: %s published\n", run.ID, partOf(run.Sent(), run.Total, "event"))
				return a.finishRepublish(c.Context(), p, run)
			}
			return a.newRepublish(c.Context(), s, p, filter, ids, flags.dryRun)
		},
	}
	flags.add(c, 0, "events", providerNames())
	f := c.Flags()
	f.StringVar(&flags.receivedSince, "received-since", "", "events that the stack received from this `time` on, created up to 30 days before")
	f.StringVar(&flags.receivedUntil, "received-until", "", "events that the stack received before this `time`")
	f.StringVar(&flags.resume, "resume", "", "continue the run with this `id`")
	f.IntVar(&flags.rate, "rate", replay.DefaultRate, fmt.Sprintf("`events` a second at most, 1 to %d", replay.MaxRate))
	f.BoolVar(&flags.dryRun, "dry-run", false, "say what would be published, and publish nothing")
	c.AddCommand(a.republishList())
	return c
}

// check checks the flags. The error names every invalid one.
func (f *republishFlags) check(c *cobra.Command, ids []string, now time.Time) (query.Filter, error) {
	filter, err := f.filter(now)
	if err != nil {
		return query.Filter{}, err
	}
	var since, until error
	filter.ReceivedSince, since = parseSince(f.receivedSince, now)
	filter.ReceivedUntil, until = parseTime(f.receivedUntil, now)
	switch {
	case since != nil:
		return query.Filter{}, usagef("--received-since: %w", since)
	case until != nil:
		return query.Filter{}, usagef("--received-until: %w", until)
	case !filter.ReceivedUntil.IsZero() && !filter.ReceivedUntil.After(filter.ReceivedSince):
		return query.Filter{}, usagef("--received-until must be after --received-since")
	}
	if f.rate < 1 || f.rate > replay.MaxRate {
		return query.Filter{}, usagef("--rate must be 1 to %d", replay.MaxRate)
	}
	selecting := []string{"provider", "type", "category", "payment", "account", "endpoint", "livemode", "since", "until", "received-since", "received-until", "limit"}
	if f.resume != "" {
		selecting = append(selecting, "dry-run")
	}
	for _, name := range selecting {
		switch {
		case !c.Flags().Changed(name):
		case f.resume != "":
			return query.Filter{}, usagef("--resume continues a run with its own selection: leave --%s out", name)
		case len(ids) > 0:
			return query.Filter{}, usagef("ids select the events: leave --%s out", name)
		}
	}
	if f.resume != "" && len(ids) > 0 {
		return query.Filter{}, usagef("--resume continues a run with its own selection: leave %s out", ids[0])
	}
	return filter, nil
}

// newRepublish plans, asks and publishes.
func (a *app) newRepublish(ctx context.Context, s *stack.Stack, p *replay.Republisher, filter query.Filter, ids []string, dryRun bool) error {
	store := query.New(s, a.now)
	events := store.Events(ctx, filter)
	if len(ids) > 0 {
		events = store.Named(ctx, ids...)
	}
	m := a.newMeter()
	plan, err := p.Plan(selectionOf(filter, ids), events, m.show)
	m.end()
	if err != nil {
		return err
	}
	total, skipped := plan.Total()
	if err := a.showPlan(plan, publishedColumns(), dryRun); err != nil {
		return err
	}
	switch {
	case total+skipped == 0:
		fmt.Fprintln(a.err, "no event matches")
		return nil
	case dryRun || total == 0:
		left := a.leftOut()
		for _, e := range plan.Entries {
			if e.Unreadable != "" {
				left.note(errors.New(e.Unreadable))
			}
		}
		fmt.Fprintf(a.err, "%d would be published\n", total)
		return left.result(nil)
	}
	question := fmt.Sprintf("Publish %s of %s again, %d a second?", counted(total, "event"), s.Name, p.Rate)
	run, err := a.startRun(ctx, s, &p.Records, plan, question)
	if err != nil {
		return err
	}
	return a.finishRepublish(ctx, p, run)
}

// finishRepublish publishes the rest of a run.
func (a *app) finishRepublish(ctx context.Context, p *replay.Republisher, run *replay.Run) error {
	m := a.newMeter()
	err := p.Run(ctx, run, m.show)
	m.end()
	if err != nil {
		fmt.Fprintf(a.err, "%s published; to resume: paysluice events republish --resume %s\n", partOf(run.Sent(), run.Total, "event"), run.ID)
		return err
	}
	unpublished, left := run.Unpublished(), a.leftOut()
	for _, why := range run.Unreadable() {
		left.note(errors.New(why))
	}
	gone := run.Dropped() - unpublished - left.n
	fmt.Fprintf(a.err, "%s published again with the attribute replay=%s\n", are(run.Total-run.Dropped(), "event"), run.ID)
	if gone > 0 {
		fmt.Fprintf(a.err, "of the plan, %s no longer in the table\n", are(gone, "event"))
	}
	if left.n > 0 {
		fmt.Fprintf(a.err, "of the plan, %s unreadable and not published\n", are(left.n, "row"))
	}
	if unpublished > 0 {
		fmt.Fprintf(a.err, "%s not published: see paysluice failures unpublished\n", are(unpublished, "event"))
	}
	if run.Dropped() > 0 {
		return errFound
	}
	return nil
}

// selectionOf returns what the record says about the selection.
func selectionOf(f query.Filter, ids []string) replay.Selection {
	return replay.Selection{EventIDs: ids, Filter: failure.Filter{
		Provider: f.Provider, Type: f.Type, Category: f.Category, Payment: f.Payment, Account: f.Account,
		Endpoint: f.Endpoint, Livemode: f.Livemode, Since: f.Since, Until: f.Until, Limit: f.Limit,
	}, ReceivedSince: f.ReceivedSince, ReceivedUntil: f.ReceivedUntil}
}

func publishedColumns() []output.Column[replay.Group] {
	type g = replay.Group
	return []output.Column[replay.Group]{
		{Name: "provider", Text: func(g g) string { return g.Provider }},
		{Name: "category", Text: func(g g) string { return g.Category },
			Short: func(g g) string { return cmp.Or(g.Category, g.Skipped) }},
		{Name: "skipped", Text: func(g g) string { return g.Skipped }, Wide: true},
		{Name: "count", Text: func(g g) string { return fmt.Sprint(g.Count) }, Right: true},
		{Name: "samples", Text: func(g g) string { return strings.Join(g.Samples, " ") }, Short: func(g g) string { return g.Samples[0] }},
	}
}

func (a *app) republishList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the runs of paysluice events republish, newest first",
		Example: `  paysluice events republish list -o json`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			return a.listRuns(c.Context(), query.Republications(s, a.now))
		},
	}
}
