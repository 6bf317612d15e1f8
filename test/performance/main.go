// Command performance measures the functions and computes what they cost and where they
// end. Run it in test/performance:
//
//	go run . all           everything below, as docs/performance.md quotes it
//	go run . load          latencies, CPU and memory at 400 requests a second, or with -flood beside a flood
//	go run . coldstart     init, first call and size of each function
//	go run . sizes         what a webhook becomes on its way
//	go run . tables        the pages in results/, from what was measured and figures.json
//	go run . compare       this tree beside another revision
//	go run . allocations   the benchmarks' allocations beside allocations.txt
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
	"syscall"
	"time"

	"github.com/paysluice/paysluice/test/performance/internal/lab"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

var errUsage = errors.New("usage: go run . all|load|coldstart|sizes|tables|compare|allocations [flags]; each has -h")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "stopped")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "performance:", err)
		os.Exit(1)
	}
}

// command holds what every command has.
type command struct {
	root           string // of the repository
	results        string // the folder of the results
	stdout, stderr io.Writer
	flags          *flag.FlagSet

	// measure sets these.
	dir     string // removed afterwards
	machine result.Machine
	tree    lab.Revision
	world   *lab.World
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	root, err := filepath.Abs("../..")
	if err != nil || len(args) == 0 {
		return errors.Join(err, errUsage)
	}
	c := command{root: root, stdout: stdout, stderr: stderr}
	c.flags = flag.NewFlagSet(args[0], flag.ContinueOnError)
	c.flags.SetOutput(stderr)
	c.flags.StringVar(&c.results, "results", "results", "folder of the results")
	commands := map[string]func(context.Context, []string) error{
		"all": c.all, "load": c.load, "coldstart": c.coldStart, "sizes": c.sizes, "tables": c.tables,
		"compare": c.compare, "allocations": c.allocations,
	}
	command, known := commands[args[0]]
	if !known {
		return errUsage
	}
	return command(ctx, args[1:])
}

// parse also refuses what is left over.
func (c *command) parse(args []string) error {
	if err := c.flags.Parse(args); err != nil || c.flags.NArg() == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", errUsage, c.flags.Arg(0))
}

func (c *command) measured() string { return filepath.Join(c.results, "measured.json") }

// measure builds the tree's functions and calls f, which returns a part of the results.
// The pages follow.
func (c *command) measure(ctx context.Context, symbols bool, f func() (result.Results, error)) (err error) {
	if c.dir, err = os.MkdirTemp("", "performance-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	if c.machine, err = lab.ThisMachine(ctx, c.root, time.Now()); err != nil {
		return err
	}
	fmt.Fprintln(c.stderr, "building the functions …")
	if c.tree, err = lab.Build(ctx, c.root, c.dir, symbols); err != nil {
		return err
	}
	if c.world, err = lab.NewWorld(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.world.Close()) }()
	part, err := f()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.results, 0o755); err != nil {
		return err
	}
	if err := result.Update(c.measured(), part); err != nil {
		return err
	}
	return c.tables(ctx, []string{"-results", c.results})
}

func (c *command) all(ctx context.Context, args []string) error {
	if err := c.parse(args); err != nil {
		return err
	}
	for _, args := range [][]string{{"sizes"}, {"coldstart"}, {"load"}, {"load", "-rate", "200", "-flood", "600", "-for", "30s"}} {
		if err := run(ctx, append(args, "-results", c.results), c.stdout, c.stderr); err != nil {
			return err
		}
	}
	return nil
}
