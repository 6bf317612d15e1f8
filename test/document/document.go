// Package document keeps the generated tables of a hand-written page: each
// stands between two marker comments, and what is outside of them is left as
// it is.
package document

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// ErrMarkers is the class of errors about a page's marker comments.
var ErrMarkers = errors.New("marker comments")

// block is a generated part: its name, then its text.
var block = regexp.MustCompile(`(?s)<!-- generated: ([a-z0-9-]+) -->\n(.*?)<!-- end of generated -->`)

// Fill returns the page with each generated part replaced by the text of its
// name. The error is ErrMarkers for a part without a text, a text without a
// part, and a part that is there twice.
func Fill(page string, texts map[string]string) (string, error) {
	for _, part := range block.FindAllStringSubmatch(page, -1) {
		if _, given := texts[part[1]]; !given {
			return "", fmt.Errorf("%w: there is no text for %s", ErrMarkers, part[1])
		}
	}
	return Update(page, texts)
}

// Update is Fill, but leaves parts without a text as they are.
func Update(page string, texts map[string]string) (string, error) {
	seen := map[string]int{}
	filled := block.ReplaceAllStringFunc(page, func(part string) string {
		name := block.FindStringSubmatch(part)[1]
		text, given := texts[name]
		if seen[name]++; !given {
			return part
		}
		return "<!-- generated: " + name + " -->\n" + text + "<!-- end of generated -->"
	})
	for name := range texts {
		if seen[name] != 1 {
			return "", fmt.Errorf("%w: %s is there %d times", ErrMarkers, name, seen[name])
		}
	}
	return filled, nil
}

// Write fills the page in that file and writes it back.
func Write(file string, texts map[string]string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	filled, err := Fill(string(page), texts)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(filled), 0o644)
}

// Stale is "" when the page in that file has just these texts, and else says
// where it differs.
func Stale(file string, texts map[string]string) (string, error) {
	page, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	filled, err := Fill(string(page), texts)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	committed, wanted := strings.Split(string(page), "\n"), strings.Split(filled, "\n")
	for i := range min(len(committed), len(wanted)) {
		if committed[i] != wanted[i] {
			return fmt.Sprintf("line %d is\n\t%s\nand should be\n\t%s", i+1, committed[i], wanted[i]), nil
		}
	}
	if len(committed) != len(wanted) {
		return fmt.Sprintf("it has %d lines and should have %d", len(committed), len(wanted)), nil
	}
	return "", nil
}
