// Package envelope reads what providers send: JSON bodies that are signed, and
// may hold anything all the same. What is missing or of a wrong type stays
// empty; only a body that cannot be an event is refused.
package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Unmarshal is json.Unmarshal, except that a value of a wrong type is no error:
// its field stays empty and the others are read all the same, which is what
// json.Unmarshal documents to do before it returns the error.
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}

// Object is a body for comparison with another: one JSON object, or nil when
// it is none. Numbers are kept as text, so that those beyond float64 stay
// different.
func Object(body []byte) map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil {
		return nil
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil
	}
	return object
}
