package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

func (a *app) trace() *cobra.Command {
	var since, until string
	c := &cobra.Command{
		Use:   "trace ID",
		Short: "Follow one event or request through logs, table and archive",
		Long: `Follow one event or request through access log, authorizer, processor, consumer,
archiver, table, publisher and archive, with the time between the stages. ID is
an event id, such as stripe:evt_1PgcT2, or a request id of API Gateway.

The logs are searched for one hour from the receipt of the stored or archived
event. Without one, the last 24 hours are searched. --since and --until choose
other times. Unless LogLevel is DEBUG, the authorizer logs only requests that it
rejects, and the consumer only events that it does not store. Exit code 3: the
event is not stored, or its row is not an event.`,
		Example: `  paysluice trace stripe:evt_1PgcT2
  paysluice trace 2d1f6c5e-6f0b-4f0e-9f5a-0a4ddc6f0c11 --since 3d -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			now := a.now()
			var problems []error
			from, err := parseSince(since, now)
			if err != nil {
				problems = append(problems, fmt.Errorf("--since: %w", err))
			}
			to, err := parseTime(until, now)
			if err != nil {
				problems = append(problems, fmt.Errorf("--until: %w", err))
			}
			if len(problems) > 0 {
				return usagef("%s", joined(problems))
			}
			if !to.IsZero() && !to.After(from) {
				return usagef("--until must be after --since")
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			found, err := query.NewMonitor(s, a.now).Trace(c.Context(), query.New(s, a.now), args[0], from, to)
			if err != nil {
				return err
			}
			return a.printTrace(found)
		},
	}
	c.Flags().StringVar(&since, "since", "", "search the logs from this `time` on: 2h, 2026-11-01 or RFC 3339")
	c.Flags().StringVar(&until, "until", "", "search the logs before this `time`")
	return c
}

// printTrace prints a line for each stage. It returns errFound if the event is not
// stored, or its row is not an event.
func (a *app) printTrace(t query.Trace) error {
	var err error
	if a.format == output.JSON {
		err = output.Object(a.out, a.format, t, nil)
	} else {
		_, err = output.Write(a.out, a.format, stageColumns(), output.All(t.Stages))
	}
	if err != nil {
		return err
	}
	fate := "stored"
	switch {
	case t.Stored && t.Archived:
		fate = "stored, and archived too"
	case t.Archived:
		fate = "archived, not stored: docs/reasons.md explains the reason, and " + lookAt(t) + " has the message"
	case !t.Stored:
		fate = "not stored"
	}
	if !t.PublishedAt.IsZero() {
		fate += ", published"
	}
	fmt.Fprintf(a.err, "%s; ids: %s\n", fate, output.Printable(strings.Join(t.IDs, ", ")))
	if t.Unreadable {
		fmt.Fprintln(a.err, "a row of the table is not an event")
	}
	if !t.Stored || t.Unreadable {
		return errFound
	}
	return nil
}

// lookAt returns the command that prints the archived message of a trace.
func lookAt(t query.Trace) string {
	for _, id := range t.IDs {
		if query.Unprefixed(id) == "" {
			return shell([]string{"paysluice", "failures", "show", id})
		}
	}
	return "paysluice failures list" // the message is no event
}

func stageColumns() []output.Column[query.Stage] {
	type s = query.Stage
	return []output.Column[s]{
		{Name: "at", Text: func(s s) string { return s.At.Format(time.RFC3339Nano) }, Short: func(s s) string { return s.At.Format("2006-01-02 15:04:05.000") }},
		{Name: "gap", Right: true, Text: func(s s) string { return (time.Duration(s.GapMillis) * time.Millisecond).String() }},
		{Name: "where", Text: func(s s) string { return s.Where }},
		{Name: "what", Text: func(s s) string { return s.What }},
	}
}
