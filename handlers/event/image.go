package event

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrImage is the class of all errors of DecodeImage.
var ErrImage = errors.New("not the image of an event item")

// DecodeImage returns the event of an item in DynamoDB's JSON, such as NewImage of
// a stream record: {"eventId": {"S": "stripe:evt_1"}, …}. The attributes have the
// names of Event's JSON; the keys of the indexes are ignored. An item of another
// schema or without an event id gives ErrImage, which never quotes a value.
func DecodeImage(image []byte) (Event, error) {
	var item map[string]attribute
	if err := json.Unmarshal(image, &item); err != nil {
		return Event{}, fmt.Errorf("%w: it is not DynamoDB's JSON: %T", ErrImage, err)
	}
	plain := make(map[string]json.RawMessage, len(item))
	for name, a := range item {
		plain[name] = a.value
	}
	text, _ := json.Marshal(plain) // every value was decoded from JSON
	var e Event
	if err := json.Unmarshal(text, &e); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Event{}, fmt.Errorf("%w: %s has a value of another type", ErrImage, wrong.Field)
		}
		return Event{}, fmt.Errorf("%w: %T", ErrImage, err) // a payload that is not base64
	}
	switch {
	case e.Schema != Schema:
		return Event{}, fmt.Errorf("%w: its schema is not %s", ErrImage, Schema)
	case e.ID == "":
		return Event{}, fmt.Errorf("%w: it has no eventId", ErrImage)
	}
	return e, nil
}

// attribute is a value of DynamoDB as plain JSON.
type attribute struct{ value json.RawMessage }

// UnmarshalJSON reads {"type": value} (DynamoDB API Reference, AttributeValue).
func (a *attribute) UnmarshalJSON(text []byte) error {
	var typed struct {
		S    *string
		N    *json.Number
		B    *string
		BOOL *bool
		SS   *[]string
		M    *map[string]attribute
	}
	if err := json.Unmarshal(text, &typed); err != nil {
		return err
	}
	var value any = struct{}{} // a type that no field has: an error if a field has its name
	switch {
	case typed.S != nil:
		value = typed.S
	case typed.N != nil:
		value = typed.N
	case typed.B != nil:
		value = typed.B
	case typed.BOOL != nil:
		value = typed.BOOL
	case typed.SS != nil:
		value = typed.SS
	case typed.M != nil:
		members := make(map[string]json.RawMessage, len(*typed.M))
		for name, member := range *typed.M {
			members[name] = member.value
		}
		value = members
	}
	a.value, _ = json.Marshal(value) // strings, valid numbers and bools cannot fail
	return nil
}
