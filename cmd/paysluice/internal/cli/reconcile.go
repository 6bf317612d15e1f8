package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

const (
	// defaultSince is the default of --since.
	defaultSince = "48h"
	// defaultProofWait is how long a refill waits until everything is stored.
	defaultProofWait = 2 * time.Minute
)

// reconcileFlags are the flags of reconcile.
type reconcileFlags struct {
	since, until, account, url, apiURL, place string
	allTypes, thin, sandbox, refill, store    bool
	wait                                      time.Duration
}

const reconcileHelp = `List the provider's events through its API, and look for each in the table and
in the archive. docs/reconciling.md says how to make a key and what a provider
cannot list.

The command expects the event types that the provider's endpoint with the
stack's URL subscribes to; --all-types expects all. An event younger than ten
minutes that is not stored yet counts as on the way. The list is compared window
by window. --place keeps the place in a file, and a run with the same file and
the same flags resumes there.

--refill gets missing events into the table, after a question. PayPal is asked
to deliver them again. Stripe and Square cannot be asked: the command sends the
listed events to webhook-queue with the field origin set to reconcile, and a
webhook that arrives later is a duplicate. Then the comparison is repeated until
nothing is missing. An event that cannot be refilled is named with the reason
and stays missing. After five in a row for the same reason the refill ends; the
same command continues it.

The key comes from the first of these that has one: the environment
(STRIPE_API_KEY; PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET;
SQUARE_ACCESS_TOKEN), the secret PROVIDER-api-key-SUFFIX in Secrets Manager, the
secret provider-api-keys-SUFFIX of a stack with ReconcileEvery, a prompt.

-o json prints the counts and up to 100 examples. -o ndjson prints one line for
every event that is missing, different or unknown, and the counts to stderr.
With --refill these are the events before the refill, and one more line, with
state failed and the reason, for each event that was not refilled. After --place
resumed a killed run, the lines of one window may appear twice.

Exit code 3: events are missing.`

func (a *app) reconcile() *cobra.Command {
	var f reconcileFlags
	c := &cobra.Command{
		Use:   "reconcile PROVIDER",
		Short: "Find and refill events that the provider lists and the stack lacks",
		Long:  reconcileHelp,
		Example: `  paysluice reconcile stripe --since 48h
  paysluice reconcile paypal --since 7d --refill
  paysluice reconcile stripe --account acct_1PgcT2 --since 30d --place month.json -o json
  paysluice reconcile square --since 7d -o ndjson > missing.ndjson`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(providerNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(c *cobra.Command, args []string) error {
			p, ok := providerNamed(args[0])
			if !ok {
				return usagef("PROVIDER must be one of %s", strings.Join(providerNames(), ", "))
			}
			return a.reconcileWith(c.Context(), &f, p)
		},
	}
	f.add(c)
	return c
}

// reconcileWith compares, and refills, the events of a provider.
func (a *app) reconcileWith(ctx context.Context, f *reconcileFlags, p contract.Provider) error {
	since, until, err := f.window(a.now())
	if err != nil {
		return err
	}
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	r, err := a.reconciliation(ctx, f, s, p)
	if err != nil {
		return err
	}
	return r.run(ctx, since, until)
}

// add adds the flags to the command.
func (f *reconcileFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.since, "since", defaultSince, "events from this `time` on: 2h, 2026-11-01 or RFC 3339")
	flags.StringVar(&f.until, "until", "", "events before this `time`; default now")
	flags.StringVar(&f.account, "account", "", "events of a connected `account` (Stripe) or a merchant (Square)")
	flags.StringVar(&f.url, "webhook-url", "", "`URL` of the provider's endpoint; default the stack's output")
	flags.BoolVar(&f.allTypes, "all-types", false, "expect events of all types, whatever the endpoint subscribes")
	flags.BoolVar(&f.thin, "thin", false, "also compare Stripe's thin events")
	flags.BoolVar(&f.sandbox, "sandbox", false, "use the sandbox of PayPal or Square, with its key in the environment or at the prompt")
	flags.BoolVar(&f.refill, "refill", false, "get missing events into the table, after a question")
	flags.BoolVar(&f.store, "store", false, "refill from the list, even where the provider can deliver again")
	flags.DurationVar(&f.wait, "wait", defaultProofWait, "how long a refill waits until all events are stored")
	flags.StringVar(&f.place, "place", "", "`file` that keeps the place of the comparison")
	flags.StringVar(&f.apiURL, "api-url", "", "`URL` of a fake of the provider's API")
	_ = flags.MarkHidden("api-url") // the only error is an unknown flag
}

