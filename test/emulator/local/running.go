package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
)

// local is the stack on this machine.
type local struct {
	root     string
	detached emulator.Detached
	out      io.Writer
}

// step runs one step and reports its time: "Deploying the stack … 2.1 s". It
// extends the line every ten seconds, to show that the step is still running.
func (l local) step(name string, do func() error) error {
	start := time.Now()
	fmt.Fprintf(l.out, "%s …", name)
	done, reported := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(reported)
		ticker := time.NewTicker(10 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				fmt.Fprintf(l.out, " %.0f s …", time.Since(start).Seconds())
			}
		}
	}()
	err := do()
	close(done)
	<-reported
	if err != nil {
		fmt.Fprintln(l.out, " failed")
		return err
	}
	fmt.Fprintf(l.out, " %.1f s\n", time.Since(start).Seconds())
	return nil
}

// deploy builds the zips and the template from the sources and deploys them.
func (l local) deploy(ctx context.Context, e *emulator.Endpoint, suffix string, parameters map[string]string) (stack *emulator.Stack, err error) {
	d := emulator.Deployment{Suffix: suffix, Parameters: parameters}
	err = l.step("Building the function zips", func() error {
		d.Zips, err = emulator.BuildZips(ctx, l.root)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = l.step("Generating the template", func() error {
		d.Template, err = l.template(ctx, e.Dir)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = l.step("Deploying the stack", func() error {
		stack, err = e.Deploy(ctx, d)
		return err
	})
	return stack, err
}

// template returns the file to deploy: out/stack.json, or a new file in dir if
// the sources generate something else. It does not change the committed file.
func (l local) template(ctx context.Context, dir string) (string, error) {
	generated, err := emulator.GenerateTemplate(ctx, l.root)
	if err != nil {
		return "", err
	}
	committed := filepath.Join(l.root, "out", "stack.json")
	if content, err := os.ReadFile(committed); err == nil && bytes.Equal(content, generated) {
		return committed, nil
	}
	fmt.Fprint(l.out, " (out/stack.json is out of date: make template updates it)")
	fresh := filepath.Join(dir, "stack.json")
	return fresh, os.WriteFile(fresh, generated, 0o600)
}

// up deploys the stack and leaves it running.
func (l local) up(ctx context.Context, port int) (err error) {
	lock, err := l.detached.Claim()
	if errors.Is(err, emulator.ErrRunning) {
		return fmt.Errorf("%w: make down stops it", err)
	}
	if err != nil {
		return err
	}
	defer lock.Close() // the emulator keeps it open
	var e *emulator.Emulator
	var hosts emulator.PayPalHosts
	err = l.step("Starting MiniStack", func() error {
		if hosts, err = emulator.StartPayPalHosts(os.Args[0], paypalHosts); err != nil {
			return err
		}
		e, err = emulator.Start(ctx, emulator.Options{
			Root: l.root, Dir: l.detached.Dir, Port: port, Held: []*os.File{lock, hosts.Leash},
			Proxy: hosts.Proxy, Roots: hosts.PayPal.Root,
		})
		return errors.Join(err, hosts.Leash.Close()) // the emulator keeps it open
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Stop())
		}
	}()
	stack, err := l.deploy(ctx, e.Endpoint, "local", published())
	if err != nil {
		return err
	}
	if err := l.storeSecrets(ctx, stack, hosts.PayPal); err != nil {
		return err
	}
	if err := l.detached.Leave(e, stack, hosts.PayPal); err != nil {
		return err
	}
	var link string
	err = l.step("Opening the console", func() error {
		link, err = l.detached.OpenConsole(ctx, l.root, lock)
		return err
	})
	if err != nil {
		return err
	}
	return l.explain(stack, link)
}

// explain prints how to use the running stack. The link to its console works once.
func (l local) explain(stack *emulator.Stack, link string) error {
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
The stack is running and accepts webhooks at:

%s

See it in the browser, on this machine. The link works once; the command opens another console:

  %s

  go run ./cmd/paysluice console --local

Send a webhook of any type, signed with the stack's secret, and list the stored events:

  go run ./cmd/paysluice send stripe payment_intent.succeeded --local --wait
  go run ./cmd/paysluice send --list
  go run ./cmd/paysluice events list --local

Subscribe a function to the stored events, and then show what it has counted:

  make subscriber

Read a function's log with the aws command line (as the account's root user):

  %[3]s aws logs filter-log-events --output text \
    --query 'events[].[message]' --log-group-name /aws/lambda/%[6]s-%[4]s

Use a signing secret of your own:

  %[3]s aws secretsmanager put-secret-value \
    --secret-id %[7]s \
    --secret-string '{"endpoints":[{"label":"mine","secret":"whsec_…"}]}'

Point another AWS tool or SDK to the stack:

  export %[5]s

Stop the stack:

  make down
`, strings.Join(urls, "\n"), link, self, stack.Suffix,
		strings.Join(stack.ClientEnvironment(), " \\\n    "), contract.ConsumerName, "stripe-secret-"+stack.Suffix)
	return nil
}

// down stops the stack that up left running.
func (l local) down() error {
	err := l.detached.Stop()
	if errors.Is(err, emulator.ErrNotRunning) {
		fmt.Fprintln(l.out, "No stack is running.")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(l.out, "The stack is stopped and its files are removed.")
	return nil
}

// attach returns the stack that up left running.
func (l local) attach() (*emulator.Stack, error) {
	stack, err := l.detached.Attach(l.root)
	if errors.Is(err, emulator.ErrNotRunning) {
		return nil, fmt.Errorf("%w: make up starts one", err)
	}
	return stack, err
}

// aws replaces this process with the aws command line, for the running stack.
func (l local) aws(args []string) error {
	stack, err := l.attach()
	if err != nil {
		return err
	}
	argv, env := stack.AWSCommand(args...)
	return syscall.Exec(argv[0], argv, env)
}
