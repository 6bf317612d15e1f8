// Package cli implements the commands of paysluice.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// errUsage marks an invalid command line.
var errUsage = errors.New("see 'paysluice help'")

// command is a subcommand of paysluice.
type command struct {
	name    string
	summary string
	// run parses args with flags. It writes its result to stdout, in a form for
	// $(…), and everything else to stderr.
	run func(ctx context.Context, flags *flag.FlagSet, args []string, stdout, stderr io.Writer) error
}

func commands() []command {
	return []command{
		{"package", "build the functions' zips and print their CodeVersion", runPackage},
		{"replay", "send archived events to the queue again; it is safe to repeat", runReplay},
	}
}

// Run executes a command line without the program's name. It returns the exit
// code: 0 for success, 1 for a command that failed, 2 for an invalid command
// line. It reports a failure as one line on stderr.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout, stderr)
	if err == nil {
		return 0
	}
	if ctx.Err() != nil {
		// The interrupt says more than the operation that it ended.
		err = context.Cause(ctx)
	}
	// An error can quote names that others have chosen.
	fmt.Fprintf(stderr, "paysluice: %s\n", replay.Printable(err.Error()))
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command given: %w", errUsage)
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		printHelp(stdout)
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.execute(ctx, args[1:], stdout, stderr)
		}
	}
	return fmt.Errorf("unknown command %q: %w", args[0], errUsage)
}

func (c command) execute(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags(c)
	err := c.run(ctx, flags, args, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stdout)
		flags.Usage()
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "Usage: paysluice <command> [flags]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\n'paysluice <command> -h' lists a command's flags.\n")
}

// newFlags returns a flag set that prints nothing while it parses: execute
// prints the help, and Run the errors.
func newFlags(c command) *flag.FlagSet {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage: paysluice %s [flags]: %s\n\n", c.name, c.summary)
		flags.PrintDefaults()
	}
	return flags
}

// parse parses the flags of a command without other arguments.
func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", err, errUsage)
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: %w", flags.Arg(0), errUsage)
	}
	return nil
}
