package cli

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/console"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/contract"
)

func (a *app) console() *cobra.Command {
	var port int
	var noOpen, allowReplay, allowSend bool
	c := &cobra.Command{
		Use:   "console",
		Short: "Show the stack in a browser, on this machine",
		Long: `Show the stack in a browser. The command serves the pages on 127.0.0.1 and
prints a link to them on stdout, which works once. The pages read the stack with
your AWS credentials.

They change nothing unless a flag allows it. --allow-replay lets them send
archived events to the queue again. --allow-send lets them send webhooks to a
stack on AWS if all entries of its secrets are for test events. Sending to a
local stack needs no flag.

The command logs each look at a body, each sent webhook and each replay to
stderr. Ctrl-C ends the console.`,
		Example: `  paysluice console
  paysluice console --local --port 8080 --no-open`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if port < 0 || port > 65535 {
				return usagef("--port must be 0 to 65535")
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			options := a.consoleOptions(s)
			options.AllowReplay, options.AllowSend = allowReplay, allowSend
			server, err := console.Listen(options, port)
			if err != nil {
				return err
			}
			link := server.Link()
			fmt.Fprintf(a.err, "The console of %s is open until Ctrl-C. The link works once:\n", s.Name)
			fmt.Fprintln(a.out, link)
			if !noOpen {
				a.open(c.Context(), link)
			}
			return server.Serve(c.Context())
		},
	}
	c.Flags().IntVar(&port, "port", 0, "`port` of 127.0.0.1, 0 for a free one")
	c.Flags().BoolVar(&noOpen, "no-open", false, "print the link only")
	c.Flags().BoolVar(&allowReplay, "allow-replay", false, "let the pages send archived events to the queue again")
	c.Flags().BoolVar(&allowSend, "allow-send", false, "let the pages send webhooks to a test stack on AWS")
	return c
}

// opener returns the command that opens a link on an operating system.
func opener(system string) []string {
	switch system {
	case "darwin":
		return []string{"open"}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	return []string{"xdg-open"}
}

// consoleOptions returns the sources of the console's pages.
func (a *app) consoleOptions(s *stack.Stack) console.Options {
	store := query.New(s, a.now)
	return console.Options{
		Stack: s, Store: store, Monitor: query.NewMonitor(s, a.now),
		Archive: query.Failures(s), Replays: query.Replays(s, replay.DefaultRate, replay.DefaultPatience, a.now),
		Who: func(ctx context.Context) (string, error) { return query.Identity(ctx, s) },
		Examine: func(ctx context.Context) ([]doctor.Result, error) {
			return doctor.New(ctx, s, localTemplate, localZips).Examine(ctx, nil)
		},
		Trace: func(ctx context.Context, id string) (query.Trace, error) {
			return query.NewMonitor(s, a.now).Trace(ctx, store, id, time.Time{}, time.Time{})
		},
		Target: func(ctx context.Context, p contract.Provider) (webhook.Plan, error) {
			if err := webhook.CheckTestStack(ctx, s); err != nil {
				return webhook.Plan{}, err
			}
			plan, err := webhook.To(ctx, s, p, "", nil)
			plan.Reader = store
			return plan, err
		},
		Log: a.err, Links: a.out, Now: a.now, Zone: time.Local,
	}
}

// open opens a link in the browser. Without a browser, the printed link remains.
func (a *app) open(ctx context.Context, link string) {
	words := append(opener(runtime.GOOS), link)
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	if err := command.Start(); err != nil {
		fmt.Fprintf(a.err, "no browser could be opened: open the link yourself: %s\n", err)
		return
	}
	go func() { _ = command.Wait() }() // the browser says itself what it could not do
}
