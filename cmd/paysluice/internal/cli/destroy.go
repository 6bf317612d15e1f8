package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

// errProtected reports that a stack must not be deleted yet.
var errProtected = errors.New("the stack is protected")

func (a *app) destroy() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "destroy",
		Short: "Delete the stack and all its data with the aws command",
		Long: `Say what will be lost, ask for the stack's name, delete the stack, and delete
what remains of it. These are the commands of docs/deploying.md, each printed
before it runs. It refuses a stack with termination protection or
DeletionProtection.

DynamoDB's count of events is up to six hours old; objects and messages are
counted now. The key remains for 30 days, and DynamoDB's backup of the table for
35 days.`,
		Example: `  paysluice destroy --dry-run
  paysluice destroy --stack paysluice-test --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runDestroy(c.Context(), dry) },
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be lost and print the commands")
	return c
}

func (a *app) runDestroy(ctx context.Context, dry bool) error {
	if a.options.Local {
		return usagef("the local stack is deleted by make down")
	}
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	loss, err := query.ReadLoss(ctx, query.NewMonitor(s, a.now))
	if err != nil {
		return err
	}
	if err := output.Object(a.out, a.format, loss, lossFields(loss)); err != nil {
		return err
	}
	if bus := s.Outputs["EventBusName"]; bus != "" {
		fmt.Fprintf(a.err, "Subscribers must delete their rules on the bus %s first: EventBridge deletes no bus that has rules.\n", bus)
	}
	switch {
	case dry:
	case s.Protected:
		return fmt.Errorf("%w: first run aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name %s --region %s",
			errProtected, s.Name, s.AWS.Config.Region)
	case s.Parameters["DeletionProtection"] == "true":
		return fmt.Errorf("%w: first run paysluice deploy --set DeletionProtection=false", errProtected)
	default:
		if err := a.confirmName(ctx, "all of this is deleted for ever", s.Name); err != nil {
			return err
		}
	}
	left, err := query.Leftovers(ctx, query.NewMonitor(s, a.now))
	if err != nil {
		return err
	}
	// CloudFormation no longer has the name of a deleted stack.
	commands := append([][]string{
		{"cloudformation", "delete-stack", "--stack-name", s.ID},
		{"cloudformation", "wait", "stack-delete-complete", "--stack-name", s.ID},
	}, left...)
	for _, command := range commands {
		if err := a.runAWS(ctx, dry, a.err, command...); err != nil {
			return err
		}
	}
	return nil
}

func lossFields(l query.Loss) [][2]string {
	return [][2]string{
		{"events", fmt.Sprintf("about %d (the count is up to six hours old)", l.Events)},
		{"messages", fmt.Sprint(l.Messages)},
		{"objects", fmt.Sprintf("%d, and %d older versions", l.Objects, l.Versions)},
		{"secrets", fmt.Sprintf("%d: %s", len(l.Secrets), strings.Join(l.Secrets, ", "))},
	}
}
