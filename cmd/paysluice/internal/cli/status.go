package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/function"
)

const (
	// statusPeriod is the period of the counts of status.
	statusPeriod = time.Hour
	// watchInterval is how often status --watch reads. A read costs some GetMetricData
	// queries, at $0.01 for 1,000.
	watchInterval = 10 * time.Second
)

// clearScreen moves a terminal's cursor to the top and clears what is below it.
const clearScreen = "\x1b[H\x1b[J"

func (a *app) status() *cobra.Command {
	var watch bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show whether webhooks arrive and are stored, and which alarms fire",
		Long: `Show for each provider the last event, and how many webhooks of the last hour
were accepted, rejected, stored, duplicates or archived. Then show the queues,
and each alarm that fires with its meaning and its remedy. Exit code 3: an alarm
fires, dead letters wait, accepted events are not stored in time, events were
not published, or a row of the table is not an event. A note that the counts do
not tell whether all events are stored does not change the exit code.`,
		Example: `  paysluice status
  paysluice status --watch`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if watch && (a.format == output.JSON || a.format == output.CSV) {
				return usagef("--watch prints one document after another: use -o ndjson instead of %s", a.format)
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			monitor, store := query.NewMonitor(s, a.now), query.New(s, a.now)
			read := func(ctx context.Context) (query.Status, error) {
				return query.ReadStatus(ctx, monitor, store, statusPeriod)
			}
			if watch {
				return a.watchStatus(c.Context(), read, watchInterval, isTerminal(a.out))
			}
			status, err := read(c.Context())
			if err == nil {
				err = a.printStatus(status)
			}
			if err == nil && !status.Healthy() {
				err = errFound
			}
			return err
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, fmt.Sprintf("repeat every %s until interrupted", watchInterval))
	return c
}

// watchStatus prints what read returns until the context ends. It reports an error of
// read, and reads again after the interval.
func (a *app) watchStatus(ctx context.Context, read func(context.Context) (query.Status, error), interval time.Duration, terminal bool) error {
	for before := ""; ; {
		status, err := read(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			fmt.Fprintf(a.err, "%s; the next attempt is in %s\n", oneLine(err), interval)
		default:
			if terminal && a.format == output.Table {
				before = clearScreen
			}
			fmt.Fprint(a.out, before)
			if err := a.printStatus(status); err != nil {
				return err
			}
			if a.format == output.Table {
				before = "\n"
			}
		}
		if err := function.Sleep(ctx, interval); err != nil {
			return err
		}
	}
}

func (a *app) printStatus(s query.Status) error {
	if a.format == output.JSON || a.format == output.NDJSON {
		return output.Object(a.out, a.format, s, nil)
	}
	if a.format == output.CSV {
		printFaults(a.err, s) // CSV has only the providers
		_, err := output.Write(a.out, a.format, providerColumns(s.At), output.All(s.Providers))
		return err
	}
	fmt.Fprintf(a.out, "%s, %s\n\n", s.Stack, s.At.Format(time.RFC3339))
	if _, err := output.Write(a.out, a.format, providerColumns(s.At), output.All(s.Providers)); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	printFaults(a.out, s)
	for _, p := range s.Providers {
		for _, h := range p.Hints {
			printWrapped(a.out, fmt.Sprintf("%s rejected %d: ", p.Provider, h.Count), h.Text)
		}
	}
	printQueue(a.out, s.Queue)
	printQueue(a.out, s.DeadLetters)
	if s.Unpublished != nil {
		printQueue(a.out, *s.Unpublished)
	}
	fmt.Fprintln(a.out)
	if len(s.Alarms) == 0 {
		fmt.Fprintln(a.out, cmp.Or(s.Unevaluated, "No alarm fires."))
	}
	for _, alarm := range s.Alarms {
		kind := "TICKET"
		if alarm.Pages {
			kind = "PAGE"
		}
		fmt.Fprintf(a.out, "%s %s since %s\n", kind, alarm.Name, formatAge(s.At.Sub(alarm.Since)))
		printWrapped(a.out, "  means  ", alarm.Means)
		printWrapped(a.out, "  do     ", alarm.Do)
	}
	return nil
}

// printFaults counts the late and the missing events, says if the counts are unclear, and names
// the rows that are not events.
func printFaults(w io.Writer, s query.Status) {
	if s.Late > 0 {
		fmt.Fprintf(w, "late: at least %s not counted as stored or archived for %s; CloudWatch counts up to %s late\n",
			counted(s.Late, "accepted event"), formatAge(query.LateAfter), formatAge(query.CountLag))
	}
	if s.Missing > 0 {
		fmt.Fprintf(w, "missing: at least %d of them in no queue\n", s.Missing)
	}
	if s.Unclear {
		fmt.Fprintln(w, "note: the counts do not tell whether all events of the hour are stored")
	}
	for _, p := range s.Providers {
		for _, row := range p.Unreadable {
			fmt.Fprintf(w, "left out: %s\n", output.Printable(row))
		}
		if p.MoreUnreadable > 0 {
			fmt.Fprintf(w, "left out: %s of %s: paysluice events list names them\n", counted(p.MoreUnreadable, "other row"), p.Provider)
		}
	}
}

func providerColumns(now time.Time) []output.Column[query.ProviderStatus] {
	type p = query.ProviderStatus
	columns := []output.Column[p]{
		{Name: "provider", Text: func(p p) string { return p.Provider }},
		{Name: "lastEvent", Text: func(p p) string {
			if p.Last == nil {
				return ""
			}
			return formatTime(p.Last.ReceivedAt, time.RFC3339)
		}, Short: func(p p) string {
			if p.Last == nil {
				return "none"
			}
			return formatAge(now.Sub(time.UnixMilli(p.Last.ReceivedAt))) + " ago"
		}},
	}
	for _, metric := range query.CountedMetrics() {
		columns = append(columns, output.Column[p]{Name: strings.ToLower(metric[:1]) + metric[1:], Right: true, Text: func(p p) string {
			return strconv.Itoa(p.Counts[metric])
		}})
	}
	return columns
}

func printQueue(w io.Writer, q query.Queue) {
	oldest := ""
	if q.OldestSeconds != nil {
		oldest = ", oldest " + formatAge(time.Duration(*q.OldestSeconds)*time.Second)
	}
	fmt.Fprintf(w, "%s: %d waiting, %d in flight%s\n", q.Name, q.Pending(), q.InFlight, oldest)
}

// formatAge returns a duration in its largest unit: 40 s, 5 min, 3 h, 2 d.
func formatAge(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", max(d, 0).Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f d", d.Hours()/24)
}

// textWidth is the width of wrapped texts.
const textWidth = 80

// printWrapped prints a text in lines of textWidth. Later lines are indented as far as
// the first one's label.
func printWrapped(w io.Writer, label, text string) {
	line := label
	for _, word := range strings.Fields(output.Printable(text)) {
		if len(line)+1+len(word) > textWidth && len(line) > len(label) {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", len(label))
		}
		if !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}
