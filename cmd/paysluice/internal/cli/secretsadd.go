package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/handlers/contract"
)

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
	_, vault, old, err := a.readSecret(ctx, p)
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
