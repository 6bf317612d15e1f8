package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/paysluice/paysluice/test/emulator"
)

// published returns the parameters of a stack that a subscriber can follow.
func published() map[string]string { return map[string]string{"PublishTo": "topic"} }

// subscribe deploys the worked subscriber beside a stack, or updates it, and prints the sums that
// it keeps.
func (l local) subscribe(ctx context.Context, stack *emulator.Stack) (err error) {
	var subscriber *emulator.Subscriber
	err = l.step("Deploying the subscriber", func() error {
		subscriber, err = stack.Subscribe(ctx, l.root)
		return err
	})
	if err != nil {
		return err
	}
	payments, err := subscriber.Payments(ctx)
	if err != nil {
		return err
	}
	said := "these sums:"
	if len(payments) == 0 {
		said = "no payment yet."
	}
	fmt.Fprintf(l.out, "\nTable %s has %s\n", subscriber.Outputs["PaymentsTable"], said)
	for _, p := range payments {
		fmt.Fprintf(l.out, "\n%s %s  %s\n", p.Provider, p.ID, cmp.Or(string(p.State), "state unknown"))
		if len(p.Totals) == 0 {
			fmt.Fprintln(l.out, "  no money counted")
		}
		for _, t := range p.Totals {
			fmt.Fprintf(l.out, "  %s  paid %s, refunded %s, disputed %s, lost %s\n", t.Currency, t.Paid, t.Refunded, t.Disputed, t.Lost)
		}
	}
	return nil
}
