package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
		Long: `List the messages of the queue webhook-unpublished, all or those of EVENTID. A
message names an event that event-publisher could not publish, with a reason of
docs/reasons.md, or records of the table's stream that Lambda gave up after
twelve hours.

The table has all of these events, and paysluice events republish publishes
them. For Lambda's records the list ends with the command to run. It selects by
the time of receipt and begins seven days before the first record was stored,
because an event can wait so long in webhook-queue. An event that paysluice
replay stored may have been received even earlier.

While the command reads, other readers of the queue do not see the messages. A
message stays in the queue for 14 days, or until --remove deletes it. --remove
reads until the queue is empty, and asks about each part of a long one. As JSON,
NDJSON or CSV it prints the deleted messages at the end. Exit code 3: some could
not be deleted.`,
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
			eventID := slices.Concat(args, []string{""})[0]
			if flags.remove {
				return a.removeUnpublished(c.Context(), reader, eventID, flags.limit)
			}
			return a.listUnpublished(c.Context(), reader, eventID, flags)
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
	read, all, err := reader.Read(ctx, flags.limit)
	if err != nil {
		return err
	}
	// An interrupt leaves no message hidden.
	defer func() { err = errors.Join(err, reader.Release(context.WithoutCancel(ctx), read)) }()
	listed := about(read, eventID)
	if len(listed) == 0 {
		fmt.Fprintln(a.err, noneIn(read, all || flags.limit == 0))
	}
	if !all && flags.limit == 0 {
		fmt.Fprintf(a.err, "the queue is too long to read at once: only %d of its messages could be read\n", len(read))
	}
	if flags.stats {
		_, err = output.Write(a.out, a.format, reasonColumns(), output.All(countReasons(listed)))
		return err
	}
	if _, err = output.Write(a.out, a.format, unpublishedColumns(), output.All(listed)); err == nil {
		a.adviseRepublish(listed, all)
	}
	return err
}

const noUnpublished = "webhook-unpublished names nothing of that kind"

// noneIn says that the messages read from the queue are not about the event. all reports
// whether --limit left none out.
func noneIn(read []query.Unpublished, all bool) string {
	if all {
		return noUnpublished
	}
	return fmt.Sprintf("--limit ended the reading after %s, and nothing of that kind was among them; --limit 0 reads all", counted(len(read), "message"))
}

// about returns the messages about an event, all for "", in the order of their times.
func about(messages []query.Unpublished, eventID string) []query.Unpublished {
	listed := slices.Clone(messages)
	if eventID != "" {
		listed = slices.DeleteFunc(listed, func(m query.Unpublished) bool { return m.EventID != eventID })
	}
	slices.SortFunc(listed, func(x, y query.Unpublished) int {
		return cmp.Or(cmp.Compare(x.SentAt, y.SentAt), cmp.Compare(x.MessageID, y.MessageID))
	})
	return listed
}

// adviseRepublish names the command that publishes what Lambda gave up. all reports whether
// the queue has no other messages.
func (a *app) adviseRepublish(listed []query.Unpublished, all bool) {
	if since, until, ok := query.Received(listed); ok {
		fmt.Fprintf(a.err, "to publish what Lambda gave up: paysluice events republish --received-since %s --received-until %s\n",
			since.Format(time.RFC3339), until.Format(time.RFC3339))
		if !all {
			fmt.Fprintln(a.err, "this range is only that of the messages above: the queue may have others")
		}
	}
}

// maxIdle is how many rounds in a row may delete nothing. One of them has receipts that
// expired before the answer to the question.
const maxIdle = 2

// removal deletes messages in rounds: a long queue is read in parts, and a receipt expires after
// a minute.
type removal struct {
	*app
	reader  *query.UnpublishedReader
	eventID string
	none    string                       // what to say if agreed stays empty
	agreed  map[string]bool              // by MessageID
	deleted map[string]query.Unpublished // by MessageID
}

