package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// errNone is a run of no benchmark.
var errNone = errors.New("no benchmark ran")

// figures are what go test says of one benchmark, per operation.
type figures struct{ nanoseconds, bytes, allocations float64 }

// result is a path, as package workload calls it, with its figures.
type result struct {
	name        string
	work, floor figures // no nanoseconds for a path without a floor
}

// parse takes the fastest run of each benchmark.
func parse(lines *bufio.Scanner) ([]*result, error) {
	line := regexp.MustCompile(`^BenchmarkHotPaths/(\S+)/(work|floor)(?:-\d+)?\s+\d+\s+(\S+) ns/op\s+(\S+) B/op\s+(\S+) allocs/op`)
	var results []*result
	byName := map[string]*result{}
	for lines.Scan() {
		found := line.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		name := found[1]
		if byName[name] == nil {
			byName[name] = &result{name: name}
			results = append(results, byName[name])
		}
		of := &byName[name].work
		if found[2] == "floor" {
			of = &byName[name].floor
		}
		f, err := numbers(found[3:])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		if of.nanoseconds == 0 || f.nanoseconds < of.nanoseconds {
			*of = f
		}
	}
	if len(results) == 0 {
		return nil, errors.Join(errNone, lines.Err())
	}
	return results, lines.Err()
}

func numbers(texts []string) (figures, error) {
	var f figures
	for i, n := range []*float64{&f.nanoseconds, &f.bytes, &f.allocations} {
		var err error
		if *n, err = strconv.ParseFloat(texts[i], 64); err != nil {
			return figures{}, err
		}
	}
	return f, nil
}

// table is in Markdown, and aligned to be read as it is.
func table(w io.Writer, results []*result) error {
	const row = "| %-28s | %10s | %10s | %11s | %10s | %7s |\n"
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, row, "path", "µs", "bytes", "allocations", "floor, µs", "× floor")
	fmt.Fprintln(out, "|---|---:|---:|---:|---:|---:|")
	for _, r := range results {
		floor, ratio := "–", "–"
		if r.floor.nanoseconds > 0 {
			floor, ratio = microseconds(r.floor), fmt.Sprintf("%.2f", r.work.nanoseconds/r.floor.nanoseconds)
		}
		fmt.Fprintf(out, row, r.name, microseconds(r.work),
			fmt.Sprintf("%.0f", r.work.bytes), fmt.Sprintf("%.0f", r.work.allocations), floor, ratio)
	}
	return out.Flush()
}

func microseconds(f figures) string { return fmt.Sprintf("%.2f", f.nanoseconds/1000) }
