package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

func (a *app) payment() *cobra.Command {
	var provider string
	c := &cobra.Command{
		Use:   "payment ID",
		Short: "Show a payment's events with running totals",
		Long: `Show the events of a payment, oldest first, with the amounts paid, refunded,
disputed and lost up to each. The amounts follow the counting rules of
docs/events.md. Contradictions and gaps are marked, and rows of the table that
are not events are named. Exit code 3: there are some.`,
		Example: `  paysluice payment pi_3PgcT2
  paysluice payment 8U481631H66031715 --provider paypal -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if provider != "" && !slices.Contains(providerNames(), provider) {
				return usagef("--provider must be one of %s", strings.Join(providerNames(), ", "))
			}
			store, err := a.store(c.Context())
			if err != nil {
				return err
			}
			found, err := store.Timeline(c.Context(), query.Filter{Provider: provider, Payment: args[0]})
			if err != nil {
				return err
			}
			if err := a.printTimeline(found); err != nil {
				return err
			}
			if len(found.Problems) > 0 || len(found.Unreadable) > 0 {
				return errFound
			}
			return nil
		},
	}
	c.Flags().StringVar(&provider, "provider", "", "`provider` of the payment, if several have this id")
	complete(c, "provider", providerNames())
	return c
}

// printTimeline prints one JSON object, or a line for each event and a summary.
func (a *app) printTimeline(t query.Timeline) error {
	if a.format == output.JSON {
		return output.Object(a.out, a.format, t, nil)
	}
	if _, err := output.Write(a.out, a.format, stepColumns(), output.All(t.Steps)); err != nil {
		return err
	}
	if a.format != output.Table { // CSV and NDJSON have only the events
		printChecks(a.err, t)
		return nil
	}
	fmt.Fprintln(a.out)
	if t.State != "" {
		fmt.Fprintf(a.out, "state: %s\n", output.Printable(string(t.State)))
	}
	for _, total := range t.Totals {
		fmt.Fprintln(a.out, output.Printable(fmt.Sprintf("%s: %s paid, %s refunded, %s disputed, %s lost",
			total.Currency, total.Paid, total.Refunded, total.Disputed, total.Lost)))
	}
	printChecks(a.out, t)
	return nil
}

// printChecks prints a payment's contradictions and the rows that are not events.
func printChecks(w io.Writer, t query.Timeline) {
	for _, problem := range t.Problems {
		fmt.Fprintf(w, "check: %s\n", output.Printable(string(problem)))
	}
	for _, row := range t.Unreadable {
		fmt.Fprintf(w, "left out: %s\n", output.Printable(row))
	}
}

func stepColumns() []output.Column[query.Step] {
	type s = query.Step
	total := func(name string, amount func(ledger.Totals) string) output.Column[s] {
		return output.Column[s]{Name: name, Right: true, Text: func(s s) string {
			var texts []string
			for _, t := range s.Totals {
				texts = append(texts, amount(t))
			}
			return strings.Join(texts, " + ")
		}}
	}
	return []output.Column[s]{
		{Name: "timestamp", Text: func(s s) string { return formatTime(s.Timestamp, time.RFC3339Nano) },
			Short: func(s s) string { return formatTime(s.Timestamp, time.DateTime) }},
		{Name: "category", Text: func(s s) string { return string(s.Category) }},
		{Name: "amount", Right: true, Text: func(s s) string { return strings.TrimSpace(s.Amount + " " + s.Currency) }},
		total("paid", func(t ledger.Totals) string { return t.Paid }),
		total("refunded", func(t ledger.Totals) string { return t.Refunded }),
		total("disputed", func(t ledger.Totals) string { return t.Disputed }),
		total("lost", func(t ledger.Totals) string { return t.Lost }),
		{Name: "appeared", Text: func(s s) string {
			var texts []string
			for _, p := range s.Appeared {
				texts = append(texts, string(p))
			}
			return strings.Join(texts, "; ")
		}},
		{Name: "eventId", Text: func(s s) string { return s.ID }, Wide: true},
	}
}
