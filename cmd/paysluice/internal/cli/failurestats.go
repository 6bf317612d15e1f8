package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
)

func (a *app) failuresStats() *cobra.Command {
	var flags failureFlags
	var byDay bool
	c := &cobra.Command{
		Use:   "stats",
		Short: "Count archived messages by provider and reason",
		Long: `Count archived messages by provider and reason. A webhook without a valid
signature is rejected, not archived. Unless a flag selects archived messages
only, stats says on stderr why signatures did not match, since --since and for
the last day at most.`,
		Example: `  paysluice failures stats --since 3h
  paysluice failures stats --since 30d --by-day -o csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			filter, err := flags.filter(a.now())
			if err != nil {
				return err
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			stats, err := failure.Stats(query.Failures(s).List(c.Context(), filter), byDay)
			if err != nil {
				return err
			}
			if len(stats) == 0 {
				fmt.Fprintln(a.err, "no archived message matches")
			}
			if _, err = output.Write(a.out, a.format, statColumns(byDay), output.All(stats)); err != nil {
				return err
			}
			return a.showHints(c.Context(), query.NewMonitor(s, a.now), filter)
		},
	}
	flags.add(c, 0)
	c.Flags().BoolVar(&byDay, "by-day", false, "count each day of receipt apart")
	return c
}

// hintWindow is how far back logs are read for hints.
const hintWindow = 24 * time.Hour

// showHints says on stderr why signatures did not match, unless a filter selects what
// only archived messages have.
func (a *app) showHints(ctx context.Context, m *query.Monitor, f failure.Filter) error {
	if f != (failure.Filter{Provider: f.Provider, Since: f.Since, Limit: f.Limit}) {
		return nil
	}
	since := a.now().Add(-hintWindow)
	if f.Since.After(since) {
		since = f.Since
	}
	for _, p := range contract.Providers() {
		if f.Provider != "" && f.Provider != p.Name {
			continue
		}
		hints, err := m.Hints(ctx, p, since)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(a.err, "why signatures did not match is not known: %s\n", output.Printable(err.Error()))
			return nil
		}
		for _, h := range hints {
			printWrapped(a.err, fmt.Sprintf("%s rejected %d: ", p.Name, h.Count), h.Text)
		}
	}
	return nil
}

func statColumns(byDay bool) []output.Column[failure.Stat] {
	type s = failure.Stat
	columns := []output.Column[failure.Stat]{
		{Name: "provider", Text: func(s s) string { return s.Provider }},
		{Name: "failureReason", Text: func(s s) string { return s.Reason }},
		{Name: "count", Text: func(s s) string { return fmt.Sprint(s.Count) }, Right: true},
		{Name: "glacier", Text: func(s s) string { return fmt.Sprint(s.Glacier) }, Right: true},
		{Name: "firstSeen", Text: func(s s) string { return formatTime(s.First, time.RFC3339) }},
		{Name: "lastSeen", Text: func(s s) string { return formatTime(s.Last, time.RFC3339) }},
	}
	if byDay {
		columns = slices.Insert(columns, 1, output.Column[failure.Stat]{Name: "day", Text: func(s s) string { return s.Day }})
	}
	return columns
}
