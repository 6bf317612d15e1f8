package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
)

// maxRestoreDays keeps a mistyped number from a bill: a restored copy costs as S3
// Standard.
const maxRestoreDays = 365

func (a *app) failuresRestore() *cobra.Command {
	var flags failureFlags
	var days int
	tiers := failure.Tiers()
	tier := tiers[1]
	c := &cobra.Command{
		Use:   "restore",
		Short: "Ask S3 to make archived messages in Glacier readable",
		Long: `Ask S3 to make archived messages in Glacier readable for some days. S3 needs 5
to 12 hours with the tier Bulk, 3 to 5 hours with Standard, and minutes with
Expedited, which costs most.`,
		Example: `  paysluice failures restore --provider stripe --since 2026-05-01 --until 2026-05-02 --days 7`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case days < 1 || days > maxRestoreDays:
				return usagef("--days must be 1 to %d", maxRestoreDays)
			case !slices.Contains(tiers, tier):
				return usagef("--tier must be %s", strings.Join(tiers, ", "))
			}
			archive, filter, err := a.archive(c.Context(), &flags)
			if err != nil {
				return err
			}
			return a.restore(c.Context(), archive, filter, days, tier)
		},
	}
	flags.add(c, 0)
	c.Flags().IntVar(&days, "days", 7, "`days` for which the copies stay readable")
	c.Flags().StringVar(&tier, "tier", tier, "`speed` and price: "+strings.Join(tiers, ", "))
	complete(c, "tier", tiers)
	return c
}

// restore asks for the objects in Glacier that a filter selects.
func (a *app) restore(ctx context.Context, archive *failure.Archive, filter failure.Filter, days int, tier string) error {
	var keys []string
	restoring := 0
	for f, err := range archive.List(ctx, filter) {
		switch {
		case err != nil:
			return err
		case f.Storage == failure.Glacier:
			keys = append(keys, f.Key)
		case f.Storage == failure.Restoring:
			restoring++
		}
	}
	if restoring > 0 {
		fmt.Fprintf(a.err, "%s being restored already\n", are(restoring, "message"))
	}
	if len(keys) == 0 {
		fmt.Fprintln(a.err, "no archived message that matches waits in Glacier")
		return nil
	}
	if err := a.confirm(ctx, fmt.Sprintf("Restore %s for %s with the tier %s? S3 charges for each.", counted(len(keys), "archived message"), counted(days, "day"), tier)); err != nil {
		return err
	}
	for i, key := range keys {
		if err := archive.Restore(ctx, key, days, tier); err != nil {
			return fmt.Errorf("%w (%s requested; the command can be repeated)", err, partOf(i, len(keys), "restore"))
		}
		fmt.Fprintln(a.out, output.Printable(key))
	}
	fmt.Fprintf(a.err, "%s requested; paysluice failures list shows storage empty when one is ready\n", counted(len(keys), "restore"))
	return nil
}
