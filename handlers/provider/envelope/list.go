package envelope

import (
	"reflect"

	"github.com/paysluice/paysluice/handlers/jsonscan"
)

// List is the beginning of a list. Only first elements count in what is read,
// and a signed body of 4.5 MB can hold two million: encoding/json discards what
// goes beyond an array, without decoding it, and leaves what is missing or of a
// wrong type empty.
type List[T any] [maxListed]T

// maxListed is how many elements or members are read.
const maxListed = 16

// Members are the first 16 of an object whose names are not known beforehand,
// each a T: to decode all would take many times as much as the body. It is of
// the object that stands last, where one stands more than once.
type Members[T any] struct{ object []byte }

// UnmarshalJSON implements json.Unmarshaler.
func (m *Members[T]) UnmarshalJSON(value []byte) error {
	m.object = append(m.object[:0], value...)
	return nil
}

// Named is the member of that name, of two the last; empty when there is none,
// or it is of a wrong type.
func (m Members[T]) Named(name string) (member T) {
	s := jsonscan.New(m.object)
	n := 0
	var found []byte
	s.Object(func(quoted []byte) bool {
		value, ok := s.Value()
		if n++; ok && n <= maxListed && jsonscan.Text(quoted) == name {
			found = value
		}
		return ok
	})
	_ = Unmarshal(found, &member) // leaves member empty when it fails
	return member
}

// element lets a Reader know what is read of each.
func (Members[T]) element() reflect.Type { return reflect.TypeFor[T]() }
