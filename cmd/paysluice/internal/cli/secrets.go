package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

func (a *app) secrets() *cobra.Command {
	c := &cobra.Command{
		Use:   "secrets",
		Short: "Rotate the providers' signing secrets without downtime",
		Long: `List and change the entries of the providers' secrets. The functions accept the
signatures of every entry, so a rotation loses nothing: add the new entry,
switch the sender to it, wait until secrets list shows that the old entry
verifies nothing any more, and retire the old entry.

No command prints a key.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usagef("secrets needs a command: list, add, retire or test")
		},
	}
	c.AddCommand(a.secretsList(), a.secretsAdd(), a.secretsRetire(), a.secretsTest())
	return c
}

// entryRow is a row of secrets list.
type entryRow struct {
	Provider string `json:"provider"`
	Number   int    `json:"number"`
	secrets.Entry
	// Events is how many of the examined events the label's entries have verified.
	Events       int        `json:"events"`
	LastVerified *time.Time `json:"lastVerified,omitempty"`
	LastEventID  string     `json:"lastEventId,omitempty"`
}

func (a *app) secretsList() *cobra.Command {
	var since string
	c := &cobra.Command{
		Use:   "list [PROVIDER]",
		Short: "List the entries of the secrets and what each verified last",
		Long: `List the entries of the secrets, and when each last verified a stored event. The
command reads the newest 10,000 events of each provider. An event has its
entry's label, so entries with the same label are counted together.`,
		Example: `  paysluice secrets list
  paysluice secrets list stripe --since 1d -o json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeProvider,
		RunE: func(c *cobra.Command, args []string) error {
			chosen := contract.Providers()
			at, err := parseSince(since, a.now())
			if err != nil {
				return usagef("--since: %w", err)
			}
			if len(args) > 0 {
				p, err := providerOf(args[0])
				if err != nil {
					return usagef("%w", err)
				}
				chosen = []contract.Provider{p}
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			var rows []entryRow
			for _, p := range chosen {
				of, err := a.entries(c.Context(), s, p, at)
				if err != nil {
					return err
				}
				rows = append(rows, of...)
			}
			_, err = output.Write(a.out, a.format, entryColumns(), output.All(rows))
			return err
		},
	}
	c.Flags().StringVar(&since, "since", "", "events from this `time` on: 2h, 2026-11-01 or RFC 3339; default seven days")
	return c
}

// completeProvider completes the first argument.
func completeProvider(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return providerNames(), cobra.ShellCompDirectiveNoFileComp
}

func entryColumns() []output.Column[entryRow] {
	type row = entryRow
	return []output.Column[row]{
		{Name: "provider", Text: func(r row) string { return r.Provider }},
		{Name: "number", Text: func(r row) string { return fmt.Sprint(r.Number) }, Right: true},
		{Name: "label", Text: func(r row) string { return r.Label }},
		{Name: "environment", Text: func(r row) string { return r.Environment }},
		{Name: "events", Text: func(r row) string { return fmt.Sprint(r.Events) }, Right: true},
		{Name: "lastVerified", Text: func(r row) string {
			if r.LastVerified == nil {
				return "never"
			}
			return formatTime(r.LastVerified.UnixMilli(), time.DateTime)
		}},
		{Name: "notificationUrl", Text: func(r row) string { return r.NotificationURL }}, // the widest
	}
}

// entries returns the entries of a provider with their use, and says on stderr how
// far it looked.
func (a *app) entries(ctx context.Context, s *stack.Stack, p contract.Provider, since time.Time) ([]entryRow, error) {
	version, err := secrets.Open(s, p).Read(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	if version.ID == "" {
		fmt.Fprintf(a.err, "%s: the secret was never filled: paysluice secrets add %[1]s LABEL\n", p.Name)
		return nil, nil
	}
	uses, err := a.uses(ctx, s, p, since)
	if err != nil {
		return nil, err
	}
	var rows []entryRow
	for i, e := range version.Entries() {
		use := uses.ByLabel[e.Label]
		row := entryRow{Provider: p.Name, Number: i + 1, Entry: e, Events: use.Events, LastEventID: use.LastID}
		if use.Events > 0 {
			row.LastVerified = &use.Last
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// uses summarises the events of a provider by label.
func (a *app) uses(ctx context.Context, s *stack.Stack, p contract.Provider, since time.Time) (secrets.Uses, error) {
	left := a.leftOut()
	uses, err := secrets.Summarize(query.Readable(query.New(s, a.now).Events(ctx, query.Filter{Provider: p.Name, Since: since}), left.note))
	if err != nil {
		return secrets.Uses{}, err
	}
	fmt.Fprintln(a.err, p.Name+": "+examined(uses))
	return uses, nil
}

// examined says which events a summary is of.
func examined(u secrets.Uses) string {
	switch {
	case u.Examined == 0:
		return "no event was stored in this time"
	case u.Complete:
		return "examined " + counted(u.Examined, "event")
	}
	return fmt.Sprintf("examined the newest %d events, since %s", u.Examined, u.Oldest.Format(time.DateTime))
}

// addFlags are the flags of secrets add.
type addFlags struct {
	secrets.Entry
	stdin bool
}

func (a *app) secretsAdd() *cobra.Command {
	var f addFlags
	c := &cobra.Command{
		Use:   "add PROVIDER LABEL",
		Short: "Add an entry to a secret; the others stay in force",
		Long: `Add an entry to a provider's secret. The command asks for the key without
showing it, or reads it from stdin. The other entries stay as they are. The
functions use the new entry from the first webhook that is signed with it.`,
		Example: `  paysluice secrets add stripe main-2026 --environment live
  pass show square | paysluice secrets add square main --environment live --secret-stdin`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeProvider,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := f.check(args)
			if err != nil {
				return err
			}
			return a.addEntry(c.Context(), &f, p)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.Environment, "environment", "", "`environment` of the entry: live or sandbox; Stripe's may have none")
	flags.StringVar(&f.NotificationURL, "url", "", "Square: the `URL` that Square has, if it is not the stack's")
	flags.IntVar(&f.MaxAgeHours, "max-age-hours", 0, "Square: the oldest event that is accepted, in `hours`; default 72")
	flags.StringVar(&f.OtherMode, "other-mode", "", "Stripe: `archive` or store events of the other mode; default archive")
	flags.BoolVar(&f.stdin, "secret-stdin", false, "read the key from stdin")
	complete(c, "environment", []string{"live", "sandbox"})
	complete(c, "other-mode", []string{"archive", "store"})
	return c
}

// check checks the command line. The error names every problem. The rest is
// checked with the document.
func (f *addFlags) check(args []string) (contract.Provider, error) {
	p, err := providerOf(args[0])
	problems := []error{err}
	add := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, errors.New(text))
		}
	}
	stripe, square := p.Name == contract.Stripe().Name, p.Name == contract.Square().Name
	add(f.Environment != "" && f.Environment != "live" && f.Environment != "sandbox", "--environment must be live or sandbox")
	add(err == nil && !stripe && f.Environment == "", "--environment is missing: live or sandbox")
	add(!square && f.NotificationURL != "", "--url is for Square, which signs it")
	add(!square && f.MaxAgeHours != 0, "--max-age-hours is for Square, which signs no time")
	add(!stripe && f.OtherMode != "", "--other-mode is for Stripe")
	if problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil }); len(problems) > 0 {
		return p, usagef("%s", joined(problems))
	}
	f.Label = args[1]
	return p, nil
}

func (a *app) addEntry(ctx context.Context, f *addFlags, p contract.Provider) error {
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	vault := secrets.Open(s, p)
	old, err := vault.Read(ctx)
	if err != nil {
		return err
	}
	var key []byte
	if f.stdin {
		key, err = a.read(ctx, stdinFlag, "-")
	} else {
		key, err = a.prompt(ctx, "The "+secrets.KeyTitle(p)+" of "+p.Title)
	}
	if err != nil {
		return err
	}
	f.Key = strings.TrimRight(string(key), "\r\n")
	added, err := old.Add(f.Entry)
	if err == nil {
		err = vault.Replace(ctx, old, added)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "added entry %d, %q, to the secret of %s; paysluice secrets test %s %s tries it\n",
		len(added.Entries()), f.Label, p.Name, p.Name, f.Label)
	return nil
}

func (a *app) secretsRetire() *cobra.Command {
	var number int
	c := &cobra.Command{
		Use:   "retire PROVIDER LABEL",
		Short: "Remove an entry; its signatures are refused within five minutes",
		Long: `Say which events an entry verified lately, ask, and remove the entry from the
provider's secret. Within five minutes the functions refuse its signatures. The
previous version of the secret keeps the entry until the next change.`,
		Example: `  paysluice secrets retire stripe main-2025
  paysluice secrets retire square main --number 1 --yes`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeProvider,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := providerOf(args[0])
			if err == nil && number < 0 {
				err = errors.New("--number must be a number of paysluice secrets list")
			}
			if err != nil {
				return usagef("%w", err)
			}
			return a.retire(c.Context(), p, args[1], number)
		},
	}
	c.Flags().IntVar(&number, "number", 0, "`number` of the entry, if several have the label")
	return c
}

func (a *app) retire(ctx context.Context, p contract.Provider, label string, number int) error {
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	vault := secrets.Open(s, p)
	old, err := vault.Read(ctx)
	if err != nil {
		return err
	}
	index, err := old.Find(label, number)
	if err != nil {
		return err
	}
	rest, err := old.Remove(index)
	if err != nil {
		return err
	}
	uses, err := a.uses(ctx, s, p, time.Time{})
	if err != nil {
		return err
	}
	effect := fmt.Sprintf("No examined event was verified with the label %q.", label)
	if use := uses.ByLabel[label]; use.Events > 0 {
		effect = fmt.Sprintf("%s verified with the label %q, the last at %s (%s).",
			partOf(use.Events, uses.Examined, "examined event"), label, use.Last.Format(time.DateTime), use.LastID)
	}
	fmt.Fprintf(a.err, "%s\nRetiring entry %d refuses every webhook of %s that it signs. Entries that stay: %d.\n",
		effect, index+1, p.Name, len(rest.Entries()))
	if err := a.confirm(ctx, fmt.Sprintf("Retire entry %d, %q?", index+1, label)); err != nil {
		return err
	}
	if err := vault.Replace(ctx, old, rest); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "retired; webhooks that it signs are refused within five minutes\n")
	return nil
}

// errPayPalTest explains why PayPal's entries cannot be tested.
var errPayPalTest = errors.New("only PayPal can sign its webhooks, with the key of its certificate: " +
	"resend an event in PayPal's dashboard (Apps & Credentials, Webhooks), then look at paysluice secrets list paypal")

// trial is the result of secrets test for an entry.
type trial struct {
	Provider string `json:"provider"`
	Number   int    `json:"number"`
	Label    string `json:"label"`
	Status   int    `json:"status"`
	Accepted bool   `json:"accepted"`
	EventID  string `json:"eventId,omitempty"`
}

func (a *app) secretsTest() *cobra.Command {
	return &cobra.Command{
		Use:   "test PROVIDER [LABEL]",
		Short: "Sign a webhook with each entry and check that the stack accepts it",
		Long: `Send one webhook signed with each entry of a provider's secret, and check that
the stack answers 200. Each webhook stores an event of the type paysluice.test,
which moves no money. A new entry can be refused for ten seconds, so a refused
webhook is repeated for 15 seconds. PayPal's entries cannot be tested: only
PayPal has the key of its certificates.

Exit code 3: an entry was refused.`,
		Example: `  paysluice secrets test stripe
  paysluice secrets test square main`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: completeProvider,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := providerOf(args[0])
			if err != nil {
				return usagef("%w", err)
			}
			if p.Name == contract.PayPal().Name {
				return errPayPalTest
			}
			return a.testEntries(c.Context(), p, args[1:])
		},
	}
}

func (a *app) testEntries(ctx context.Context, p contract.Provider, labels []string) error {
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	url, urlErr := s.WebhookURL(p)
	version, err := secrets.Open(s, p).Read(ctx)
	if err = errors.Join(err, urlErr); err != nil {
		return err
	}
	probe := secrets.Probe{Client: s.AWS.Config.HTTPClient, URL: url, SignedURL: s.Outputs[p.Title+"Url"], Now: a.now, Sleep: function.Sleep}
	var trials []trial
	refused := 0
	for i, e := range version.Entries() {
		if len(labels) > 0 && e.Label != labels[0] {
			continue
		}
		status, id, err := probe.Send(ctx, p, e)
		if err != nil {
			return fmt.Errorf("entry %d, %q: %w", i+1, e.Label, err)
		}
		if status != http.StatusOK {
			refused++
		}
		trials = append(trials, trial{p.Name, i + 1, e.Label, status, status == http.StatusOK, id})
	}
	if len(trials) == 0 {
		return fmt.Errorf("%w to test does not exist: paysluice secrets list %s prints the labels, and paysluice secrets add %[2]s LABEL adds one", secrets.ErrEntry, p.Name)
	}
	_, err = output.Write(a.out, a.format, []output.Column[trial]{
		{Name: "number", Text: func(t trial) string { return fmt.Sprint(t.Number) }, Right: true},
		{Name: "label", Text: func(t trial) string { return t.Label }},
		{Name: "status", Text: func(t trial) string { return fmt.Sprint(t.Status, " ", http.StatusText(t.Status)) }},
		{Name: "eventId", Text: func(t trial) string { return t.EventID }},
	}, output.All(trials))
	if err == nil && refused > 0 {
		fmt.Fprintf(a.err, "refused: %d of %d; the log of %s says why\n", refused, len(trials), s.LogGroup(contract.ProcessorName(p)))
		err = errFound
	}
	return err
}
