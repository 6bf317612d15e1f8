package decode

import (
	"strings"
	"unicode"
)

// MaxText bounds every text that is taken out of a body, in bytes. Ids end up
// in keys of the table and of S3; the providers' own are below 100 bytes.
const MaxText = 255

// Clean is s, or "" when s is too long or holds control characters: better no
// text than one that no index takes. Object ids are not all the provider's
// own, merchants may call some things anything.
func Clean(s string) string {
	if len(s) > MaxText || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// Related are those of the ids that are not empty once they are clean, by what
// they are; nil when none is.
func Related(ids map[string]string) map[string]string {
	var related map[string]string
	for name, id := range ids {
		if id = Clean(id); id == "" {
			continue
		}
		if related == nil {
			related = make(map[string]string)
		}
		related[name] = id
	}
	return related
}

// Printable reports whether s is printable ASCII, spaces included.
func Printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
