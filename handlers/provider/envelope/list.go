package envelope

import (
	"bytes"
	"encoding/json"
)

// maxMembers is how many members of an object Find looks at.
const maxMembers = 16

// List is the beginning of a list. Only first elements count in what is read,
// and a signed body of 4.5 MB can hold two million: encoding/json discards what
// goes beyond an array, without decoding it, and leaves what is missing or of a
// wrong type empty.
type List[T any] [16]T

// Find is the value of the member of that name among the first 16 of an object,
// of two the last as always in encoding/json; nil when there is none. A map of
// all members would be many times as large as the body.
func Find(object json.RawMessage, name string) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if start, _ := decoder.Token(); start != json.Delim('{') {
		return nil
	}
	var found json.RawMessage
	for n := 0; n < maxMembers && decoder.More(); n++ {
		key, _ := decoder.Token()
		var value json.RawMessage
		_ = decoder.Decode(&value) // leaves value nil when it fails
		if key == name {
			found = value
		}
	}
	return found
}
