package stripe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	// maxText bounds every text that is taken out of a body. Ids end up in keys
	// of the table and of S3; Stripe's own are below 100 bytes.
	maxText = 255

	// maxSeconds is the last second of the year 9999, the end of RFC 3339.
	maxSeconds = 253402300799
)

// envelope is what is read of an Event object. Everything but id and type is
// optional (see unmarshalLenient); of an optional member that stands twice the
// last counts, as always in encoding/json.
type envelope struct {
	ID         identity        `json:"id"`
	Type       identity        `json:"type"`
	Created    identity        `json:"created"`
	Object     string          `json:"object"`
	APIVersion string          `json:"api_version"`
	Account    string          `json:"account"`
	Livemode   json.RawMessage `json:"livemode"`

	Data struct {
		Object object `json:"object"`
	} `json:"data"`

	// Of thin events only.
	Context       string    `json:"context"`
	SnapshotEvent reference `json:"snapshot_event"`
	RelatedObject struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"related_object"`
}

// parseEnvelope reads the body and checks what an envelope cannot be without.
func parseEnvelope(body []byte) (*envelope, error) {
	var env envelope
	if err := unmarshalLenient(body, &env); err != nil {
		return nil, fmt.Errorf("%w: not JSON, or nested too deeply", provider.EnvelopeUnreadable)
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return nil, fmt.Errorf("%w: not a JSON object", provider.EnvelopeUnreadable)
	}
	if env.ID.count > 1 || env.Type.count > 1 || env.Created.count > 1 {
		return nil, fmt.Errorf("%w: id, type or created stands more than once", provider.EnvelopeUnreadable)
	}
	if typ := env.Type.text(); typ == "" || len(typ) > maxText || !printable(typ) {
		return nil, fmt.Errorf("%w: type is not 1 to %d characters of printable ASCII", provider.EnvelopeUnreadable, maxText)
	}
	return &env, nil
}

// livemode is nil unless the body says true or false.
func (env *envelope) livemode() *bool {
	switch string(env.Livemode) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	return nil
}

// identity is a member that makes the event what it is. JSON leaves open which
// of two equal names counts; their number is kept so that the question can be
// refused instead of guessed.
type identity struct {
	value json.RawMessage
	count int
}

// UnmarshalJSON implements json.Unmarshaler; it takes any value.
func (m *identity) UnmarshalJSON(value []byte) error {
	m.value = bytes.Clone(value)
	m.count++
	return nil
}

// text is the member as a string; "" when it is none.
func (m *identity) text() string {
	var s string
	_ = json.Unmarshal(m.value, &s) // leaves s empty when it fails
	return s
}

// millis is the member as a time in epoch milliseconds, 0 when it is none
// between 1970 and 9999. Snapshot events have unix seconds, thin ones RFC 3339.
func (m *identity) millis() int64 {
	var seconds int64
	if json.Unmarshal(m.value, &seconds) == nil && 0 <= seconds && seconds <= maxSeconds {
		return seconds * 1000
	}
	if at, err := time.Parse(time.RFC3339, m.text()); err == nil && at.Unix() >= 0 {
		return at.UnixMilli()
	}
	return 0
}

// validID keeps an event id within what can be part of a key anywhere: it
// cannot leave its prefix in S3 nor look like another provider's.
func validID(id string) bool {
	if id == "" || len(id) > maxText {
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
