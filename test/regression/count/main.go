// Command count runs hot paths for package regression and prints for each of
// them a line of JSON with what one operation allocates. Under callgrind, the
// instructions between begin and end are counted as well.
//
//	count [-only NAME] [-times N] REPOSITORY
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/paysluice/paysluice/test/workload"
)

// How often a path is run: first until what is made once has been made, caches
// and pools, and then to be counted.
const (
	before     = 4
	operations = 16
	slow       = 1 // of both, for slow work
)

var errNone = errors.New("there is no such workload")

func main() {
	only := flag.String("only", "", "the one workload to count")
	times := flag.Int("times", 1, "how often the work is done where once is due")
	flag.Parse()
	if err := count(flag.Arg(0), *only, *times); err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
		os.Exit(1)
	}
}

func count(root, only string, times int) error {
	all, err := workload.All(root)
	if err != nil {
		return err
	}
	ctx, cancel := workload.Invocation(context.Background())
	defer cancel()
	counted := 0
	for _, w := range all {
		if only != "" && only != w.Name {
			continue
		}
		warmUp, n := before, operations
		if w.Slow {
			warmUp, n = slow, slow
		}
		if err := repeat(ctx, w.Work, warmUp*times); err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		if err := measure(ctx, w, n, times); err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		counted++
	}
	if counted == 0 {
		return errNone
	}
	return nil
}

// measure counts n operations and prints the figures of one.
func measure(ctx context.Context, w workload.Workload, n, times int) error {
	var first, last runtime.MemStats
	runtime.ReadMemStats(&first)
	begin()
	err := repeat(ctx, w.Work, n*times)
	end()
	runtime.ReadMemStats(&last)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		Name        string
		Operations  int
		Allocations float64
		Bytes       float64
	}{w.Name, n, float64(last.Mallocs-first.Mallocs) / float64(n), float64(last.TotalAlloc-first.TotalAlloc) / float64(n)})
}

func repeat(ctx context.Context, work workload.Run, n int) error {
	for range n {
		if err := work(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin and end are where callgrind begins and ends: it knows functions by
// their symbols, so they must be called.
//
//go:noinline
func begin() {}

//go:noinline
func end() {}
