// Package profile says in a reader's words where a CPU profile's time went.
package profile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/command"
)

// Errors of this package, by class.
var (
	// ErrNotTraces: not what go tool pprof -traces prints.
	ErrNotTraces = errors.New("not what go tool pprof -traces prints")
	// ErrNoSamples: a profile of nothing.
	ErrNoSamples = errors.New("a profile without samples")
)

// sample is a time and what was running: the innermost function first, then what
// had called it. Of a deep stack the outer end is missing: the Go runtime keeps
// 64 functions (runtime, maxCPUProfStack), and the SDK's middleware has as many.
type sample struct {
	time   time.Duration
	frames []string
}

// granularity is what frames are named by.
type granularity string

const (
	byFunction granularity = "-functions"
	byFile     granularity = "-files"
)

// samples has pprof print what is in a program's profiles.
func samples(ctx context.Context, by granularity, p Program) ([]sample, error) {
	args := []string{"go", "tool", "pprof", "-traces", string(by), "-unit=ns", "-symbolize=none"}
	if p.Ignore != "" {
		args = append(args, "-ignore="+p.Ignore)
	}
	out, err := command.Run(ctx, "", nil, slices.Concat(args, p.Profiles)...)
	if err != nil {
		return nil, err
	}
	return parse(out)
}

// parse reads traces, which follow a line of dashes each: "50ns   runtime.mallocgc
// (inline)", and below the names of its callers.
func parse(text string) ([]sample, error) {
	var all []sample
	traces := strings.Split(text, "-----------+-------------------------------------------------------\n")
	for _, trace := range traces[1:] {
		var s sample
		lines := bufio.NewScanner(strings.NewReader(trace))
		for lines.Scan() {
			frame := strings.TrimSpace(lines.Text())
			if len(s.frames) == 0 {
				spent, rest, _ := strings.Cut(frame, " ")
				var err error
				if s.time, err = time.ParseDuration(spent); err != nil {
					return nil, fmt.Errorf("%w: %w", ErrNotTraces, err)
				}
				frame = strings.TrimSpace(rest)
			}
			s.frames = append(s.frames, strings.TrimSuffix(frame, " (inline)"))
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
		if len(s.frames) > 0 {
			all = append(all, s)
		}
	}
	switch {
	case len(traces) == 1:
		return nil, ErrNotTraces
	case total(all) == 0:
		return nil, ErrNoSamples
	}
	return all, nil
}

func total(all []sample) (sum time.Duration) {
	for _, s := range all {
		sum += s.time
	}
	return sum
}

// part is the share of all time of the samples that count.
func part(all []sample, counts func(sample) bool) float64 {
	var sum time.Duration
	for _, s := range all {
		if counts(s) {
			sum += s.time
		}
	}
	return float64(sum) / float64(total(all))
}
