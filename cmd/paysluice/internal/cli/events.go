package cli

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

// defaultLimit is the default of --limit.
const defaultLimit = 50

func (a *app) events() *cobra.Command {
	c := &cobra.Command{
		Use:   "events",
		Short: "Read stored events",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usagef("events needs a command: list, get, payload, tail, export, republish or erase")
		},
	}
	c.AddCommand(a.eventsList(), a.eventsGet(), a.eventsPayload(), a.eventsTail(), a.eventsExport(), a.eventsRepublish(), a.eventsErase())
	return c
}

func (a *app) eventsList() *cobra.Command {
	var flags filterFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List events, newest first",
		Long: `List events, newest first by the provider's time. A list has an event's main
fields; paysluice events get prints all of them. Without --since it goes back
seven days. After Ctrl-C it says on stderr how to continue.

A row of the table that is not an event is named and left out, and the exit code
is 3.`,
		Example: `  paysluice events list --category payment.succeeded --since 2h
  paysluice events list --payment pi_3PgcT2 -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			filter, err := flags.filter(a.now())
			if err != nil {
				return err
			}
			store, err := a.store(c.Context())
			if err != nil {
				return err
			}
			oldest, left := int64(0), a.leftOut()
			rows := query.Readable(store.Events(c.Context(), filter), left.note)
			n, err := a.printEvents(noting(rows, func(e event.Event) { oldest = cmp.Or(e.Timestamp, oldest) }))
			switch {
			case err != nil:
				a.sayRest(c.Context(), restOfEvents(store, filter, oldest))
				return err
			case n == 0:
				fmt.Fprintln(a.err, "no event matches")
			case n == filter.Limit:
				fmt.Fprintf(a.err, "the list ends after %s; --limit shows more\n", counted(n, "event"))
			}
			return left.result(nil)
		},
	}
	flags.add(c, defaultLimit, "events", providerNames())
	flags.addContinued(c)
	return c
}

// printEvents writes the events of a list.
func (a *app) printEvents(rows iter.Seq2[event.Event, error]) (int, error) {
	if a.format == output.JSON || a.format == output.NDJSON {
		return output.Write(a.out, a.format, nil, query.AsListed(rows))
	}
	return output.Write(a.out, a.format, eventColumns(), rows)
}

// eventColumns returns the columns of a list of events.
func eventColumns() []output.Column[event.Event] {
	type e = event.Event
	return []output.Column[event.Event]{
		{Name: "timestamp", Text: func(e e) string { return formatTime(e.Timestamp, time.RFC3339Nano) },
			Width: 19, Short: func(e e) string { return formatTime(e.Timestamp, time.DateTime) }},
		{Name: "category", Width: 18, Text: func(e e) string { return string(e.Category) }},
		{Name: "amount", Width: 9, Text: func(e e) string { return e.Amount }, Right: true},
		{Name: "currency", Text: func(e e) string { return e.Currency }},
		{Name: "eventId", Text: func(e e) string { return e.ID }},
	}
}

// formatTime returns a time in UTC, "" for the zero epoch.
func formatTime(millis int64, layout string) string {
	if millis == 0 {
		return ""
	}
	return time.UnixMilli(millis).UTC().Format(layout)
}

func (a *app) eventsGet() *cobra.Command {
	return &cobra.Command{
		Use:   "get ID",
		Short: "Print one event with all its fields, without its payload",
		Long: `Print one event with all its fields, without its payload. If the provider sent
the id with several times, -o json prints an array.`,
		Example: `  paysluice events get stripe:evt_1PgcT2 -o json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, found, err := a.stored(c.Context(), args[0])
			if err != nil {
				return err
			}
			var texts [][][2]string
			for i, e := range found {
				texts = append(texts, fields(e, len(e.Payload)))
				found[i].Payload = nil // shown only on request
			}
			return output.Objects(a.out, a.format, found, texts)
		},
	}
}

// fields returns an event's names and texts, without those that are empty.
func fields(e event.Event, payload int) [][2]string {
	all := [][2]string{
		{"eventId", e.ID},
		{"timestamp", formatTime(e.Timestamp, time.RFC3339Nano)},
		{"type", e.Type},
		{"category", string(e.Category)},
		{"object", strings.TrimSpace(e.ObjectType + " " + e.ObjectID)},
		{"objectStatus", e.ObjectStatus},
		{"paymentId", e.PaymentID},
		{"amount", strings.TrimSpace(e.Amount + " " + e.Currency)},
		{"account", e.Account},
		{"endpoint", e.Endpoint},
		{"livemode", livemode(e)},
		{"omitted", strings.Join(e.Omitted, ", ")},
		{"receivedAt", formatTime(e.ReceivedAt, time.RFC3339Nano)},
		{"requestId", e.RequestID},
		{"extendedRequestId", e.ExtendedRequestID},
		{"origin", e.Origin},
		{"payload", payloadText(e, payload)},
	}
	var set [][2]string
	for _, field := range all {
		if field[1] != "" {
			set = append(set, field)
		}
	}
	return set
}

func livemode(e event.Event) string {
	if e.Livemode == nil {
		return ""
	}
	return fmt.Sprint(*e.Livemode)
}

// erased says that an event has no payload any more.
func erased(e event.Event) error {
	return fmt.Errorf("the payload of %s was erased on %s", e.ID, formatTime(e.ErasedAt, time.DateTime))
}

func payloadText(e event.Event, size int) string {
	if e.ErasedAt != 0 {
		return "erased on " + formatTime(e.ErasedAt, time.DateTime)
	}
	if e.PayloadRef != "" {
		return "in the bucket: " + e.PayloadRef
	}
	return fmt.Sprintf("%d bytes", size)
}

func (a *app) eventsPayload() *cobra.Command {
	return &cobra.Command{
		Use:     "payload ID",
		Short:   "Write the exact body that the provider sent to stdout",
		Example: `  paysluice events payload stripe:evt_1PgcT2 > body.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			store, found, err := a.stored(c.Context(), args[0])
			if err != nil {
				return err
			}
			if len(found) > 1 {
				return errors.New("the provider sent this id with several times: choose one with paysluice events get")
			}
			if found[0].ErasedAt != 0 {
				return erased(found[0])
			}
			body, err := store.Payload(c.Context(), found[0])
			if err != nil {
				return err
			}
			_, err = a.out.Write(body)
			return err
		},
	}
}
