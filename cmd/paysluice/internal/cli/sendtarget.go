package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/contract"
)

// target returns the plan that sends to a stack.
func (a *app) target(ctx context.Context, f *sendFlags, p contract.Provider, s *stack.Stack) (webhook.Plan, error) {
	if err := has(s, p); err != nil {
		return webhook.Plan{}, err
	}
	var secret []byte
	var err error
	if f.secretStdin {
		secret, err = a.read(ctx, stdinFlag, "-")
	} else {
		secret, err = secrets.Open(s, p).Text(ctx)
	}
	if _, terminal := a.terminal(); terminal && err == nil && len(secret) == 0 {
		secret, err = a.prompt(ctx, fmt.Sprintf("The stack's secret is empty. The %s of %s", secrets.KeyTitle(p), p.Title))
	}
	if err != nil {
		return webhook.Plan{}, err
	}
	return webhook.To(ctx, s, p, f.endpoint, secret)
}

// confirmSend asks before webhooks are sent to a stack that can store live events. A role
// that may not read the secrets (--secret-stdin) is asked too.
func (a *app) confirmSend(ctx context.Context, f *sendFlags, p contract.Provider, s *stack.Stack) error {
	err := webhook.CheckTestStack(ctx, s)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, stack.ErrDenied):
		err = fmt.Errorf("whether this stack is for tests is not known: %w", err)
	case !errors.Is(err, webhook.ErrNoTestStack):
		return err
	}
	effect := "It stores what you send as an event of " + p.Title + ", and all that read its events take it for a real one."
	if f.tamper != webhook.Genuine {
		effect = "Its metrics and alarms count what it refuses."
	}
	fmt.Fprintf(a.err, "%s\n%s\nTo send to a test stack, choose it with --stack, or the local one with --local.\n", oneLine(err), effect)
	return a.confirm(ctx, fmt.Sprintf("Send %s to %s all the same?", counted(f.count, "webhook"), s.Name))
}
