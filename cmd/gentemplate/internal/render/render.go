// Package render prints the report of a diff as text, Markdown or JSON.
package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/diff"
)

// ErrFormat is returned for a format that does not exist.
var ErrFormat = errors.New("no such format")

// Render returns a report in a format: text, markdown or json. Markdown has at most
// limit bytes. The text about equal templates is empty.
func Render(r *diff.Report, format string, limit int) (string, error) {
	switch format {
	case "text":
		return text(r), nil
	case "markdown":
		return markdown(r, limit), nil
	case "json":
		encoded, err := json.MarshalIndent(r, "", " ")
		return string(encoded) + "\n", err
	}
	return "", fmt.Errorf("%w: %q: use text, markdown or json", ErrFormat, format)
}

// section is a list that the report prints after the resources.
type section struct {
	title string
	lines []string
}

// headline returns the verdict in one line, with the resources that cause it.
func headline(r *diff.Report) string {
	if !r.Dangerous() {
		return r.Verdict + ": " + quiet(r)
	}
	var ids []string
	for _, c := range r.Changes {
		if c.Causes(r.Verdict) {
			ids = append(ids, c.ID)
		}
	}
	const shown = 5
	if len(ids) > shown {
		ids = append(ids[:shown:shown], fmt.Sprintf("%d more", len(ids)-shown))
	}
	return r.Verdict + ": " + strings.Join(ids, ", ")
}

// quiet returns the headline's text for an update without harm.
func quiet(r *diff.Report) string {
	n := len(r.Changes) - r.Counts[diff.None]
	switch {
	case r.Equal:
		return "the templates are the same"
	case n == 0:
		return "no resource changes"
	}
	return fmt.Sprintf("%d of the resources change without harm", n)
}

// titles returns the heading of each class.
func titles() map[diff.Class]string {
	return map[diff.Class]string{
		diff.LostData: "Data is lost", diff.Refused: "CloudFormation refuses", diff.Collides: "Names collide",
		diff.Interrupted: "Interrupted", diff.Exposure: "More exposed", diff.AlarmLost: "Alarms weaker",
		diff.Widened: "May do more", diff.Replaced: "Replaced", diff.Narrowed: "May do less",
		diff.InPlace: "Changed in place", diff.None: "Without effect",
	}
}

// sections returns the sections that have a line.
func sections(r *diff.Report) []section {
	var untold, grants []string
	for _, c := range r.Changes {
		for _, reason := range c.Reasons {
			if reason.Untold {
				untold = append(untold, c.ID+strings.TrimSuffix(" "+reason.Path, " ")+": "+reason.Rule+values(reason))
			}
		}
	}
	for _, g := range r.Permissions.Added {
		grants = append(grants, "+ "+g.Subject+": "+g.String())
	}
	for _, g := range r.Permissions.Removed {
		grants = append(grants, "- "+g.Subject+": "+g.String())
	}
	all := []section{
		{"You will no longer be told", untold}, {"Permissions", grants}, {"Parameters", r.Parameters},
		{"New stacks only", r.NewStacksOnly}, {"Outputs", r.Outputs}, {"Costs by list price", r.Costs},
	}
	return slices.DeleteFunc(all, func(s section) bool { return len(s.lines) == 0 })
}

// values returns a reason's values in brackets.
func values(r diff.Reason) string {
	if r.Before == "" && r.After == "" {
		return ""
	}
	before, after := excerpt(r.Before, r.After)
	return " (" + before + " → " + after + ")"
}

// maxValue is the length, in bytes, up to which a value is printed whole.
const maxValue = 160

// excerpt returns two values, and only the part around their difference if they are
// long.
func excerpt(before, after string) (string, string) {
	if max(len(before), len(after)) <= maxValue {
		return orNone(before), orNone(after)
	}
	a, b := []rune(before), []rune(after)
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	const context = 30
	start = max(0, start-context)
	cut := func(value []rune) string {
		if len(value) == 0 {
			return orNone("")
		}
		end := min(len(value), start+maxValue)
		text := string(value[min(start, end):end])
		if start > 0 {
			text = "…" + text
		}
		if end < len(value) {
			text += "…"
		}
		return text
	}
	return cut(a), cut(b)
}

func orNone(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// clean replaces characters that could disguise a line of the report, because a
// template may come from somebody else.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, text)
}

// folded returns the changes to print one by one, and one line about all others: those
// that every update makes and those without effect.
func folded(r *diff.Report) (kept []diff.Change, noise string) {
	var ids []string
	for _, c := range r.Changes {
		if c.Expected() || c.Verdict == diff.None {
			ids = append(ids, c.ID)
			continue
		}
		kept = append(kept, c)
	}
	if len(ids) == 0 {
		return kept, ""
	}
	return kept, fmt.Sprintf("Expected or without effect (deployment, code, metadata): %s", strings.Join(ids, ", "))
}

// heading returns a change's first line.
func heading(c diff.Change) string {
	line := c.ID + " (" + c.Type
	if c.Name != "" {
		line += ", " + c.Name
	}
	line += "): " + strings.Join(c.Actions, ", then ")
	if c.OldID != "" {
		line += ", formerly " + c.OldID
	}
	return line
}

// rule returns a reason's line without the values before and after.
func rule(r diff.Reason) string {
	var parts []string
	for _, part := range []string{r.When, r.Path, r.Rule} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// maxAlike is the number of reasons with the same rule that are printed.
const maxAlike = 3

// reasons returns the reasons of a change to print. more has, at the index of the last
// one of a rule, how many others of that rule are left out.
func reasons(c diff.Change) (shown []diff.Reason, more []int) {
	count, last := map[string]int{}, map[string]int{}
	for _, r := range c.Reasons {
		key := r.Rule + "\n" + r.When
		if count[key]++; r.Rule == "" || count[key] <= maxAlike {
			last[key] = len(shown)
			shown, more = append(shown, r), append(more, 0)
			continue
		}
		more[last[key]]++
	}
	return shown, more
}

// dependents returns a line that names the resources that use this one. It is empty
// without any, and for a resource that keeps its identity.
func dependents(c diff.Change) string {
	if len(c.Dependents) == 0 || c.Verdict == diff.InPlace || c.Verdict == diff.None {
		return ""
	}
	return "used by " + strings.Join(c.Dependents, ", ")
}
