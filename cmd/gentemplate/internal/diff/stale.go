package diff

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// stale adds to a replaced resource the texts that still name it by its former name,
// path or stage in words. CloudFormation does not follow those.
func (c *comparison) stale() {
	for _, p := range c.pairs {
		if p.fate != replaced {
			continue
		}
		for _, d := range p.differences {
			before, after := model.Text(d.Before), model.Text(d.After)
			if before == "" || after == "" || d.Cause != "" || !slices.Contains(p.replacePaths, "/Properties/"+d.Path) {
				continue
			}
			var places []string
			for _, t := range c.texts {
				if t.from != p && names(t.text, before) && !names(t.text, after) && (d.Path == p.info.Name || p.shares(t.text)) {
					places = append(places, t.place())
				}
			}
			slices.Sort(places)
			places = slices.Compact(places)
			const shown = 8
			if len(places) > shown {
				places = append(places[:shown:shown], fmt.Sprintf("%d more", len(places)-shown))
			}
			if len(places) > 0 {
				p.add(Reason{Verdict: Replaced, Path: d.Path, Before: before, After: after,
					Rule: "These still name the former one in words: " + strings.Join(places, ", ") + "."})
			}
		}
	}
}

func (t reference) place() string {
	if t.from == nil {
		return t.path
	}
	return t.from.id() + " " + t.path
}

// shares reports whether a text refers to what the resource refers to, as the ARN of a
// path does to its API.
func (p *pair) shares(text string) bool {
	found := false
	ids := model.References(text)
	leaves("", p.old.Properties, func(_, own string) {
		found = found || slices.ContainsFunc(model.References(own), func(id string) bool { return slices.Contains(ids, id) })
	})
	return found
}

// names reports whether a text has a name as a word of its own.
func names(text, name string) bool {
	for {
		before, after, found := strings.Cut(text, name)
		if !found {
			return false
		}
		inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' }
		if strings.LastIndexFunc(before, inWord) != len(before)-1 && strings.IndexFunc(after, inWord) != 0 {
			return true
		}
		text = after
	}
}
