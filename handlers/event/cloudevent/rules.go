package cloudevent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/event"
)

// check returns ErrInvalid for an event that breaks a rule of CloudEvents, or that says one
// thing in its attributes and another in its data.
func (e *Event) check() error {
	switch {
	case e.SpecVersion != SpecVersion:
		return fmt.Errorf("%w: its specversion is not %s", ErrInvalid, SpecVersion)
	case e.DataSchema != DataSchema:
		return fmt.Errorf("%w: its dataschema is not %s", ErrInvalid, DataSchema)
	case e.DataContentType != DataContentType:
		return fmt.Errorf("%w: its datacontenttype is not %s", ErrInvalid, DataContentType)
	case e.Data.Schema != event.Schema:
		return fmt.Errorf("%w: the schema of its data is not %s", ErrInvalid, event.Schema)
	case e.Data.ID == "" || e.ID != identify(e.Data.Event):
		return fmt.Errorf("%w: its id is not that of its data", ErrInvalid)
	case e.Data.Category == "" || e.Type != TypePrefix+string(e.Data.Category):
		return fmt.Errorf("%w: its type is not %s and the category of its data", ErrInvalid, TypePrefix)
	case e.Data.Provider == "":
		return fmt.Errorf("%w: its data has no provider", ErrInvalid)
	}
	if source, err := url.Parse(e.Source); err != nil || !source.IsAbs() {
		return fmt.Errorf("%w: its source is not an absolute URI", ErrInvalid)
	}
	for _, a := range []struct{ name, value string }{
		{"id", e.ID}, {"source", e.Source}, {"type", e.Type}, {"subject", e.Subject},
		{"partitionkey", e.PartitionKey}, {"providertype", e.ProviderType}, {"traceparent", e.Traceparent},
	} {
		if !isText(a.value) {
			return fmt.Errorf("%w: its %s has a character that CloudEvents does not allow", ErrInvalid, a.name)
		}
	}
	for _, a := range []struct{ name, value string }{{"time", e.Time}, {"recordedtime", e.RecordedTime}} {
		if _, err := time.Parse(time.RFC3339, a.value); err != nil && a.value != "" {
			return fmt.Errorf("%w: its %s is not a time of RFC 3339", ErrInvalid, a.name)
		}
	}
	return nil
}

func checkSize(bytes int) error {
	if bytes > MaxSize {
		return fmt.Errorf("%w: it has %d bytes, and %d are the maximum", ErrInvalid, bytes, MaxSize)
	}
	return nil
}

// optional returns the value of an attribute that may be left out, or nothing for a text that
// no attribute may have.
func optional(value string) string {
	if isText(value) {
		return value
	}
	return ""
}

// checkMembers checks what struct fields cannot: the names of all attributes, and that the
// values of unknown ones are scalars.
func checkMembers(text []byte) error {
	if err := checkSize(len(text)); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("%w: it is not a JSON object: %T", ErrInvalid, err)
	}
	if _, ok := members["data_base64"]; ok {
		return fmt.Errorf("%w: it has data_base64 instead of data", ErrInvalid)
	}
	for name, value := range members {
		switch {
		case !isName(name):
			return fmt.Errorf("%w: the name of an attribute is not of lower-case letters and digits", ErrInvalid)
		case name != "data" && bytes.ContainsAny(value[:1], "{["):
			return fmt.Errorf("%w: the attribute %s is not a single value", ErrInvalid, name)
		}
	}
	return nil
}

// isName reports whether an attribute may have that name ("Naming Conventions"). Longer ones
// than 20 characters are only discouraged.
func isName(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || 'z' < c) && (c < '0' || '9' < c) {
			return false
		}
	}
	return name != ""
}

// isText reports whether a string attribute may have that value ("Type System"): no control
// character, no surrogate and no noncharacter.
func isText(value string) bool {
	for _, r := range value {
		if r < 0x20 || 0x7f <= r && r <= 0x9f || 0xfdd0 <= r && r <= 0xfdef || r&0xfffe == 0xfffe {
			return false
		}
	}
	return utf8.ValidString(value)
}
