package cli

import (
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

// backupRetention is how long the table's point-in-time recovery and a deleted table's
// backup keep an item (DynamoDB Developer Guide, "Point-in-time recovery").
const backupRetention = 35 * 24 * time.Hour

func (a *app) eventsErase() *cobra.Command {
	var payment, customer, since string
	c := &cobra.Command{
		Use:   "erase [ID]",
		Short: "Erase the payloads of events, and keep their keys",
		Long: `Erase the payloads of one event, of a payment or of a customer: in the table, in the
bucket and in the archive, with all versions. The rows keep their fields, key and hashes,
so that a redelivery is still a duplicate. The question before it says how much is lost.

--customer reads every event since --since, seven days back by default.`,
		Example: `  paysluice events erase stripe:evt_1PgcT2
  paysluice events erase --payment pi_3PgcT2
  paysluice events erase --customer cus_Q1 --since 2026-01-01 --yes`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			chosen := len(args)
			for _, flag := range []string{payment, customer} {
				if flag != "" {
					chosen++
				}
			}
			if chosen != 1 {
				return usagef("name an event's id, --payment or --customer")
			}
			at, err := parseTime(since, a.now())
			if err != nil {
				return usagef("--since: %w", err)
			}
			if since != "" && customer == "" {
				return usagef("--since needs --customer: ids are found whatever their age")
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			store := query.New(s, a.now)
			var events iter.Seq2[event.Event, error]
			switch {
			case payment != "":
				events = store.Payment(c.Context(), query.Filter{Payment: payment})
			case customer != "":
				events = store.OfCustomer(c.Context(), query.Filter{Since: at}, customer)
			default:
				events = store.Versions(c.Context(), args[0])
			}
			eraser := query.NewEraser(s, store, a.now)
			plan, err := eraser.Plan(c.Context(), events)
			if err != nil {
				return err
			}
			if len(plan.Events) == 0 {
				return fmt.Errorf("%w: no event matches", query.ErrNotFound)
			}
			fmt.Fprintf(a.err, "%s of %s are erased, with %s in the bucket:\n", counted(len(plan.Events), "payload"), s.Name, counted(len(plan.Objects), "object version"))
			for i, e := range plan.Events {
				if i == samples {
					fmt.Fprintf(a.err, "  … and %d more\n", len(plan.Events)-samples)
					break
				}
				fmt.Fprintf(a.err, "  %s  %s\n", output.Printable(e.ID), output.Printable(string(e.Category)))
			}
			if err := a.confirm(c.Context(), "Erase them? Nobody can restore them."); err != nil {
				return err
			}
			if err := eraser.Erase(c.Context(), plan); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s erased\n", counted(len(plan.Events), "payload"))
			fmt.Fprintf(a.err, "Backups of the table keep them until %s, the table's stream for 24 hours.\n", a.now().Add(backupRetention).UTC().Format(time.DateOnly))
			return nil
		},
	}
	c.Flags().StringVar(&payment, "payment", "", "all events of the payment or object with this `id`")
	c.Flags().StringVar(&customer, "customer", "", "all events that name the customer with this `id`")
	c.Flags().StringVar(&since, "since", "", "with --customer: events from this `time` on")
	return c
}

// samples is how many events or messages a plan shows.
const samples = 5

// counted returns "1 payload" or "3 payloads".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
