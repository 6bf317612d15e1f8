package decode

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxEntries bounds a list: each entry costs a signature check of every body.
const maxEntries = 32

// maxLabel bounds a label, in bytes. It is stored with every event and logged.
const maxLabel = 64

// Secret reads an operator's secret document: an object with a list of labelled
// entries, all live. Members of a wrong type stay empty, and the checks below then
// report them as missing. The error is SecretEmpty, which shows the example, or
// SecretMalformed. No error of this file repeats a value of the document.
func Secret(document []byte, example string, v any) error {
	if len(bytes.TrimSpace(document)) == 0 {
		return fmt.Errorf("%w: put %s into it", provider.SecretEmpty, example)
	}
	if Unmarshal(document, v) != nil || !utf8.Valid(document) {
		return fmt.Errorf("%w: it is not JSON in UTF-8", provider.SecretMalformed)
	}
	return nil
}

// CheckEntries checks each entry of a list. check returns the problems of an entry; a
// problem that is "" counts as none. The error is SecretMalformed. It says that the list
// is empty or too long, or names all problems of all entries.
func CheckEntries[E any](list string, entries []E, check func(E) []string) error {
	if len(entries) == 0 {
		return fmt.Errorf("%w: it has no list %q with at least one entry", provider.SecretMalformed, list)
	}
	if len(entries) > maxEntries {
		return fmt.Errorf("%w: its list %q has %d entries; at most %d are allowed", provider.SecretMalformed, list, len(entries), maxEntries)
	}
	var problems []string
	for i, e := range entries {
		for _, problem := range check(e) {
			if problem != "" {
				problems = append(problems, fmt.Sprintf("entry %d of %q: %s", i+1, list, problem))
			}
		}
	}
	if problems != nil {
		return fmt.Errorf("%w: %s", provider.SecretMalformed, strings.Join(problems, "; "))
	}
	return nil
}

// CheckLabel returns the problem of an entry's "label", or "".
func CheckLabel(label string) string {
	switch {
	case label == "":
		return `"label" is missing, empty or not a string`
	case len(label) > maxLabel:
		return fmt.Sprintf(`"label" is longer than %d bytes`, maxLabel)
	case !Printable(label):
		return `"label" has a character that is not printable ASCII`
	}
	return ""
}

// CheckText returns the problem of a member that is copied from a provider's
// dashboard, or "".
func CheckText(name, value string) string {
	switch {
	case value == "":
		return fmt.Sprintf("%q is missing, empty or not a string", name)
	case strings.TrimSpace(value) != value:
		return fmt.Sprintf("%q has white space around it", name)
	}
	return ""
}

// CheckEnvironment returns the problem of an entry's "environment", or "".
func CheckEnvironment(environment string) string {
	if environment != "live" && environment != "sandbox" {
		return `"environment" is neither "live" nor "sandbox"`
	}
	return ""
}
