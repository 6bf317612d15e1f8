package main

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// block is a run of statements that are executed together, as a coverage
// profile names it.
type block struct {
	file               string // import path of the package, then the file
	line, column       int
	endLine, endColumn int
	statements         int
}

// profile says of every block whether it was executed.
type profile map[block]bool

// readProfiles merges profiles in go's text format: a block is covered when
// one of them says so.
func readProfiles(files ...string) (profile, error) {
	p := profile{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if err := p.add(line); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return p, nil
}

// add takes one line: "file:line.column,line.column statements count", or the
// "mode:" with which each profile begins.
func (p profile) add(line string) error {
	if strings.HasPrefix(line, "mode:") {
		return nil
	}
	colon := strings.LastIndex(line, ":")
	b := block{file: line[:max(colon, 0)]}
	var count int
	if _, err := fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d",
		&b.line, &b.column, &b.endLine, &b.endColumn, &b.statements, &count); err != nil {
		return fmt.Errorf("%q is no line of a coverage profile: %w", line, err)
	}
	p[b] = p[b] || count > 0
	return nil
}

// uncovered lists, as file:line below the module's root, the blocks that were
// not executed, and the files that hold statements but stand in no profile.
func (p profile) uncovered(module string, files []string) []string {
	seen := map[string]bool{}
	var missed []block
	for b, covered := range p {
		seen[b.file] = true
		if !covered && b.statements > 0 {
			missed = append(missed, b)
		}
	}
	for _, file := range files {
		if name := path.Join(module, file); !seen[name] {
			missed = append(missed, block{file: name})
		}
	}
	slices.SortFunc(missed, func(a, b block) int {
		return cmp.Or(strings.Compare(a.file, b.file), a.line-b.line, a.column-b.column)
	})
	var places []string
	for _, b := range missed {
		file := strings.TrimPrefix(b.file, module+"/")
		if b.line == 0 {
			places = append(places, file+": in no coverage profile: is the whole package untested, or the file excluded?")
			continue
		}
		places = append(places, fmt.Sprintf("%s:%d: not covered", file, b.line))
	}
	return places
}

func (p profile) summary() string {
	packages := map[string]bool{}
	total, covered := 0, 0
	for b, yes := range p {
		packages[path.Dir(b.file)] = true
		total += b.statements
		if yes {
			covered += b.statements
		}
	}
	// Rounded down, or one missed statement of thousands would read 100.0 %.
	tenths := covered * 1000 / max(total, 1)
	return fmt.Sprintf("statement coverage: %d.%d %% of %d statements in %d packages",
		tenths/10, tenths%10, total, len(packages))
}
