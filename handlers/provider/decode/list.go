package decode

import (
	"github.com/go-json-experiment/json/jsontext"
)

// maxListed is the number of elements or members that are read.
const maxListed = 16

// List is the beginning of an array. Only the first 16 elements are read. A signed
// body of 4.5 MB can hold two million.
type List[T any] [maxListed]T

// Members are the first 16 members of an object whose names are not known
// beforehand. They stay unread until Find is called.
type Members[T any] struct{ object jsontext.Value }

// UnmarshalJSON implements json.Unmarshaler. It accepts any value.
func (m *Members[T]) UnmarshalJSON(value []byte) error {
	m.object = append(m.object[:0], value...) // of two objects the last one counts
	return nil
}

// Find returns the member of that name. If the name occurs twice, the last one
// counts. Without one Find returns the only member, whatever its name, if that is an
// object. Otherwise found is "".
func (m Members[T]) Find(name string) (found string, value T) {
	s := search[T]{name: name}
	_ = Unmarshal(m.object, &s) // m.object was read before: it has no error left
	switch {
	case s.named:
		return name, s.member
	case s.count == 1 && s.isObject:
		return s.only, s.other
	}
	return "", value
}

// search looks for one member of an object.
type search[T any] struct {
	name   string
	named  bool
	member T

	count    int // of other members
	only     string
	isObject bool
	other    T
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (s *search[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	_, _ = d.ReadToken()
	for i := 0; d.PeekKind() == '"'; i++ { // an error ends the loop, and is returned below
		token, _ := d.ReadToken()
		if i >= maxListed {
			s.count++
			_ = d.SkipValue()
			continue
		}
		switch name := token.String(); {
		case name == s.name:
			s.named, s.member = true, *new(T)
			_ = Next(d, &s.member)
		case s.count == 0:
			s.count, s.only, s.isObject = 1, name, d.PeekKind() == '{'
			_ = Next(d, &s.other)
		default:
			s.count++
			_ = d.SkipValue()
		}
	}
	_, err := d.ReadToken()
	return err
}
