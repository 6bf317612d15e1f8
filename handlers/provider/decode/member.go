package decode

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxSeconds is the end of the year 9999, the last time of RFC 3339.
const maxSeconds = 253402300799

// Member is a required member of a body. It counts how often its name occurs:
// JSON does not define which of two values is meant, so Identify rejects both.
type Member struct {
	value jsontext.Value
	count int
}

// UnmarshalJSON implements json.Unmarshaler. It accepts any value.
func (m *Member) UnmarshalJSON(value []byte) error {
	m.value = bytes.Clone(value)
	m.count++
	return nil
}

// Text returns the member's text, or "" if the member is not a string.
func (m Member) Text() string {
	var text string
	_ = Unmarshal(m.value, &text) // leaves text empty when it fails
	return text
}

// Seconds reads a whole number of epoch seconds and returns epoch milliseconds. It
// returns 0 for other values and for times after the year 9999.
func (m Member) Seconds() int64 {
	var seconds int64
	if Unmarshal(m.value, &seconds) == nil && 0 <= seconds && seconds <= maxSeconds {
		return seconds * 1000
	}
	return 0
}

// RFC3339 reads a time in the format of RFC 3339 and returns epoch milliseconds. It
// returns 0 for other values and for times before 1970.
func (m Member) RFC3339() int64 {
	if at, err := time.Parse(time.RFC3339, m.Text()); err == nil && at.Unix() >= 0 {
		return at.UnixMilli()
	}
	return 0
}

// Identify returns an event's id and type. The error is EnvelopeUnreadable if one
// of the three members occurs twice or the type is not readable, and
// EventIDInvalid if the id cannot be a key.
func Identify(id, typ, created Member) (eventID, eventType string, err error) {
	if id.count > 1 || typ.count > 1 || created.count > 1 {
		return "", "", fmt.Errorf("%w: id, type or time of creation occurs more than once", provider.EnvelopeUnreadable)
	}
	eventID, eventType = id.Text(), typ.Text()
	if eventType == "" || len(eventType) > MaxText || !Printable(eventType) {
		return "", "", fmt.Errorf("%w: type is not 1 to %d characters of printable ASCII", provider.EnvelopeUnreadable, MaxText)
	}
	if !validID(eventID) {
		return "", "", fmt.Errorf("%w: id is not 1 to %d letters, digits, hyphens, underscores and single dots",
			provider.EventIDInvalid, MaxText)
	}
	return eventID, eventType, nil
}

// validID reports whether an event id can be part of a key of the table and of S3.
// Such an id contains no path of S3 ("/", "..") and no separator of event ids (":").
func validID(id string) bool {
	if id == "" || len(id) > MaxText {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case c == '.' && (i == 0 || id[i-1] != '.'):
		default:
			return false
		}
	}
	return true
}

// MaxText bounds each text of a body, in bytes. Ids become keys of the table and
// of S3; those of providers are below 100 bytes.
const MaxText = 255

// Clean returns s, or "" if s is too long or has control characters, because an
// index would reject it. Merchants choose some object ids themselves.
func Clean(s string) string {
	if len(s) > MaxText || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// Related returns the clean ids that are not empty, or nil if there are none.
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
