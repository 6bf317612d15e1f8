package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/bench"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/measured"
)

// ablationFlags are the ablation command's.
type ablationFlags struct {
	output  outputFlags
	options bench.AblateOptions
}

func (f *ablationFlags) parse(args []string, stderr io.Writer) error {
	var only string
	o := &f.options
	set := flag.NewFlagSet("load ablation", flag.ContinueOnError)
	set.SetOutput(stderr)
	f.output.define(set)
	set.StringVar(&only, "only", "", "what to take away, such as gomaxprocs,config, which is only printed unless there are -results; empty for everything in turn")
	set.IntVar(&o.Rounds, "rounds", 3, "rounds of all programs in turn")
	set.IntVar(&o.Processes, "processes", 5, "cold starts of each program in a round")
	set.IntVar(&o.Environments, "environments", 8, "environments of each program flat out")
	set.DurationVar(&o.Flat, "flat-out", 2*time.Second, "how long each is flat out")
	set.DurationVar(&o.Steady, "steady", 3*time.Second, "how long each is steady")
	set.Float64Var(&o.Rate, "rate", 200, "requests a second when steady")
	set.DurationVar(&o.Call, "aws", 5*time.Millisecond, "what an AWS call takes when steady, and in a cold start")
	set.IntVar(&o.BodySize, "body", traffic.BodySize, "bytes of a webhook's body")
	if err := set.Parse(args); err != nil {
		return err
	}
	o.Without = functions.Ablations()
	if only != "" {
		var err error
		if o.Without, err = functions.AblationsNamed(strings.Split(only, ",")); err != nil {
			return fmt.Errorf("%w: %w", errFlags, err)
		}
		f.output.partial()
	}
	switch {
	case set.NArg() > 0:
		return fmt.Errorf("%w: %s", errFlags, set.Arg(0))
	case o.Rounds < 1 || o.Processes < 1 || o.Environments < 1 || o.Flat <= 0 || o.Steady <= 0 || o.Rate <= 0:
		return fmt.Errorf("%w: rates, times and numbers are above 0", errFlags)
	case o.Call < 0:
		return fmt.Errorf("%w: no call takes less than no time", errFlags)
	case o.Steady > traffic.MaxAge-30*time.Second:
		return fmt.Errorf("%w: signatures that are made before a run are stale after five minutes, so -steady is at most four", errFlags)
	}
	return nil
}

// ablationCommand measures what each optimisation is worth.
func ablationCommand(ctx context.Context, root string, args []string, stdout, stderr io.Writer) (err error) {
	var f ablationFlags
	if err := f.parse(args, stderr); err != nil {
		return err
	}
	b, err := bench.New(ctx, root, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	ablation, err := b.Ablate(ctx, root, f.options)
	if err != nil {
		return err
	}
	return f.output.write(root, measured.Results{Ablation: &ablation}, stdout)
}
