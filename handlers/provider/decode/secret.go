package decode

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxLabel bounds a label, in bytes: it is stored with every event and written
// to logs.
const maxLabel = 64

// Secret reads a document into a struct; values of wrong types stay empty, for
// the checks of this package to name. The error is SecretEmpty, which shows
// the example, or SecretMalformed.
func Secret(document []byte, example string, v any) error {
	if len(bytes.TrimSpace(document)) == 0 {
		return fmt.Errorf("%w: put %s into it", provider.SecretEmpty, example)
	}
	if Unmarshal(document, v) != nil || !utf8.Valid(document) {
		return fmt.Errorf("%w: it is not JSON in UTF-8", provider.SecretMalformed)
	}
	return nil
}

// CheckEntries applies check, whose answers are problems or "", to each entry
// of the list of that name. The error is SecretMalformed: it names all
// problems of all entries, or says that there is no entry.
func CheckEntries[E any](list string, entries []E, check func(E) []string) error {
	if len(entries) == 0 {
		return fmt.Errorf("%w: it has no list %q with at least one entry", provider.SecretMalformed, list)
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

// CheckLabel says what is wrong with an entry's "label"; "" when nothing is.
func CheckLabel(label string) string {
	switch {
	case label == "":
		return `"label" is missing, empty or not a string`
	case len(label) > maxLabel:
		return fmt.Sprintf(`"label" is longer than %d bytes`, maxLabel)
	case !Printable(label):
		return `"label" holds something else than printable ASCII`
	}
	return ""
}

// CheckText says what is wrong with a secret, or anything else that is copied
// out of a provider's dashboard, in the member of that name; "" when nothing
// is.
func CheckText(name, value string) string {
	switch {
	case value == "":
		return fmt.Sprintf("%q is missing, empty or not a string", name)
	case strings.TrimSpace(value) != value:
		return fmt.Sprintf("%q has white space around it", name)
	}
	return ""
}

// CheckEnvironment says what is wrong with an entry's "environment"; "" when
// it is live or sandbox.
func CheckEnvironment(environment string) string {
	if environment != "live" && environment != "sandbox" {
		return `"environment" is neither "live" nor "sandbox"`
	}
	return ""
}
