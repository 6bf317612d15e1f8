package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

func (a *app) eventsExport() *cobra.Command {
	var flags filterFlags
	var file string
	var payloads bool
	c := &cobra.Command{
		Use:   "export",
		Short: "Write events with all their fields, as NDJSON or CSV",
		Long: `Write events with all their fields, newest first, as NDJSON (the default) or
CSV. --payloads adds the body in base64 to NDJSON; bodies in the bucket keep
their reference. After Ctrl-C it says on stderr how to continue. A row of the
table that is not an event is named and left out. Exit code 3: there are such
rows.`,
		Example: `  paysluice events export --since 2026-11-01 --until 2026-12-01 --file november.ndjson
  paysluice events export --category refund.succeeded -o csv > refunds.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			filter, err := flags.filter(a.now())
			if err != nil {
				return err
			}
			if payloads && a.format == output.CSV {
				return usagef("--payloads is for NDJSON and JSON: CSV has no column for a body")
			}
			format := a.format
			if format == output.Table {
				format = output.NDJSON
			}
			store, err := a.store(c.Context())
			if err != nil {
				return err
			}
			to := a.out
			if file != "" {
				created, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					return fmt.Errorf("%w: choose another --file", err)
				}
				to = created
			}
			oldest, left := int64(0), a.leftOut()
			full := query.Readable(store.Full(c.Context(), store.Events(c.Context(), filter)), left.note)
			rows := progress(full, a.err, payloads, progressInterval, &oldest)
			n, err := output.Write(to, format, exportColumns(), rows)
			fmt.Fprintf(a.err, "%s\n", counted(n, "event"))
			if changes := restOfEvents(store, filter, oldest); changes != "" {
				a.sayRest(c.Context(), changes+" and another --file")
			}
			if closer, ok := to.(io.Closer); ok && file != "" {
				err = cmp.Or(err, closer.Close())
				if err != nil && n == 0 { // the same command can be repeated
					err = errors.Join(err, os.Remove(file))
				}
			}
			return left.result(err)
		},
	}
	flags.add(c, 0, "events", providerNames())
	flags.addContinued(c)
	c.Flags().StringVar(&file, "file", "", "new `file` instead of stdout")
	c.Flags().BoolVar(&payloads, "payloads", false, "also export bodies")
	return c
}

// progressInterval is how often an export says how far it is.
const progressInterval = 5 * time.Second

// progress says every interval how many rows have passed, and keeps the time of the
// oldest. It removes payloads that are not wanted.
func progress(rows iter.Seq2[event.Event, error], w io.Writer, payloads bool, interval time.Duration, oldest *int64) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		n, last := 0, time.Now()
		for e, err := range rows {
			if !payloads {
				e.Payload = nil
			}
			if !yield(e, err) {
				return
			}
			if e.Timestamp > 0 {
				*oldest = e.Timestamp
			}
			if n++; time.Since(last) >= interval {
				last = time.Now()
				fmt.Fprintf(w, "%d events so far, at %s\n", n, formatTime(e.Timestamp, time.DateTime))
			}
		}
	}
}

// exportColumns returns the columns of a CSV export.
func exportColumns() []output.Column[event.Event] {
	type e = event.Event
	return append(eventColumns(),
		output.Column[e]{Name: "provider", Text: func(e e) string { return e.Provider }},
		output.Column[e]{Name: "type", Text: func(e e) string { return e.Type }},
		output.Column[e]{Name: "objectType", Text: func(e e) string { return e.ObjectType }},
		output.Column[e]{Name: "objectId", Text: func(e e) string { return e.ObjectID }},
		output.Column[e]{Name: "objectStatus", Text: func(e e) string { return e.ObjectStatus }},
		output.Column[e]{Name: "paymentId", Text: func(e e) string { return e.PaymentID }},
		output.Column[e]{Name: "account", Text: func(e e) string { return e.Account }},
		output.Column[e]{Name: "endpoint", Text: func(e e) string { return e.Endpoint }},
		output.Column[e]{Name: "livemode", Text: livemode},
		output.Column[e]{Name: "receivedAt", Text: func(e e) string { return formatTime(e.ReceivedAt, time.RFC3339Nano) }},
		output.Column[e]{Name: "payloadSha256", Text: func(e e) string { return e.PayloadSHA256 }},
	)
}
