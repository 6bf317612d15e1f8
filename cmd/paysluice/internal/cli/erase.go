package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/event"
)

// backupRetention is how long the table's point-in-time recovery and a deleted table's
// backup keep an item (DynamoDB Developer Guide, "Point-in-time recovery").
const backupRetention = 35 * 24 * time.Hour

func (a *app) eventsErase() *cobra.Command {
	var of subject
	var since string
	c := &cobra.Command{
		Use:   "erase [ID|KEY]",
		Short: "Erase the payloads of events, and keep their keys",
		Long: `Erase the payloads of one event, of a payment or of a customer: in the table, in
the bucket and in the archive, with all versions. The rows keep their fields,
key and hashes, so that a redelivery is still a duplicate. An event that is only
in the archive leaves no row: a redelivery is stored. The question before the
erasure says how much is lost.

An archived message that is no event is erased by its key, and with it all that
have the same body. paysluice failures list shows the keys.

--payment reads the whole archive. --customer reads every event and every
archived message since --since, seven days back by default.

A row of the table that is not an event is named and left out. With --payment or
--customer, archived messages that are in Glacier or no event are counted and
left out, because their payment and their customer are not known. The event's id
finds its messages in Glacier too. Exit code 3: there are such rows or messages.`,
		Example: `  paysluice events erase stripe:evt_1PgcT2
  paysluice events erase stripe/2026/11/01/1d2e3f40-5a6b-4c7d-8e9f-0a1b2c3d4e5f-e3b0c44298fc1c14.json
  paysluice events erase --payment pi_3PgcT2
  paysluice events erase --customer cus_Q1 --since 2026-01-01 --yes`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			of.id = strings.Join(args, "")
			if err := of.check(since, a.now()); err != nil {
				return err
			}
			return a.erase(c.Context(), of)
		},
	}
	c.Flags().StringVar(&of.payment, "payment", "", "all events of the payment or object with this `id`")
	c.Flags().StringVar(&of.customer, "customer", "", "all events that name the customer with this `id`")
	c.Flags().StringVar(&since, "since", "", "with --customer: events from this `time` on")
	return c
}

// subject says which payloads are erased: those of one event, of a payment or of a customer.
type subject struct {
	id, payment, customer string
	since                 time.Time // of the customer's events
}

// check checks the command line and sets since.
func (s *subject) check(since string, now time.Time) (err error) {
	chosen := slices.DeleteFunc([]string{s.id, s.payment, s.customer}, func(id string) bool { return id == "" })
	if len(chosen) != 1 {
		return usagef("name an event's id, an archived message's key, --payment or --customer")
	}
	if s.since, err = parseSince(since, now); err != nil {
		return usagef("--since: %w", err)
	}
	if since != "" && s.customer == "" {
		return usagef("--since needs --customer: ids are found whatever their age")
	}
	return nil
}

// erase plans, asks and erases.
func (a *app) erase(ctx context.Context, of subject) error {
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	left := a.leftOut()
	eraser, plan, err := a.planErasure(ctx, s, of, left)
	if err != nil {
		return err
	}
	all := slices.Concat(plan.Events, plan.Archived)
	switch {
	case len(all) == 0 && left.n > 0:
		fmt.Fprintln(a.err, "no event matches: none of the rows and messages that can be read has it")
		return left.result(nil)
	case len(all) == 0:
		return of.notFound()
	}
	fmt.Fprintf(a.err, "This erases %s of %s and %s in the bucket:\n", counted(len(all), "payload"), s.Name, counted(len(plan.Objects), "object version"))
	a.printSamples(all)
	if err := a.confirm(ctx, "Erase them? Nobody can restore them."); err != nil {
		return err
	}
	if err := eraser.Erase(ctx, plan); err != nil {
		fmt.Fprintln(a.err, "not all payloads are erased; the same command erases the rest")
		return err
	}
	fmt.Fprintf(a.out, "%s erased\n", counted(len(all), "payload"))
	if len(plan.Events) > 0 {
		fmt.Fprintf(a.err, "Backups of the table keep them until %s, the table's stream for 24 hours.\n", a.now().Add(backupRetention).UTC().Format(time.DateOnly))
	}
	return left.result(nil)
}

