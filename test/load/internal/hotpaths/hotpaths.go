// Package hotpaths runs the benchmarks of test/workload and reads what they say:
// each hot path beside its floor, that part of the work which no code could do
// without.
package hotpaths

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/paysluice/paysluice/test/load/internal/command"
	"github.com/paysluice/paysluice/test/measured"
)

// Errors of Run, by class.
var (
	// ErrBenchmarks is a run that did not come to its end.
	ErrBenchmarks = errors.New("the benchmarks fail, see above")
	// ErrNone is a run of no benchmark.
	ErrNone = errors.New("no benchmark ran")
)

// Options are those of a run.
type Options struct {
	// Paths are the ones to run, as in go test -bench HotPaths/PATHS; all if it
	// is empty.
	Paths string
	// Count is how often each is run. The fastest counts.
	Count int
	// Time is how long each run takes, as in go test -benchtime.
	Time string
}

// Run runs the benchmarks of the repository at root. What go test prints goes to
// progress as it comes: benchstat reads it.
func Run(ctx context.Context, root string, o Options, progress io.Writer) ([]measured.HotPath, error) {
	var printed bytes.Buffer
	if err := command.Show(ctx, root, io.MultiWriter(progress, &printed), "go", "test", "-run", "^$", "-benchmem",
		"-bench", "HotPaths/"+o.Paths, "-count", strconv.Itoa(o.Count), "-benchtime", o.Time, "./test/workload"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBenchmarks, err)
	}
	return parse(bufio.NewScanner(&printed))
}

// parse takes the fastest run of each benchmark.
func parse(lines *bufio.Scanner) ([]measured.HotPath, error) {
	line := regexp.MustCompile(`^BenchmarkHotPaths/(\S+)/(work|floor)(?:-\d+)?\s+\d+\s+(\S+) ns/op\s+(\S+) B/op\s+(\S+) allocs/op`)
	var paths []measured.HotPath
	byName := map[string]int{}
	for lines.Scan() {
		found := line.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		o, err := operation(found[3:])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		name := found[1]
		if _, known := byName[name]; !known {
			byName[name] = len(paths)
			paths = append(paths, measured.HotPath{Name: name})
		}
		path := &paths[byName[name]]
		switch {
		case found[2] == "work":
			path.Work = faster(path.Work, o)
		case path.Floor == nil:
			path.Floor = &o
		default:
			*path.Floor = faster(*path.Floor, o)
		}
	}
	if len(paths) == 0 {
		return nil, errors.Join(ErrNone, lines.Err())
	}
	return paths, lines.Err()
}

func operation(texts []string) (measured.Operation, error) {
	var o measured.Operation
	for i, n := range []*float64{&o.Nanoseconds, &o.Bytes, &o.Allocations} {
		var err error
		if *n, err = strconv.ParseFloat(texts[i], 64); err != nil {
			return measured.Operation{}, err
		}
	}
	return o, nil
}

// faster is one of the two; the first may not have been measured yet.
func faster(a, b measured.Operation) measured.Operation {
	if a.Nanoseconds == 0 || b.Nanoseconds < a.Nanoseconds {
		return b
	}
	return a
}
