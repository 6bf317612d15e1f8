package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/handlers/contract"
)

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
	s, vault, old, err := a.readSecret(ctx, p)
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
