package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

// unpublishedFlags are the flags of paysluice failures unpublished.
type unpublishedFlags struct {
	limit         int
	stats, remove bool
}

func (a *app) failuresUnpublished() *cobra.Command {
	var flags unpublishedFlags
	c := &cobra.Command{
		Use:   "unpublished [EVENTID]",
		Short: "List what webhook-unpublished names: events that were not published",
		Long: `List what webhook-unpublished names: events that event-publisher could not publish, with a
reason of docs/reasons.md, and records of the table's stream that Lambda gave up after
twelve hours. With EVENTID it lists the messages of that event. The table has all of these
events: paysluice events republish publishes them, for Lambda's records with --since three
days before the message.

It receives the messages, hides them from others meanwhile, and makes them visible again.
A message stays in the queue for 14 days, or until --remove deletes it.`,
		Example: `  paysluice failures unpublished
  paysluice failures unpublished --stats -o json
  paysluice failures unpublished stripe:evt_1PgcT2 --remove`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if flags.limit < 0 {
				return usagef("--limit must be 0 or more")
			}
			if flags.stats && flags.remove {
				return usagef("--stats removes nothing: leave --remove out")
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			reader, err := query.NewUnpublishedReader(s)
			if err != nil {
				return err
			}
			return a.listUnpublished(c.Context(), reader, slices.Concat(args, []string{""})[0], flags)
		},
	}
	f := c.Flags()
	f.IntVar(&flags.limit, "limit", 0, "read at most this many messages, 0 for all")
	f.BoolVar(&flags.stats, "stats", false, "count the messages by reason")
	f.BoolVar(&flags.remove, "remove", false, "delete the listed messages from the queue; the events stay in the table")
	return c
}

// listUnpublished lists the messages of an event, or all for "".
func (a *app) listUnpublished(ctx context.Context, reader *query.UnpublishedReader, eventID string, flags unpublishedFlags) (err error) {
	all, err := reader.Read(ctx, flags.limit)
	if err != nil {
		return err
	}
	kept := all
	// An interrupt leaves no message hidden.
	defer func() { err = errors.Join(err, reader.Release(context.WithoutCancel(ctx), kept)) }()
	listed := slices.Clone(all)
	if eventID != "" {
		listed = slices.DeleteFunc(listed, func(m query.Unpublished) bool { return m.EventID != eventID })
	}
	slices.SortStableFunc(listed, func(x, y query.Unpublished) int { return cmp.Compare(x.SentAt, y.SentAt) })
	if len(listed) == 0 {
		fmt.Fprintln(a.err, "webhook-unpublished names nothing of that kind")
	}
	if flags.stats {
		_, err = output.Write(a.out, a.format, reasonColumns(), output.All(countReasons(listed)))
		return err
	}
	if _, err := output.Write(a.out, a.format, unpublishedColumns(), output.All(listed)); err != nil {
		return err
	}
	if !flags.remove || len(listed) == 0 {
		return nil
	}
	if err := a.confirm(ctx, fmt.Sprintf("Delete %d messages? Nothing else names these events as unpublished.", len(listed))); err != nil {
		return err
	}
	if err := reader.Remove(ctx, listed); err != nil {
		return err
	}
	kept = slices.DeleteFunc(kept, func(m query.Unpublished) bool { return slices.Contains(listed, m) })
	fmt.Fprintf(a.err, "%d messages are deleted\n", len(listed))
	return nil
}

func unpublishedColumns() []output.Column[query.Unpublished] {
	type m = query.Unpublished
	return []output.Column[m]{
		{Name: "sentAt", Text: func(m m) string { return formatTime(m.SentAt, time.RFC3339Nano) },
			Short: func(m m) string { return formatTime(m.SentAt, time.DateTime) }},
		{Name: "reason", Text: func(m m) string { return m.Reason }},
		{Name: "eventId", Text: func(m m) string { return m.EventID }},
		{Name: "timestamp", Text: func(m m) string { return formatTime(m.Timestamp, time.RFC3339Nano) }},
		{Name: "records", Text: func(m m) string { return m.Records }},
	}
}

// reasonCount is how many messages have a reason.
type reasonCount struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	First  int64  `json:"firstSeen"`
	Last   int64  `json:"lastSeen"`
}

// countReasons counts messages in the order of their times by reason.
func countReasons(messages []query.Unpublished) []reasonCount {
	var counts []reasonCount
	for _, m := range messages {
		i := slices.IndexFunc(counts, func(c reasonCount) bool { return c.Reason == m.Reason })
		if i < 0 {
			i, counts = len(counts), append(counts, reasonCount{Reason: m.Reason, First: m.SentAt})
		}
		counts[i].Count++
		counts[i].Last = m.SentAt
	}
	return counts
}

func reasonColumns() []output.Column[reasonCount] {
	type c = reasonCount
	return []output.Column[c]{
		{Name: "reason", Text: func(c c) string { return c.Reason }},
		{Name: "count", Right: true, Text: func(c c) string { return strconv.Itoa(c.Count) }},
		{Name: "firstSeen", Text: func(c c) string { return formatTime(c.First, time.RFC3339Nano) }},
		{Name: "lastSeen", Text: func(c c) string { return formatTime(c.Last, time.RFC3339Nano) }},
	}
}