// window checks the flags and returns the range of the comparison.
func (f *reconcileFlags) window(now time.Time) (since, until time.Time, err error) {
	var problems []error
	if since, err = parseTime(f.since, now); err != nil {
		problems = append(problems, fmt.Errorf("--since: %w", err))
	}
	if until, err = parseTime(f.until, now); err != nil {
		problems = append(problems, fmt.Errorf("--until: %w", err))
	}
	if until.IsZero() || until.After(now) {
		until = now
	}
	if len(problems) == 0 && !until.After(since) {
		problems = append(problems, errors.New("--since must be before --until and before now"))
	}
	if f.store && !f.refill {
		problems = append(problems, errors.New("--store chooses how --refill works: add --refill"))
	}
	if f.wait < 0 {
		problems = append(problems, errors.New("--wait must be 0 or more"))
	}
	if len(problems) > 0 {
		return since, until, usagef("%s", joined(problems))
	}
	return since, until, nil
}

// reconciliation is one run of the command.
type reconciliation struct {
	app        *app
	flags      *reconcileFlags
	provider   contract.Provider
	stack      *stack.Stack
	source     source.Source
	comparison *reconcile.Comparison
	resumed    *keptRefill // the refill that the file of --place knows
	printed    time.Time
}

// reconciliation connects the stack and the provider.
func (a *app) reconciliation(ctx context.Context, f *reconcileFlags, s *stack.Stack, p contract.Provider) (*reconciliation, error) {
	key, err := a.apiKey(ctx, f.sandbox, s, p)
	if err != nil {
		return nil, err
	}
	r := &reconciliation{app: a, flags: f, provider: p, stack: s, printed: a.now()}
	r.source, err = source.New(p, source.Options{
		Key: key, URL: f.apiURL, Account: f.account, Thin: f.thin, Now: a.now, Sleep: function.Sleep,
		Notify: func(text string) { fmt.Fprintln(a.err, output.Printable(text)) },
	})
	if err != nil { // of --account or --api-url
		return nil, usagef("%w", err)
	}
	if r.comparison, err = query.Comparison(s, p, r.source, a.now); err != nil {
		return nil, err
	}
	r.comparison.Account = f.account
	if a.format == output.NDJSON {
		r.comparison.Findings = r.print
	}
	if f.allTypes {
		return r, nil
	}
	to := f.url
	if to == "" {
		to = s.Outputs[p.Title+"Url"]
	}
	found, err := r.source.Subscription(ctx, to)
	if errors.Is(err, source.ErrNotFound) && !errors.Is(err, source.ErrOtherAccounts) {
		return nil, fmt.Errorf("%w: name another with --webhook-url, or compare all types with --all-types", err)
	}
	r.comparison.Subscription = &found
	return r, err
}

// checkRetention reports a range that the provider or the table no longer has in full.
func (r *reconciliation) checkRetention(since time.Time) error {
	now, keeps := r.app.now(), r.source.Facts().Retention
	if since.Before(now.Add(-keeps - time.Hour)) {
		return usagef("--since: %s lists events of the last %.0f days only", r.provider.Title, keeps.Hours()/24)
	}
	if days := query.Retention(r.stack); days > 0 && since.Before(now.AddDate(0, 0, -days)) {
		return usagef("--since: the table keeps events for EventRetentionDays only, %d days", days)
	}
	return nil
}

// run compares, refills if it is told to, and prints the result.
func (r *reconciliation) run(ctx context.Context, since, until time.Time) error {
	a := r.app
	start, err := r.start(since, until)
	if err != nil {
		return err
	}
	done, err := r.compare(ctx, start)
	if err != nil {
		return err
	}
	result := r.result(done)
	if r.flags.refill && done.Report.Missing > 0 {
		if result, err = r.refill(ctx, done); err != nil {
			return err
		}
	}
	if err := a.printReconciliation(result); err != nil {
		return err // the place stays: the same command prints the result
	}
	if r.flags.place != "" {
		if err := os.Remove(r.flags.place); err != nil {
			return err
		}
	}
	if result.Missing > 0 {
		return errFound
	}
	return nil
}

// compare runs the comparison from a place, and keeps the place.
func (r *reconciliation) compare(ctx context.Context, at reconcile.Place) (reconcile.Place, error) {
	r.comparison.Progress = func(p reconcile.Place) error { return errors.Join(r.say(p), r.keep(p, nil)) }
	done, err := r.comparison.Run(ctx, at)
	if err != nil && r.flags.place != "" {
		fmt.Fprintf(r.app.err, "the comparison came to %s; the same command resumes there\n", done.Next.Format(time.RFC3339))
	}
	return done, err
}

// print writes a line for each finding of a window.
func (r *reconciliation) print(_ time.Time, found []reconcile.Example) error {
	for _, e := range found {
		if err := output.Object(r.app.out, output.NDJSON, e, nil); err != nil {
			return err
		}
	}
	return nil
}

// say shows the progress from time to time.
func (r *reconciliation) say(p reconcile.Place) error {
	if now := r.app.now(); now.Sub(r.printed) >= lineInterval {
		r.printed = now
		fmt.Fprintf(r.app.err, "compared until %s: %d listed, %d missing\n", p.Next.Format(time.RFC3339), p.Report.Listed, p.Report.Missing)
	}
	return nil
}

