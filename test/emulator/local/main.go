// Command local runs paysluice's stack on this machine, without a cloud
// account: see the make targets demo, up and down, which call it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/paysluice/paysluice/test/emulator"
)

const usage = `usage: local <command>

  demo [-port n]   deploy the stack, send it webhooks, show what became of them, stop it
  up [-port n]     deploy the stack and leave it running
  send             send the running stack a signed webhook
  aws …            run the aws command line on the running stack
  down             stop the running stack
`

var (
	errUsage = errors.New("usage")
	errPort  = errors.New("a port is a number from 1 to 65535, or 0 for a free one")
)

func main() {
	// SIGHUP too: a closed terminal must not leave a half-deployed stack.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case err == nil:
	case errors.Is(err, errUsage), errors.Is(err, flag.ErrHelp):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "stopped:", context.Cause(ctx))
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	root, err := emulator.Root()
	if err != nil {
		return err
	}
	l := local{
		root:     root,
		detached: emulator.Detached{Dir: filepath.Join(root, ".cache", "stack")},
		out:      os.Stdout,
	}
	name, args := args[0], args[1:]
	if name == "aws" {
		return l.aws(args)
	}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Usage = func() {}
	flags.SetOutput(io.Discard)
	port := 0
	if name == "demo" || name == "up" {
		flags.Func("port", "", func(text string) (err error) {
			if port, err = strconv.Atoi(text); err != nil || port < 0 || port > 65535 {
				return errPort
			}
			return nil
		})
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errUsage
	}
	switch name {
	case "demo":
		return l.demo(ctx, port)
	case "up":
		return l.up(ctx, port)
	case "send":
		return l.send(ctx)
	case "down":
		return l.down()
	}
	return errUsage
}
