package render

import (
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/diff"
)

// Marker is the first line of the Markdown, by which the comment is found again.
const Marker = "<!-- paysluice:template-diff -->"

// MaxComment is below GitHub's limit of 65,536 characters for a comment, which
// refuses a longer one whole.
const MaxComment = 60_000

// page is Markdown of at most limit bytes.
type page struct {
	strings.Builder
	limit, omitted int
}

// reserve is kept for the lines that end the page.
const reserve = 2000

// add adds a block unless it makes the page too long.
func (p *page) add(block string) {
	if p.Len()+len(block) > p.limit-reserve {
		p.omitted++
		return
	}
	p.WriteString(block)
}

// markdown returns a report as a comment on a pull request. Dangerous
// parts are open, the others are collapsed.
func markdown(r *diff.Report, limit int) string {
	p := &page{limit: limit}
	p.WriteString(Marker + "\n**What this change of the template does: " + r.Verdict + "**\n\n")
	p.add(block(headline(r)))
	changes, noise := folded(r)
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].Verdict == changes[0].Verdict {
			n++
		}
		p.class(changes[:n])
		changes = changes[n:]
	}
	for i, s := range sections(r) {
		p.open(fmt.Sprintf("%s (%d)", s.title, len(s.lines)), i == 0 && s.title == "You will no longer be told")
		for len(s.lines) > 0 { // blocks small enough for the rest of the page
			n := min(20, len(s.lines))
			p.add(block(s.lines[:n]...))
			s.lines = s.lines[n:]
		}
		p.close()
	}
	if noise != "" {
		p.add(block(noise))
	}
	if p.omitted > 0 {
		fmt.Fprintf(p, "\n%d parts are left out, because a comment is too short for them. The summary of the job has everything.\n", p.omitted)
	}
	return p.String()
}

// class adds the changes of one class.
func (p *page) class(changes []diff.Change) {
	p.open(fmt.Sprintf("%s (%d)", titles()[changes[0].Verdict], len(changes)), changes[0].Verdict != diff.InPlace)
	for _, c := range changes {
		lines := []string{"! " + heading(c)}
		shown, more := reasons(c)
		for i, r := range shown {
			lines = append(lines, "  "+rule(r))
			before, after := excerpt(r.Before, r.After)
			if r.Before != "" {
				lines = append(lines, "- "+before)
			}
			if r.After != "" {
				lines = append(lines, "+ "+after)
			}
			if more[i] > 0 {
				lines = append(lines, fmt.Sprintf("  and %d more like it", more[i]))
			}
		}
		if used := dependents(c); used != "" {
			lines = append(lines, "  "+used)
		}
		p.add(block(lines...))
	}
	p.close()
}

// open begins a part that a reader can collapse. It is always closed: the lines take
// from the reserve only if nothing else fits.
func (p *page) open(title string, expanded bool) {
	attribute := ""
	if expanded {
		attribute = " open"
	}
	p.WriteString("<details" + attribute + "><summary>" + title + "</summary>\n\n")
}

func (p *page) close() { p.WriteString("</details>\n\n") }

// block returns lines in a fence that they cannot end. Nothing in it is Markdown, a
// mention or a link.
func block(lines ...string) string {
	text := make([]string, len(lines))
	for i, line := range lines {
		text[i] = clean(line)
	}
	body := strings.Join(text, "\n")
	fence := "```"
	for strings.Contains(body, fence) {
		fence += "`"
	}
	return fence + "diff\n" + body + "\n" + fence + "\n\n"
}
