// Command local runs the paysluice stack on this machine, without a cloud
// account. The make targets demo, up and down call it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/paysluice/paysluice/test/emulator"
)

const usage = `usage: local <command>

  demo [-port n]   deploy the stack, send it webhooks, show the results, stop it
  up [-port n]     deploy the stack and leave it running
  send             send a signed webhook to the running stack
  aws …            run the aws command line against the running stack
  down             stop the running stack
  run -- command…  start an emulator without a stack, run a command that uses it
                   (` + emulator.SharedVariable + ` names its folder), stop it
`

var (
	errUsage = errors.New("usage")
	errPort  = errors.New("-port must be a number from 1 to 65535, or 0 for any free port")
)

func main() {
	// SIGHUP too: a closed terminal must not leave a half-deployed stack.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, os.Args[1:])
	var failed *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(err, errUsage), errors.Is(err, flag.ErrHelp):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "stopped:", context.Cause(ctx))
		os.Exit(130)
	case errors.As(err, &failed): // the command has said why
		os.Exit(failed.ExitCode())
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
	if name == "run" && flags.NArg() > 0 {
		return l.runCommand(ctx, flags.Args())
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

// runCommand runs a command, such as go test, that uses an emulator by
// emulator.Use. The error is an *exec.ExitError when the command fails.
func (l local) runCommand(ctx context.Context, args []string) (err error) {
	shared, err := emulator.StartShared(ctx, emulator.Options{Root: l.root})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shared.Stop()) }()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), emulator.SharedVariable+"="+shared.Dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd.Run()
}
