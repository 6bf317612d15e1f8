package decode

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxName bounds an event's id and type, in bytes. The id becomes a key of the
// table and of S3. The providers' ids are below 100 bytes.
const maxName = 255

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

// Time reads a date and time in the format of RFC 3339 and returns epoch
// milliseconds. A time without a zone is UTC: Square's own samples have none. A
// fraction may have any number of digits. Time returns 0 for other values and for
// times before 1970.
func (m Member) Time() int64 {
	text := m.Text()
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil && at.Unix() >= 0 {
			return at.UnixMilli()
		}
	}
	return 0
}

// Content is the member that holds an event's object. It may occur only once,
// because JSON readers differ in which of two they take.
type Content[T any] struct {
	Value T
	count int
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (c *Content[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	c.count++
	return Next(d, &c.Value)
}

// Repeated reports whether the member occurs more than once.
func (c *Content[T]) Repeated() bool { return c.count > 1 }

// Identify returns an event's id and type. The error is EnvelopeUnreadable if one
// of the three members or the content occurs twice or the type is not readable, and
// EventIDInvalid if the id cannot be a key.
func Identify(id, typ, created Member, content interface{ Repeated() bool }) (eventID, eventType string, err error) {
	if id.count > 1 || typ.count > 1 || created.count > 1 || content.Repeated() {
		return "", "", fmt.Errorf("%w: id, type, time of creation or content occurs more than once", provider.EnvelopeUnreadable)
	}
	eventID, eventType = id.Text(), typ.Text()
	if eventType == "" || len(eventType) > maxName || !Printable(eventType) {
		return "", "", fmt.Errorf("%w: type is not 1 to %d characters of printable ASCII", provider.EnvelopeUnreadable, maxName)
	}
	if !validID(eventID) {
		return "", "", fmt.Errorf("%w: id is not 1 to %d letters, digits, hyphens, underscores and single dots",
			provider.EventIDInvalid, maxName)
	}
	return eventID, eventType, nil
}

// validID reports whether an event id can be part of a key of the table and of S3.
// Such an id contains no path of S3 ("/", "..") and no separator of event ids (":").
func validID(id string) bool {
	if id == "" || len(id) > maxName {
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

// Printable reports whether s is printable ASCII, spaces included.
func Printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
