// Package decode reads the JSON of providers and operators: event bodies and
// secret documents.
//
// A body is signed and may hold anything all the same, so reading is lenient: a
// value of a wrong type leaves its field empty in a secret and marked in a body, and
// the others are read. Only a body that cannot be an event is rejected.
package decode

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/paysluice/paysluice/handlers/provider"
)

// lenient returns the options of encoding/json. The library's own defaults
// reject bodies that a provider may sign:
//
//   - Duplicate names. Here the last one counts; Identify rejects them for the
//     three members that make an event what it is.
//   - Invalid UTF-8. Here each byte becomes U+FFFD.
//   - Arrays of another length than the Go array. Here the rest is skipped; see
//     List.
//   - Everything behind a value of a wrong type. Here it is read.
//
// The defaults are case-sensitive. Here names match in any case, so "ID" counts as a second
// id.
func lenient() json.Options { return jsonv1.DefaultOptionsV1() }

// Unmarshal reads JSON into v as encoding/json does. A value of a wrong type is
// no error: its field stays empty. The error reports text that is not JSON, or
// is nested deeper than 10,000 levels.
func Unmarshal(text []byte, v any) error {
	return ignoreType(json.Unmarshal(text, v, lenient()))
}

// Next reads the decoder's next value into v. Its error may report a value of a
// wrong type: the callers of Next return it, so that the reader of the whole learns
// of it.
func Next(d *jsontext.Decoder, v any) error { return json.UnmarshalDecode(d, v) }

// ignoreType returns nil for an error that reports a value of a wrong type.
func ignoreType(err error) error {
	if isType(err) {
		return nil
	}
	return err
}

func isType(err error) bool {
	_, ok := errors.AsType[*jsonv1.UnmarshalTypeError](err)
	return ok
}

// Body reads an event's body into a struct. Strings in it whose values have a wrong
// type are marked, so that Fields records them. The error is EnvelopeUnreadable: the body is not one JSON
// object, or is nested too deeply.
func Body(body []byte, v any) error {
	if jsontext.Value(body).Kind() != '{' {
		return fmt.Errorf("%w: not a JSON object", provider.EnvelopeUnreadable)
	}
	if readMarking(body, v, reflect.ValueOf(v).Elem().SetZero) != nil {
		return fmt.Errorf("%w: not JSON, or nested too deeply", provider.EnvelopeUnreadable)
	}
	return nil
}
