package decode

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/provider"
)

// maxSeconds is the last second of the year 9999, the end of RFC 3339.
const maxSeconds = 253402300799

// Member is a member that makes an event what it is. JSON leaves open which of
// two equal names counts; their number is kept so that the question can be
// refused instead of guessed.
type Member struct {
	value jsontext.Value
	count int
}

// UnmarshalJSON implements json.Unmarshaler; it takes any value.
func (m *Member) UnmarshalJSON(value []byte) error {
	m.value = bytes.Clone(value)
	m.count++
	return nil
}

// Text is the member as a string; "" when it is none.
func (m Member) Text() string {
	var text string
	_ = Unmarshal(m.value, &text) // leaves text empty when it fails
	return text
}

// Seconds is the member, a number of seconds since 1970, in epoch
// milliseconds; 0 when it is none, or of a time after the year 9999.
func (m Member) Seconds() int64 {
	var seconds int64
	if Unmarshal(m.value, &seconds) == nil && 0 <= seconds && seconds <= maxSeconds {
		return seconds * 1000
	}
	return 0
}

// RFC3339 is the member, a time in RFC 3339, in epoch milliseconds; 0 when it
// is none, or before 1970.
func (m Member) RFC3339() int64 {
	if at, err := time.Parse(time.RFC3339, m.Text()); err == nil && at.Unix() >= 0 {
		return at.UnixMilli()
	}
	return 0
}

// Identify checks what no event can be without, and is the event's id and
// type. The error is EnvelopeUnreadable when one of the three stands more than
// once or the type cannot be one; EventIDInvalid when the id cannot be a key.
func Identify(id, typ, created Member) (eventID, eventType string, err error) {
	if id.count > 1 || typ.count > 1 || created.count > 1 {
		return "", "", fmt.Errorf("%w: id, type or time of creation stands more than once", provider.EnvelopeUnreadable)
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

// validID keeps an event id within what can be part of a key anywhere: it
// cannot leave its prefix in S3 nor look like another provider's.
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