// samples is how many events or messages a plan shows.
const samples = 5

// printSamples prints the first events of a plan.
func (a *app) printSamples(all []event.Event) {
	for _, e := range all[:min(samples, len(all))] {
		fmt.Fprintln(a.err, "  "+strings.TrimSpace(output.Printable(e.ID+"  "+string(e.Category))))
	}
	if len(all) > samples {
		fmt.Fprintf(a.err, "  … and %d more\n", len(all)-samples)
	}
}

// notFound says that nothing is to be erased.
func (s subject) notFound() error {
	why := "neither the table nor the archive has the payment or object " + s.payment
	switch {
	case s.id != "":
		why = "neither the table nor the archive has " + s.id + query.Unprefixed(s.id)
	case s.customer != "":
		why = "none names the customer " + s.customer + ": an earlier --since looks further back"
	}
	return fmt.Errorf("%w: no event matches: %s", query.ErrNotFound, why)
}

// planErasure finds the payloads in the table, then those that are only in the archive.
func (a *app) planErasure(ctx context.Context, s *stack.Stack, of subject, left *leftOut) (*query.Eraser, query.Erasure, error) {
	store, archive := query.New(s, a.now), query.Failures(s)
	events := store.Versions(ctx, of.id)
	selects := func(e event.Event) bool { return e.ID == of.id }
	var filter failure.Filter
	switch {
	case namesObject(of.id): // the table has no such id
		events = output.All[event.Event](nil)
		selects = func(event.Event) bool { return true }
	case of.payment != "":
		events = store.Payment(ctx, query.Filter{Payment: of.payment})
		selects = func(e event.Event) bool { return e.PaymentID == of.payment || e.ObjectID == of.payment }
	case of.customer != "":
		f := query.Filter{Since: of.since}
		events = store.OfCustomer(ctx, f, of.customer)
		filter.Since, _ = store.Window(f)
		selects = func(e event.Event) bool { return query.NamesCustomer(e, of.customer) }
	}
	eraser := query.NewEraser(s, store, a.now)
	plan, err := eraser.Plan(ctx, events, left.note)
	if err != nil || of.id != "" && len(plan.Events) > 0 {
		return eraser, plan, err // the row's plan has its archived messages
	}
	archived := archive.List(ctx, filter)
	if of.id != "" {
		found, err := archivedMessages(ctx, archive, of.id)
		if err != nil {
			return nil, plan, err
		}
		archived = output.All(found)
	}
	undecided, err := eraser.AddArchived(ctx, &plan, archived, selects)
	if n := undecided.Cold; n > 0 {
		left.note(fmt.Errorf("%s in Glacier: repeat the command after paysluice failures restore", counted(n, "archived message")))
	}
	if n := undecided.Unnamed; n > 0 {
		left.note(fmt.Errorf("%s no event: paysluice failures show KEY --payload prints the body, and paysluice events erase KEY erases it", are(n, "archived message")))
	}
	return eraser, plan, err
}

// archivedMessages returns the archived messages of an event, or those with the body of a
// message without one.
func archivedMessages(ctx context.Context, archive *failure.Archive, id string) ([]failure.Failure, error) {
	if !namesObject(id) {
		return archive.Find(ctx, id)
	}
	of, err := archive.Get(ctx, id)
	switch {
	case errors.Is(err, failure.ErrMissing):
		return nil, fmt.Errorf("%w: the archive has no %s", query.ErrNotFound, id)
	case err != nil:
		return nil, err
	case of.EventID != "":
		return nil, usagef("%s is a message of the event %s: erase it by its id: paysluice events erase %[2]s", id, of.EventID)
	}
	return archive.Copies(ctx, of)
}

// counted returns "1 payload" or "3 payloads".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
