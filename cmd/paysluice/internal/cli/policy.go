package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/policy"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

func (a *app) policy() *cobra.Command {
	var levels []string
	for _, level := range policy.Levels() {
		levels = append(levels, string(level))
	}
	return &cobra.Command{
		Use:   "policy read-only|operator",
		Short: "Print the IAM policy of those who use these commands",
		Long: `Print the least IAM policy for these commands on the stack, as JSON.

read-only  reads events, archive, queues, alarms, settings, no signing secret
operator   sends, replays, erases, changes secrets too: all but package

To deploy or delete the stack takes other permissions: gentemplate policy prints
them.`,
		Example: `  paysluice policy read-only
  paysluice policy operator > policy.json`,
		Args: func(_ *cobra.Command, words []string) error {
			if len(words) != 1 || !slices.Contains(levels, words[0]) {
				return fmt.Errorf("name one policy: %s", strings.Join(levels, " or "))
			}
			return nil
		},
		ValidArgs: levels,
		RunE: func(c *cobra.Command, args []string) error {
			if a.format != output.Table && a.format != output.JSON {
				return usagef("a policy is JSON: leave --output out")
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			var d policy.Document
			key, err := query.NewMonitor(s, a.now).Key(c.Context())
			if err == nil {
				d, err = policy.New(policy.Level(args[0]), s, key)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(a.err, "policy for the stack %s in %s%s\n", s.Name, s.AWS.Config.Region, d.Size())
			_, err = a.out.Write(d.JSON())
			return err
		},
	}
}
