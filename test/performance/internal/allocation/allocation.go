// Package allocation compares what the benchmarks of handlers/ allocate with a committed
// baseline. Counts of allocations do not depend on how fast a machine is or what else it
// does.
package allocation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Errors of Compare.
var (
	// ErrMore is returned when a hot path allocates clearly more than the baseline.
	ErrMore = errors.New("a hot path allocates more than allocations.txt has; if that is meant: go run . allocations -update")
	// ErrBaseline is returned when the baseline lacks a benchmark or has one that is gone.
	ErrBaseline = errors.New("allocations.txt has other benchmarks: go run . allocations -update")
)

// What counts as clearly more: the share, and so many beside it, since a map or a
// sync.Pool takes one more now and then.
const (
	bound       = 0.10
	allocsSlack = 2
	bytesSlack  = 256
)

// Run runs the benchmarks of the repository at root and returns their lines with what
// they allocate, without the times, which would change on every run.
func Run(ctx context.Context, root string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchmem", "-cpu", "1", "-benchtime", "200x", "./handlers/...")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the benchmarks: %w\n%s", err, out)
	}
	figures, err := read(out)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		fmt.Fprintf(&b, "Benchmark%s 200 %.0f B/op %.0f allocs/op\n", name, figures[name].bytes, figures[name].allocs)
	}
	return b.Bytes(), nil
}

type figure struct{ bytes, allocs float64 }

// read returns the figures by the benchmark's name.
func read(text []byte) (map[string]figure, error) {
	all := map[string]figure{}
	r := benchfmt.NewReader(bytes.NewReader(text), "benchmarks")
	for r.Scan() {
		line, ok := r.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		b, hasBytes := line.Value("B/op")
		n, hasAllocs := line.Value("allocs/op")
		if !hasBytes || !hasAllocs {
			continue // such as one that only reports a time
		}
		all[string(line.Name)] = figure{b, n}
	}
	if len(all) == 0 {
		return nil, errors.Join(errors.New("no benchmark ran"), r.Err())
	}
	return all, r.Err()
}

// Compare returns a table of both, and ErrMore or ErrBaseline.
func Compare(base, now []byte) (string, error) {
	before, err := read(base)
	if err != nil {
		return "", err
	}
	after, err := read(now)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var more, missing []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		was, known := before[name]
		is := after[name]
		if !known {
			missing = append(missing, name)
			continue
		}
		mark := ""
		if is.allocs > was.allocs*(1+bound)+allocsSlack || is.bytes > was.bytes*(1+bound)+bytesSlack {
			mark = "  MORE"
			more = append(more, name)
		}
		fmt.Fprintf(&b, "%-28s %6.0f → %6.0f allocations %8.0f → %8.0f bytes%s\n", name, was.allocs, is.allocs, was.bytes, is.bytes, mark)
	}
	for name := range before {
		if _, ran := after[name]; !ran {
			missing = append(missing, name)
		}
	}
	switch {
	case more != nil:
		return b.String(), fmt.Errorf("%w: %s", ErrMore, strings.Join(more, ", "))
	case missing != nil:
		slices.Sort(missing)
		return b.String(), fmt.Errorf("%w: %s", ErrBaseline, strings.Join(missing, ", "))
	}
	return b.String(), nil
}
