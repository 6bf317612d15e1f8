// Command local runs the paysluice stack on this machine, without a cloud
// account. The make targets demo, up and down call it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	locals "github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/test/emulator"
)

const usage = `usage: local <command>

  demo [-port n]   deploy the stack, send it webhooks, show the results, stop it
  up [-port n]     deploy the stack and leave it running, with its console
  subscriber       deploy the worked subscriber of docs/consuming.md beside the
                   running stack, and show the sums that it keeps
  aws …            run the aws command line against the running stack
  down             stop the running stack
  run -- command…  start an emulator without a stack, run a command that uses it
                   (` + emulator.SharedVariable + ` names its folder), stop it
`

// paypalHosts is the command with which up starts the process that plays PayPal's
// hosts.
const paypalHosts = "paypal-hosts"

var errUsage = errors.New("usage")

func main() {
	// SIGHUP too: a closed terminal must not leave a half-deployed stack.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, os.Args[1:])
	var failed *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
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
		detached: emulator.Detached{Dir: filepath.Join(root, locals.Dir)},
		out:      os.Stdout,
	}
	switch name, args := args[0], args[1:]; {
	case name == "demo" || name == "up":
		flags := flag.NewFlagSet(name, flag.ContinueOnError)
		flags.Usage = func() {} // main prints it
		port := flags.Int("port", 0, "")
		if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
			return errUsage
		}
		if name == "demo" {
			return l.demo(ctx, *port)
		}
		return l.up(ctx, *port)
	case name == "subscriber" && len(args) == 0:
		stack, err := l.attach()
		if err != nil {
			return err
		}
		return l.subscribe(ctx, stack)
	case name == "aws":
		return l.aws(args)
	case name == "run" && len(args) > 1 && args[0] == "--":
		return l.runCommand(ctx, args[1:])
	case name == paypalHosts && len(args) == 0:
		return emulator.ServePayPalHosts(os.Stdin, os.Stdout)
	case name == "down" && len(args) == 0:
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
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	// go test does not pass SIGTERM on to the test binaries: signal the group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd.Run()
}
