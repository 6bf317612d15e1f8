// Package cli implements the commands of paysluice.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFound       = 3 // the command worked and found something wrong
	exitInterrupted = 130
)

var (
	// errUsage marks an invalid command line.
	errUsage = errors.New("see paysluice help")
	// errFound marks the result of a command that found something wrong. The command
	// has printed it.
	errFound = errors.New("something is wrong")
)

// usagef returns an errUsage.
func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %w", fmt.Errorf(format, args...), errUsage)
}

// app holds what all commands share.
type app struct {
	in       io.Reader
	lines    *bufio.Reader // of in; it keeps what it read ahead for the next question
	out, err io.Writer
	now      func() time.Time
	// flags of every command
	options stack.Options
	name    string // of the stack
	format  output.Format
	yes     bool
}

// Run executes a command line without the program's name and returns the exit
// code. It reports a failure as one line on stderr.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{in: stdin, out: stdout, err: stderr, now: time.Now, format: output.Table}
	root := a.root()
	root.SetArgs(a.modern(args))
	c, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFound):
		return exitFound
	case ctx.Err() != nil:
		// The interrupt says more than the operation that it ended.
		fmt.Fprintf(stderr, "%s: %s\n", c.CommandPath(), context.Cause(ctx))
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "%s: %s\n", c.CommandPath(), oneLine(err))
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}

// oneLine returns an error's text. Joined errors are separated by semicolons; an error
// can quote names that others have chosen.
func oneLine(err error) string {
	return output.Printable(strings.ReplaceAll(err.Error(), "\n", "; "))
}

// version returns the module's version, which go build makes of the checkout's newest tag
// and commit, and the release of Go that built the command.
func version() string {
	build, _ := debug.ReadBuildInfo() // a binary of a module has it
	return build.Main.Version + " " + build.GoVersion
}

