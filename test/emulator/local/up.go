package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// up deploys the stack and leaves it running.
func (l local) up(ctx context.Context, port int) (err error) {
	lock, err := l.detached.Claim()
	if errors.Is(err, emulator.ErrRunning) {
		return fmt.Errorf("%w: make down stops it", err)
	}
	if err != nil {
		return err
	}
	defer lock.Close() // the emulator has its own hold on it
	e, err := l.start(ctx, emulator.Options{Dir: l.detached.Dir, Port: port, Lock: lock})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Stop())
		}
	}()
	stack, err := l.deploy(ctx, e, "local")
	if err != nil {
		return err
	}
	err = step(l.out, "putting a signing secret", func() error {
		_, err := openAccounts(ctx, stack, senders.Stripe())
		return err
	})
	if err != nil {
		return err
	}
	if err := l.detached.Leave(e, stack); err != nil {
		return err
	}
	return l.explain(stack)
}

// explain says what can be done with the running stack.
func (l local) explain(stack *emulator.Stack) error {
	var urls []string
	for _, p := range contract.Providers() {
		url, err := stack.URL(p)
		if err != nil {
			return err
		}
		urls = append(urls, "  "+url)
	}
	self := os.Args[0]
	fmt.Fprintf(l.out, `
The stack is running. It takes webhooks at

%s

Send it one of Stripe's, signed with the secret that is in the stack:

  %s send

Look inside with the aws command line, which runs as the account's root:

  %[2]s aws dynamodb scan --table-name %[3]s

Put a signing secret of your own:

  %[2]s aws secretsmanager put-secret-value --secret-id stripe-secret-%[4]s \
    --secret-string '{"endpoints":[{"label":"mine","secret":"whsec_…"}]}'

Lead another AWS tool or an SDK to it:

  export %[5]s

Stop it with make down.
`, strings.Join(urls, "\n"), self, stack.Outputs["TableName"], stack.Suffix, strings.Join(stack.ClientEnvironment(), " \\\n    "))
	return nil
}

// down stops the stack that up left running.
func (l local) down() error {
	err := l.detached.Stop()
	if errors.Is(err, emulator.ErrNotRunning) {
		fmt.Fprintln(l.out, "No stack is running: there is nothing to stop.")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(l.out, "The stack is stopped and its files are removed.")
	return nil
}

// attach is the stack that up left running.
func (l local) attach() (*emulator.Stack, error) {
	stack, err := l.detached.Attach(l.root)
	if errors.Is(err, emulator.ErrNotRunning) {
		return nil, fmt.Errorf("%w: make up starts one", err)
	}
	return stack, err
}

// aws becomes the aws command line on the running stack.
func (l local) aws(args []string) error {
	stack, err := l.attach()
	if err != nil {
		return err
	}
	argv, env := stack.AWSCommand(args...)
	return syscall.Exec(argv[0], argv, env)
}
