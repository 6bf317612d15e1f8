package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/paysluice/paysluice/test/performance/internal/awsstub"
	"github.com/paysluice/paysluice/test/performance/internal/figures"
	"github.com/paysluice/paysluice/test/performance/internal/lab"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

func (c *command) load(ctx context.Context, args []string) error {
	var o lab.LoadOptions
	c.flags.Float64Var(&o.Rate, "rate", 400, "requests a second, over all providers; 1000 need four cores or more")
	c.flags.DurationVar(&o.For, "for", time.Minute, "length of the measured window")
	c.flags.DurationVar(&o.Warmup, "warmup", 8*time.Second, "how long the rate grows before it")
	flood := c.flags.Float64("flood", 0, "repeats a second of one delivery of Square's: measures the other providers without them and with them")
	if err := c.parse(args); err != nil {
		return err
	}
	if o.Rate <= 0 || *flood < 0 || o.For <= 0 || o.Warmup <= 0 || o.Warmup+o.For > lab.MaxAge-time.Minute {
		return fmt.Errorf("%w: times and rates are above 0, except -flood, and a run ends before its signatures are stale", errUsage)
	}
	published, err := figures.Read("figures.json")
	if err != nil {
		return err
	}
	o.Latency = func(call string, random *rand.Rand) time.Duration { return published.Latencies[call].Draw(random) }
	// Twice the environments that are busy on average (Little's law), and some.
	busy := o.Rate / 3 * published.Latencies[awsstub.SendMessage].Mean() / 1000
	o.Warm = 8 + int(math.Ceil(min(16, (o.Rate+*flood)/50)+2*busy))
	return c.measure(ctx, false, func() (result.Results, error) {
		if *flood > 0 {
			return c.flood(ctx, o, *flood)
		}
		l, err := c.world.Load(ctx, c.tree, o, c.stderr)
		l.Machine = c.machine
		return result.Results{Load: &l}, err
	})
}

// flood runs the other providers' load without and with the repeats.
func (c *command) flood(ctx context.Context, o lab.LoadOptions, repeats float64) (result.Results, error) {
	providers := c.world.Source.Providers()
	f := result.Flood{Machine: c.machine, Provider: providers[len(providers)-1], Rate: repeats}
	o.Flooded = true
	for i, l := range []*result.Load{&f.Without, &f.With} {
		var err error
		o.Flood = float64(i) * repeats
		if *l, err = c.world.Load(ctx, c.tree, o, c.stderr); err != nil {
			return result.Results{}, err
		}
		l.Functions, l.Request.Curve, l.Late.Curve = nil, nil, nil
	}
	return result.Results{Flood: &f}, nil
}

func (c *command) coldStart(ctx context.Context, args []string) error {
	rounds := c.flags.Int("rounds", 15, "processes of each function")
	call := c.flags.Duration("aws", 5*time.Millisecond, "what an AWS call takes")
	if err := c.parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *call < 0 {
		return fmt.Errorf("%w: there is at least one round", errUsage)
	}
	return c.measure(ctx, false, func() (result.Results, error) {
		hello, err := lab.BuildHello(ctx, c.root, c.dir)
		if err != nil {
			return result.Results{}, err
		}
		programs, err := c.world.ColdStart(ctx, c.tree, hello, *rounds, *call, c.stderr)
		return result.Results{ColdStart: &result.ColdStart{
			Machine: c.machine, Rounds: *rounds, Call: float64(*call) / float64(time.Millisecond), Programs: programs,
		}}, err
	})
}

func (c *command) sizes(ctx context.Context, args []string) error {
	if err := c.parse(args); err != nil {
		return err
	}
	return c.measure(ctx, false, func() (result.Results, error) {
		sizes, err := c.world.Sizes(ctx, c.tree, c.root)
		sizes.Machine = c.machine
		return result.Results{Sizes: &sizes}, err
	})
}

func (c *command) compare(ctx context.Context, args []string) error {
	base := c.flags.String("base", "", "the revision to compare with, such as HEAD~5")
	rounds := c.flags.Int("rounds", 9, "processes of each function and revision")
	invocations := c.flags.Int("invocations", 1000, "invocations of each process")
	profiles := c.flags.String("profile", "", "a folder for records of perf(1), which slow the functions down")
	if err := c.parse(args); err != nil {
		return err
	}
	if *base == "" || *rounds < 1 || *invocations < 2 {
		return fmt.Errorf("%w: -base names a revision", errUsage)
	}
	if *profiles != "" {
		if err := os.MkdirAll(*profiles, 0o755); err != nil {
			return err
		}
	}
	if err := c.measure(ctx, *profiles != "", func() (result.Results, error) {
		fmt.Fprintf(c.stderr, "building the functions of %s …\n", *base)
		other, err := lab.BuildAt(ctx, c.root, *base, filepath.Join(c.dir, "base"), *profiles != "")
		if err != nil {
			return result.Results{}, err
		}
		functions, err := c.world.Compare(ctx, other, c.tree, *rounds, *invocations, *profiles, c.stderr)
		return result.Results{Compare: &result.Compare{
			Machine: c.machine, Base: *base, Rounds: *rounds, Invocations: *invocations, Functions: functions,
		}}, err
	}); err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(c.results, "compare.md"))
	fmt.Fprintf(c.stdout, "%s", page)
	return err
}
