package render

import (
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/diff"
)

// text returns a report for a terminal. It is empty for equal templates.
func text(r *diff.Report) string {
	if r.Equal {
		return ""
	}
	var b strings.Builder
	line := func(indent int, format string, args ...any) {
		b.WriteString(strings.Repeat("  ", indent) + clean(fmt.Sprintf(format, args...)) + "\n")
	}
	line(0, "%s", headline(r))
	changes, noise := folded(r)
	for i, c := range changes {
		if i == 0 || changes[i-1].Verdict != c.Verdict {
			b.WriteString("\n")
			line(0, "%s", titles()[c.Verdict])
		}
		line(1, "%s", heading(c))
		shown, more := reasons(c)
		for i, reason := range shown {
			line(2, "%s", rule(reason))
			if reason.Before != "" || reason.After != "" {
				before, after := excerpt(reason.Before, reason.After)
				line(3, "%s → %s", before, after)
			}
			if more[i] > 0 {
				line(2, "and %d more like it", more[i])
			}
		}
		if used := dependents(c); used != "" {
			line(2, "%s", used)
		}
	}
	for _, s := range sections(r) {
		b.WriteString("\n")
		line(0, "%s", s.title)
		for _, l := range s.lines {
			line(1, "%s", l)
		}
	}
	if noise != "" {
		b.WriteString("\n")
		line(0, "%s", noise)
	}
	return b.String()
}