// root returns the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "paysluice",
		Short: "Operate a paysluice stack",
		Long: `paysluice operates a stack that receives the webhooks of Stripe, PayPal and
Square.

It finds the stack of the current AWS region by itself; --stack chooses one of
several. Results go to stdout, everything else to stderr. In CSV, an apostrophe
precedes each text that a spreadsheet would run as a formula.

paysluice completion prints a script for bash, zsh, fish or PowerShell that
completes commands and flags.

Exit codes: 0 done, 1 failed, 2 invalid command line, 3 found something wrong,
130 interrupted.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(*cobra.Command, []string) error { return usagef("no command given") },
	}
	root.SetVersionTemplate("paysluice {{.Version}}\n")
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	flags := root.PersistentFlags()
	flags.StringVar(&a.name, "stack", os.Getenv(stackVar), "`name` of the stack; PAYSLUICE_STACK sets it too")
	flags.StringVar(&a.options.Region, "region", "", "AWS `region`")
	flags.StringVar(&a.options.Profile, "profile", "", "AWS `profile`")
	flags.StringVar(&a.options.Endpoint, "endpoint-url", "", "`URL` of an emulator of AWS")
	flags.BoolVar(&a.options.Local, "local", false, "use the stack of make up, inside its checkout")
	flags.VarP(&a.format, "output", "o", "`format`: table, json, ndjson or csv")
	flags.BoolVar(&a.yes, "yes", false, "confirm without a question")
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return refuseEmpty(c) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usagef("%w", err)
	})
	for _, c := range a.commands() {
		root.AddCommand(c)
	}
	visit(root, func(c *cobra.Command) {
		if args := c.Args; args != nil {
			c.Args = func(c *cobra.Command, words []string) error {
				if slices.Contains(words, "") { // of a script's variable, perhaps
					return usagef("an argument is empty")
				}
				err := args(c, words)
				switch {
				case err == nil:
					return nil
				case !c.HasSubCommands() && args(c, nil) == nil && args(c, words[:1]) != nil:
					// cobra.NoArgs calls the argument a command.
					return usagef("it takes no argument: leave %q out", words[0])
				}
				return usagef("%w", err)
			}
		}
	})
	refuseUnknownTopics(root)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", textWidth)))
	return root
}

// refuseEmpty reports flags with an empty value, such as an unset variable of a script. With
// it, a command would select everything. Older releases, with their --bucket, took an empty
// prefix.
func refuseEmpty(c *cobra.Command) error {
	var empty []string
	bucket, _ := c.Flags().GetString("bucket") // the only error is a command without it
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && !(bucket != "" && slices.Contains(legacy(c.Name()), f.Name)) {
			empty = append(empty, "--"+f.Name)
		}
	})
	switch len(empty) {
	case 0:
		return nil
	case 1:
		return usagef("%s is empty: give it a value, or leave it out", empty[0])
	}
	return usagef("%s are empty: give each a value, or leave it out", strings.Join(empty, " and "))
}

// refuseUnknownTopics makes paysluice help fail for a command that does not exist. That
// of cobra prints the general help and succeeds.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"}) // it was just added
	root.RemoveCommand(help)                  // Execute adds it again
	show := help.Run
	help.Run = nil
	help.RunE = func(c *cobra.Command, words []string) error {
		found, rest, err := root.Find(words)
		if err == nil && len(rest) > 0 && found.HasSubCommands() {
			err = fmt.Errorf("unknown command %q for %q", rest[0], found.CommandPath())
		}
		if err != nil {
			return usagef("%w", err)
		}
		show(c, words)
		return nil
	}
}

// commands returns the commands in the order of their names.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.console(),
		a.deploy(),
		a.destroy(),
		a.doctor(),
		a.events(),
		a.failures(),
		a.packageCommand(),
		a.payment(),
		a.policy(),
		a.reconcile(),
		a.replay(),
		a.secrets(),
		a.send(),
		a.status(),
		a.trace(),
		a.verify(),
	}
}

func visit(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, child := range c.Commands() {
		visit(child, do)
	}
}

// stackVar is the variable with the name of the stack, which --stack overrides.
const stackVar = "PAYSLUICE_STACK"

// errNoOutputs reports a stack without outputs: its first deployment failed or goes on.
var errNoOutputs = errors.New("the stack has no outputs")

// find returns the stack that the flags select, with the outputs that commands need.
func (a *app) find(ctx context.Context) (*stack.Stack, error) {
	s, err := a.findAny(ctx)
	if err != nil || len(s.Outputs) > 0 {
		return s, err
	}
	do, then := "repeat the command when it is deployed, or see what failed", ""
	switch s.Status {
	case "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED": // the status does not change by itself
		do = "see what failed"
		then = fmt.Sprintf(". Then delete the stack and deploy it again: aws cloudformation delete-stack --stack-name %s --region %s", s.Name, s.AWS.Config.Region)
	}
	return nil, fmt.Errorf("%w: %s has the status %s: %s: aws cloudformation describe-stack-events --stack-name %[2]s%[5]s",
		errNoOutputs, s.Name, s.Status, do, then)
}

// findAny is find for a command that works with a stack without outputs.
func (a *app) findAny(ctx context.Context) (*stack.Stack, error) {
	if a.options.Local && a.options.Endpoint+a.options.Profile+a.options.Region != "" {
		return nil, usagef("--local names the stack that make up left running: leave --region, --profile and --endpoint-url out")
	}
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	a.options.Folder = folder
	aws, err := stack.Configure(ctx, a.options)
	if err != nil {
		return nil, err
	}
	name := a.name
	if a.options.Local && name == os.Getenv(stackVar) { // it names a stack on AWS
		name = aws.Name
	}
	s, err := stack.Find(ctx, aws, name)
	if err != nil {
		return nil, err
	}
	return s, s.Check()
}

// store returns the stack's events.
func (a *app) store(ctx context.Context) (*query.Store, error) {
	s, err := a.find(ctx)
	if err != nil {
		return nil, err
	}
	return query.New(s, a.now), nil
}

// legacy returns the flags of a command that older releases spelled with one hyphen.
func legacy(command string) []string {
	switch command {
	case "package":
		return []string{"out", "arch"}
	case "replay":
		return []string{"bucket", "queue", "prefix", "after", "rate", "dry-run", "other-mode", "conflicts"}
	}
	return nil
}

// modern returns args with two hyphens before the flags of older releases.
func (a *app) modern(args []string) []string {
	if len(args) == 0 {
		return args
	}
	changed := slices.Clone(args)
	for i, arg := range changed {
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && slices.Contains(legacy(args[0]), name) {
			changed[i] = "-" + arg
			fmt.Fprintf(a.err, "paysluice: -%s is spelled --%[1]s now; the next release refuses one hyphen\n", name)
		}
	}
	return changed
}
