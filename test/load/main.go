// Command load measures the functions: the bootstraps of the real zips,
// unchanged, behind a Runtime API and in front of a stub of AWS.
//
//	go run ./test/load run        see make load
//	go run ./test/load coldstart  see make coldstart
//	go run ./test/load ablation   see make ablation
//	go run ./test/load profile    see make profile
//	go run ./test/load bench      see make bench
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/paysluice/paysluice/test/emulator"
)

const usage = `usage: load <command> [flags]

  run        latencies under load, the most it takes, allocations
  coldstart  the first steps of a process
  ablation   what each optimisation is worth: all but one, in turn
  profile    where the CPU time of a function goes
  bench      the hot paths, each beside its floor

load <command> -h lists the flags.
`

var (
	errUsage = errors.New("usage")
	// errFlags: flags that make no sense.
	errFlags = errors.New("wrong flags")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, errUsage):
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	root, err := emulator.Root()
	if err != nil {
		return err
	}
	switch args[0] {
	case "run":
		return loadCommand(ctx, root, args[1:], stdout, stderr)
	case "coldstart":
		return coldCommand(ctx, root, args[1:], stdout, stderr)
	case "profile":
		return profileCommand(ctx, root, args[1:], stdout, stderr)
	case "ablation":
		return ablationCommand(ctx, root, args[1:], stdout, stderr)
	case "bench":
		return benchCommand(ctx, root, args[1:], stdout, stderr)
	}
	return errUsage
}