// errKept reports that a later question of a removal was not answered with yes.
var errKept = errors.New("not confirmed: the other messages stay in the queue")

// removeUnpublished lists and deletes the messages of an event, or all for "". As a table
// it lists them before each question, in other formats the deleted ones at the end. A
// limit bounds the first round, and the others only delete what that one listed.
func (a *app) removeUnpublished(ctx context.Context, reader *query.UnpublishedReader, eventID string, limit int) error {
	r := &removal{app: a, reader: reader, eventID: eventID, agreed: map[string]bool{}, deleted: map[string]query.Unpublished{}}
	err := r.rounds(ctx, limit)
	found := errors.Is(err, errFound)
	switch {
	case len(r.deleted) > 0, found:
		fmt.Fprintf(a.err, "%s deleted\n", are(len(r.deleted), "message"))
	case err == nil:
		fmt.Fprintln(a.err, r.none)
	}
	if found {
		fmt.Fprintln(a.err, "some messages could not be read or deleted now, because others read the queue: run the command again in a minute")
	}
	if a.format == output.Table || err != nil && !found && len(r.deleted) == 0 {
		return err
	}
	removed := about(slices.Collect(maps.Values(r.deleted)), "")
	if _, failure := output.Write(a.out, a.format, unpublishedColumns(), output.All(removed)); failure != nil {
		return failure
	}
	return err
}

// rounds repeats round until nothing is left to delete. It returns errFound if messages
// stay in the queue.
func (r *removal) rounds(ctx context.Context, limit int) error {
	for idle := 0; ; {
		before := len(r.deleted)
		done, err := r.round(ctx, limit)
		if err != nil {
			return err
		}
		if len(r.deleted) > before {
			idle = 0
		} else {
			idle++
		}
		switch {
		case done:
			return nil
		case idle == maxIdle:
			return errFound
		}
	}
}

func (r *removal) isDeleted(m query.Unpublished) bool {
	_, found := r.deleted[m.MessageID]
	return found
}

// round reads once, asks about messages that it has not asked about, and deletes. It reports
// whether nothing is left to delete.
func (r *removal) round(ctx context.Context, limit int) (done bool, err error) {
	read, all, err := r.reader.Read(ctx, limit)
	if err != nil {
		return false, err
	}
	kept := read
	defer func() { err = errors.Join(err, r.reader.Release(context.WithoutCancel(ctx), kept)) }()
	listed := about(read, r.eventID)
	r.none = noneIn(read, all || limit == 0)
	asked := slices.DeleteFunc(slices.Clone(listed), func(m query.Unpublished) bool { return r.agreed[m.MessageID] })
	if limit > 0 && len(r.agreed) > 0 {
		listed = slices.DeleteFunc(listed, func(m query.Unpublished) bool { return !r.agreed[m.MessageID] })
		asked = nil
	}
	if len(asked) > 0 {
		to := r.out
		if r.format != output.Table {
			to = r.err
		}
		if _, err := output.Write(to, output.Table, unpublishedColumns(), output.All(asked)); err != nil {
			return false, err
		}
		r.adviseRepublish(asked, all)
		err := r.confirm(ctx, fmt.Sprintf("Delete %s? Nothing else names these events as unpublished.", counted(len(asked), "message")))
		if errors.Is(err, errDeclined) && len(r.deleted) > 0 {
			err = errKept
		}
		if err != nil {
			return false, err
		}
		for _, m := range asked {
			r.agreed[m.MessageID] = true
		}
	}
	left, err := r.reader.Remove(ctx, listed)
	if err != nil {
		return false, err
	}
	for _, m := range listed {
		if !slices.Contains(left, m) {
			r.deleted[m.MessageID] = m
		}
	}
	kept = slices.DeleteFunc(slices.Clone(read), r.isDeleted)
	return all && len(left) == 0 || limit > 0 && len(r.deleted) == len(r.agreed), nil
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
