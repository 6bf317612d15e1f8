// Package cli implements the commands of gentemplate.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/diagram"
	"github.com/paysluice/paysluice/template"
)

// The exit codes. A diff is dangerous if its verdict is not safe.
const (
	exitDone      = 0
	exitFailed    = 1
	exitDangerous = 3
)

// errUsage marks an invalid command line.
var errUsage = errors.New("see 'gentemplate -h'")

// errDangerous ends a diff that a reviewer must read. It is not reported.
var errDangerous = errors.New("the change is dangerous")

const usage = `Usage: gentemplate [-diagram]
       gentemplate diff [flags] OLD [NEW]
       gentemplate policy [flags] [Parameter=value…]

Without a command it prints the template, or with -diagram the page with its diagram.
diff prints what an update of a stack from OLD to NEW does; policy prints the least
permissions for deploying the stack. Both print their flags with -h.
`

// Run executes a command line without the program's name and returns the exit code.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdout)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errDangerous):
		return exitDangerous
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	}
	fmt.Fprintln(stderr, "gentemplate:", err)
	return exitFailed
}

func dispatch(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "diff":
			return runDiff(ctx, args[1:], stdout)
		case "policy":
			return runPolicy(args[1:], stdout)
		}
	}
	flags := newFlags()
	draw := flags.Bool("diagram", false, "print the page with the stack's diagram")
	rest, err := parse(flags, args, usage, stdout)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("unknown command %q: %w", rest[0], errUsage)
	}
	text, err := template.JSON(template.Options{})
	if err == nil && *draw {
		text, err = diagram.Page(text)
	}
	if err == nil {
		_, err = stdout.Write(text)
	}
	return err
}

// newFlags returns a command's flags. parse reports errors and prints help.
func newFlags() *flag.FlagSet {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// parse returns the arguments that are no flags. Flags may follow them.
func parse(flags *flag.FlagSet, args []string, help string, stdout io.Writer) (rest []string, err error) {
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, help)
			flags.SetOutput(stdout)
			flags.PrintDefaults()
		}
		if err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, flags.Arg(0)), flags.Args()[1:]
	}
}
