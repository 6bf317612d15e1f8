package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/bench"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/measured"
)

// Parts of the run command.
const (
	loadPart        = "load"
	comparisonPart  = "comparison"
	batchPart       = "batch"
	allocationsPart = "allocations"
)

// loadFlags are the run command's.
type loadFlags struct {
	output  outputFlags
	parts   string
	factors string
	load    bench.LoadOptions
	compare bench.CompareOptions
	batches int
	window  time.Duration
}

func (f *loadFlags) parse(args []string, stderr io.Writer) error {
	var arrivals string
	set := flag.NewFlagSet("load run", flag.ContinueOnError)
	set.SetOutput(stderr)
	f.output.define(set)
	set.StringVar(&f.parts, "parts", strings.Join([]string{loadPart, batchPart, comparisonPart, allocationsPart}, ","), "what to measure")
	set.StringVar(&f.factors, "aws", "1,3,0,0:even", "a load run for each of these factors of the published AWS latencies, some with arrivals of their own")
	set.Float64Var(&f.load.Rate, "rate", 1000, "requests a second, over all providers")
	set.DurationVar(&f.load.For, "for", time.Minute, "how long a load run is measured")
	set.DurationVar(&f.load.Warmup, "warmup", 8*time.Second, "how long the rate grows before that")
	set.StringVar(&arrivals, "arrivals", string(bench.Poisson), "poisson or even")
	set.Uint64Var(&f.load.Seed, "seed", 1, "draws when requests come, if at random, and whose each is; the same one repeats a run")
	set.IntVar(&f.load.BodySize, "body", traffic.BodySize, "bytes of a webhook's body")
	set.IntVar(&f.load.MaxPerPool, "concurrency", bench.AccountConcurrency, "most environments of a function; more are throttled, and the run fails")
	set.IntVar(&f.compare.Environments, "environments", 8, "environments of each program flat out")
	set.IntVar(&f.compare.Rounds, "rounds", 5, "rounds of the comparison")
	set.DurationVar(&f.compare.Flat, "flat-out", 3*time.Second, "how long each is flat out")
	set.DurationVar(&f.compare.Steady, "steady", 6*time.Second, "how long each is steady")
	set.Float64Var(&f.compare.Rate, "steady-rate", 200, "requests a second when steady")
	set.DurationVar(&f.compare.Call, "steady-aws", 5*time.Millisecond, "what an AWS call takes when steady")
	set.IntVar(&f.batches, "batches", 200, "batches of the consumer of each size")
	set.DurationVar(&f.window, "allocations", 8*time.Second, "how long allocations of each program are counted")
	if err := set.Parse(args); err != nil {
		return err
	}
	for part := range strings.SplitSeq(f.parts, ",") {
		if !slices.Contains([]string{loadPart, comparisonPart, batchPart, allocationsPart}, part) {
			return fmt.Errorf("%w: there is no part %q", errFlags, part)
		}
	}
	f.load.Arrivals, f.compare.BodySize = bench.Arrivals(arrivals), f.load.BodySize
	switch {
	case set.NArg() > 0:
		return fmt.Errorf("%w: %s", errFlags, set.Arg(0))
	case f.load.Arrivals != bench.Poisson && f.load.Arrivals != bench.Even:
		return fmt.Errorf("%w: -arrivals is poisson or even", errFlags)
	case f.load.Rate <= 0 || f.compare.Rate <= 0 || f.load.For <= 0 || f.compare.Rounds < 1 || f.compare.Environments < 1:
		return fmt.Errorf("%w: rates, times and numbers are above 0", errFlags)
	case f.load.Warmup+f.load.For > traffic.MaxAge-30*time.Second:
		return fmt.Errorf("%w: signatures that are made before a run are stale after five minutes, so -warmup and -for are at most four together", errFlags)
	}
	return nil
}

// loadCommand measures what is asked for, one after the other.
func loadCommand(ctx context.Context, root string, args []string, stdout, stderr io.Writer) (err error) {
	var f loadFlags
	if err := f.parse(args, stderr); err != nil {
		return err
	}
	runs, err := f.runs()
	if err != nil {
		return err
	}
	b, err := bench.New(ctx, root, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	var got measured.Results
	for part := range strings.SplitSeq(f.parts, ",") {
		switch part {
		case loadPart:
			for _, run := range runs {
				l, err := b.Load(ctx, run)
				if err != nil {
					return err
				}
				got.Load = append(got.Load, l)
			}
		case batchPart:
			batch, err := b.Batch(ctx, f.batches)
			if err != nil {
				return err
			}
			got.Batch = &batch
		case comparisonPart:
			comparison, err := b.Compare(ctx, f.compare)
			if err != nil {
				return err
			}
			got.Comparison = &comparison
		case allocationsPart:
			allocations, err := b.Allocations(ctx, f.window)
			if err != nil {
				return err
			}
			got.Allocations = &allocations
		}
	}
	return f.output.write(root, got, stdout)
}

// runs are the load runs that -aws asks for.
func (f *loadFlags) runs() ([]bench.LoadOptions, error) {
	var runs []bench.LoadOptions
	for part := range strings.SplitSeq(f.factors, ",") {
		run := f.load
		factor, arrivals, own := strings.Cut(part, ":")
		if own {
			run.Arrivals = bench.Arrivals(arrivals)
		}
		var err error
		run.Factor, err = strconv.ParseFloat(factor, 64)
		if err != nil || run.Factor < 0 || run.Arrivals != bench.Poisson && run.Arrivals != bench.Even || slices.Contains(runs, run) {
			return nil, fmt.Errorf("%w: -aws is a list of factors, such as 1,3,0,0:even", errFlags)
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// coldCommand measures cold starts.
func coldCommand(ctx context.Context, root string, args []string, stdout, stderr io.Writer) (err error) {
	var output outputFlags
	var o bench.ColdOptions
	set := flag.NewFlagSet("load coldstart", flag.ContinueOnError)
	set.SetOutput(stderr)
	output.define(set)
	set.IntVar(&o.Rounds, "rounds", 25, "processes of each program")
	set.DurationVar(&o.Call, "aws", 5*time.Millisecond, "what an AWS call takes")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 || o.Rounds < 1 || o.Call < 0 {
		return fmt.Errorf("%w: there is at least one round, and no call takes less than no time", errFlags)
	}
	b, err := bench.New(ctx, root, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	cold, err := b.ColdStart(ctx, o)
	if err != nil {
		return err
	}
	return output.write(root, measured.Results{ColdStart: &cold}, stdout)
}
