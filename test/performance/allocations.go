package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

var errAllocations = errors.New("not as in allocations.txt; if that is meant: go run . allocations -update")

// What counts as clearly more than the baseline: the share, and so many beside it, since a
// map or a sync.Pool takes one more now and then.
const (
	allocBound  = 0.10
	allocsSlack = 2
	bytesSlack  = 256
)

// allocations compares what the benchmarks of handlers/ allocate with a committed
// baseline. Counts do not depend on how fast a machine is or what else it does.
func (c *command) allocations(ctx context.Context, args []string) error {
	update := c.flags.Bool("update", false, "write what is counted into allocations.txt")
	if err := c.parse(args); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchmem", "-cpu", "1", "-benchtime", "200x", "./handlers/...")
	cmd.Dir = c.root
	now, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the benchmarks: %w\n%s", err, now)
	}
	const path = "allocations.txt"
	base, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines, err := compareAllocations(base, now)
	if *update && len(lines) > 0 {
		return os.WriteFile(path, []byte(lines), 0o644)
	}
	return err
}

type allocated struct{ bytes, allocs float64 }

// readBenchmarks returns the figures by the benchmark's name.
func readBenchmarks(text []byte) (map[string]allocated, error) {
	all := map[string]allocated{}
	r := benchfmt.NewReader(bytes.NewReader(text), "benchmarks")
	for r.Scan() {
		if line, ok := r.Result().(*benchfmt.Result); ok {
			b, hasBytes := line.Value("B/op")
			if n, hasAllocs := line.Value("allocs/op"); hasBytes && hasAllocs { // not one that only reports a time
				all[string(line.Name)] = allocated{b, n}
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.Join(errors.New("no benchmark ran"), r.Err())
	}
	return all, r.Err()
}

// compareAllocations returns the lines of now without times, which would change on every
// run. The error is errAllocations if a benchmark allocates clearly more, is new or is gone.
func compareAllocations(base, now []byte) (lines string, err error) {
	before, unread := readBenchmarks(base)
	after, err := readBenchmarks(now)
	if err := errors.Join(unread, err); err != nil {
		return "", err
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		was, known := before[name]
		is := after[name]
		lines += fmt.Sprintf("Benchmark%s 200 %.0f B/op %.0f allocs/op\n", name, is.bytes, is.allocs)
		if !known || is.allocs > was.allocs*(1+allocBound)+allocsSlack || is.bytes > was.bytes*(1+allocBound)+bytesSlack {
			wrong = append(wrong, fmt.Sprintf("%s: %.0f → %.0f allocations, %.0f → %.0f bytes", name, was.allocs, is.allocs, was.bytes, is.bytes))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ran := after[name]; !ran {
			wrong = append(wrong, name+" is gone")
		}
	}
	if wrong != nil {
		err = fmt.Errorf("%w: %s", errAllocations, strings.Join(wrong, "; "))
	}
	return lines, err
}
