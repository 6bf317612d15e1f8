package envelope

import (
	"bytes"
	"encoding/json"
)

// maxElements is how much of a list is kept. Of the lists that are read, the
// first elements count; a signed body of 4.5 MB can hold two million.
const maxElements = 16

// List is the beginning of a list: its first 16 elements. Like everything that
// is optional it is lenient: an element of a wrong type stays empty but keeps
// its place, and what is no list at all is an empty one.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler; it takes any value. What lies
// behind the last element kept is not decoded: encoding/json has checked that
// it is JSON before it calls this.
func (l *List[T]) UnmarshalJSON(value []byte) error {
	*l = nil
	decoder := json.NewDecoder(bytes.NewReader(value))
	if start, _ := decoder.Token(); start != json.Delim('[') {
		return nil
	}
	for len(*l) < maxElements && decoder.More() {
		var element T
		_ = decoder.Decode(&element) // leaves element empty when it fails
		*l = append(*l, element)
	}
	return nil
}

// Find is the value of the member of that name among the first 16 of an object,
// of two the last as always in encoding/json; nil when there is none. A map of
// all members would be many times as large as the body.
func Find(object json.RawMessage, name string) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if start, _ := decoder.Token(); start != json.Delim('{') {
		return nil
	}
	var found json.RawMessage
	for n := 0; n < maxElements && decoder.More(); n++ {
		key, _ := decoder.Token()
		var value json.RawMessage
		_ = decoder.Decode(&value) // leaves value nil when it fails
		if key == name {
			found = value
		}
	}
	return found
}