// reconciliationResult holds the command's output.
type reconciliationResult struct {
	Provider string    `json:"provider"`
	Account  string    `json:"account,omitempty"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	// MarginSeconds is the age below which an absent event is on the way.
	MarginSeconds int `json:"marginSeconds"`
	reconcile.Report
	// Redelivered, Refilled and Failed count the events of a refill.
	Redelivered int `json:"redelivered"`
	Refilled    int `json:"refilled"`
	Failed      int `json:"failed"`
	// Failures are up to maxFailures of those that failed.
	Failures []notRefilled `json:"failures,omitempty"`
}

func (r *reconciliation) result(p reconcile.Place) reconciliationResult {
	p.Report.Examples = append([]reconcile.Example{}, p.Report.Examples...)
	return reconciliationResult{
		Provider: r.provider.Name, Account: r.flags.account, Since: p.Since, Until: p.Until,
		MarginSeconds: int(r.source.Facts().Margin.Seconds()), Report: p.Report,
	}
}

func summary(c reconcile.Counts) string {
	return fmt.Sprintf("%d listed: %d stored, %d different, %d archived, %d on the way, %d not expected, %d unreadable, %d missing; %d unknown to the provider",
		c.Listed, c.Stored, c.Different, c.Archived, c.OnTheWay, c.NotExpected, c.Unreadable, c.Missing, c.Unknown)
}

// typeCounts are the counts of one type, or of all.
type typeCounts struct {
	Type string
	reconcile.Counts
}

func (a *app) printReconciliation(r reconciliationResult) error {
	switch a.format {
	case output.JSON:
		return output.Object(a.out, a.format, r, nil)
	case output.NDJSON: // the lines are printed by now
		_, err := fmt.Fprintln(a.err, summary(r.Counts))
		return err
	}
	var rows []typeCounts
	for _, name := range slices.Sorted(maps.Keys(r.Types)) {
		rows = append(rows, typeCounts{name, *r.Types[name]})
	}
	rows = append(rows, typeCounts{"all", r.Counts})
	if _, err := output.Write(a.out, a.format, countColumns(), output.All(rows)); err != nil || a.format == output.CSV {
		return err
	}
	fmt.Fprintf(a.out, "\n%s, %s to %s\n", r.Provider, r.Since.Format(time.RFC3339), r.Until.Format(time.RFC3339))
	if r.Provider == contract.Square().Name && r.Listed == 0 && r.Unknown > 0 {
		fmt.Fprintln(a.out, "Square lists nothing, and the table has events: the event search is probably off (docs/reconciling.md).")
	}
	if r.OnTheWay > 0 {
		fmt.Fprintf(a.out, "On the way: not stored, and younger than %d minutes.\n", r.MarginSeconds/60)
	}
	if r.Archived > 0 {
		fmt.Fprintln(a.out, "Archived: the consumer could not store them; paysluice failures says why, paysluice replay stores them.")
	}
	if r.StillRetried > 0 {
		fmt.Fprintf(a.out, "The provider may still deliver %d of the missing events by itself.\n", r.StillRetried)
	}
	if r.Failed > 0 {
		fmt.Fprintf(a.out, "Not refilled: %s, named above with the reason.\n", counted(r.Failed, "event"))
	}
	for _, e := range r.Examples {
		fmt.Fprintf(a.out, "%s %s %s %s\n", e.State, formatTime(e.Timestamp, time.RFC3339), output.Printable(e.ID), output.Printable(e.Type))
	}
	if left := r.Missing + r.Different + r.Unknown - len(r.Examples); left > 0 {
		fmt.Fprintf(a.out, "… and %d more\n", left)
	}
	return nil
}

func countColumns() []output.Column[typeCounts] {
	columns := []output.Column[typeCounts]{{Name: "type", Text: func(c typeCounts) string { return c.Type }}}
	for _, column := range []struct {
		name  string
		count func(reconcile.Counts) int
		wide  bool
	}{
		{"listed", func(c reconcile.Counts) int { return c.Listed }, false},
		{"stored", func(c reconcile.Counts) int { return c.Stored }, false},
		{"archived", func(c reconcile.Counts) int { return c.Archived }, false},
		{"onTheWay", func(c reconcile.Counts) int { return c.OnTheWay }, false},
		{"notExpected", func(c reconcile.Counts) int { return c.NotExpected }, false},
		{"different", func(c reconcile.Counts) int { return c.Different }, false},
		{"unreadable", func(c reconcile.Counts) int { return c.Unreadable }, true},
		{"missing", func(c reconcile.Counts) int { return c.Missing }, false},
		{"unknown", func(c reconcile.Counts) int { return c.Unknown }, false},
	} {
		columns = append(columns, output.Column[typeCounts]{Name: column.name, Right: true, Wide: column.wide,
			Text: func(c typeCounts) string { return strconv.Itoa(column.count(c.Counts)) }})
	}
	return columns
}
