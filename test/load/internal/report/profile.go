package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/test/document"
	"github.com/paysluice/paysluice/test/measured"
)

func profile(p measured.Profile) string {
	var b strings.Builder
	b.WriteString(on(p.Machine))
	fmt.Fprintf(&b, "\nShares of CPU time. Functions: %d environments each flat out, profiled for %g s, AWS without latency. Handlers: an event's JSON in and the answer's out, AWS in memory.\n\n",
		p.Environments, p.Seconds)
	titles, sampled := []string{""}, []string{"CPU time sampled, s"}
	var programs []measured.Profiled
	for _, one := range p.Functions {
		titles, programs = append(titles, one.Name), append(programs, one)
	}
	for _, one := range p.Handlers {
		titles, programs = append(titles, one.Name+", the handler"), append(programs, one)
	}
	if len(programs) == 0 {
		return b.String()
	}
	for _, one := range programs {
		sampled = append(sampled, decimal(one.Time, 1))
	}
	titles[0] = "where it is spent"
	b.WriteString(document.Table(titles, append(shareRows(programs, func(p measured.Profiled) []measured.Share { return p.Areas }), sampled)))
	titles[0] = "what for, with all that is called"
	b.WriteString("\n" + document.Table(titles, shareRows(programs, func(p measured.Profiled) []measured.Share { return p.Stages })))
	return b.String()
}

// shareRows have a row for each share of the first program, and a column for
// each program; what a program does not have is a dash.
func shareRows(programs []measured.Profiled, of func(measured.Profiled) []measured.Share) [][]string {
	var rows [][]string
	for _, share := range of(programs[0]) {
		row := []string{share.Name}
		for _, p := range programs {
			cell := "–"
			if i := slices.IndexFunc(of(p), func(s measured.Share) bool { return s.Name == share.Name }); i >= 0 {
				cell = decimal(100*of(p)[i].Part, 1) + " %"
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}
