package decode

import (
	"errors"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// WrongType marks a string whose value has a wrong type. No JSON text becomes this
// string: it is not UTF-8. It has a control character, so it fits no field.
const WrongType = "\xff\x00"

// Readable returns the first string that is neither empty nor marked, or "".
func Readable(values ...string) string {
	for _, value := range values {
		if value != "" && value != WrongType {
			return value
		}
	}
	return ""
}

// readMarking reads JSON into v as Unmarshal does and marks what it cannot read. If
// there is such a value, it calls reset, which empties v, and reads once more:
// looking at the type of each value costs an allocation.
func readMarking(text []byte, v any, reset func()) error {
	err := json.Unmarshal(text, v, lenient())
	if !isType(err) {
		return err
	}
	reset()
	return ignoreType(json.Unmarshal(text, v, lenient(), json.WithUnmarshalers(json.UnmarshalFromFunc(markOther))))
}

// markOther skips and marks a value that is neither null nor of the type of v, if v is
// a string, a struct or a list. It leaves all others, and types with their own methods,
// to the library.
func markOther(d *jsontext.Decoder, v any) error {
	switch v.(type) {
	case json.UnmarshalerFrom, json.Unmarshaler:
		return errors.ErrUnsupported
	}
	var want jsontext.Kind
	into := reflect.ValueOf(v).Elem()
	switch into.Kind() {
	case reflect.String:
		want = '"'
	case reflect.Struct:
		want = '{'
	case reflect.Array:
		want = '['
	default:
		return errors.ErrUnsupported
	}
	if kind := d.PeekKind(); kind == 'n' || kind == want {
		return errors.ErrUnsupported
	}
	mark(into)
	return d.SkipValue()
}

// mark marks each empty string and JSON value in v. Of a list it marks the first
// element.
func mark(v reflect.Value) {
	if !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			mark(v.Field(i))
		}
	case reflect.Array:
		mark(v.Index(0))
	case reflect.String:
		if v.Len() == 0 {
			v.SetString(WrongType)
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetBytes([]byte(WrongType))
		}
	}
}
