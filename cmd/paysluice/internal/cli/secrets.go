package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
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

// errNoProvider reports that the stack was built without a provider.
var errNoProvider = errors.New("the stack has no")

// has returns errNoProvider if the stack does not receive a provider's webhooks.
func has(s *stack.Stack, p contract.Provider) error {
	if secrets.Exists(s, p) {
		return nil
	}
	return fmt.Errorf("%w %s: choose another stack with --stack, or build the template with %[2]s", errNoProvider, p.Title)
}

// readSecret returns the stack, and the current version of a provider's secret in its vault.
func (a *app) readSecret(ctx context.Context, p contract.Provider) (*stack.Stack, *secrets.Vault, secrets.Version, error) {
	s, err := a.find(ctx)
	if err == nil {
		err = has(s, p)
	}
	if err != nil {
		return nil, nil, secrets.Version{}, err
	}
	vault := secrets.Open(s, p)
	version, err := vault.Read(ctx)
	return s, vault, version, err
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
	if !secrets.Exists(s, p) {
		fmt.Fprintf(a.err, "%s: the stack has no %s\n", p.Name, p.Title)
		return nil, nil
	}
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
