package decode

import (
	"cmp"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// maxListed is the number of elements or members that are read.
const maxListed = 16

// List is the beginning of an array. Only the first 16 elements are read. A signed
// body of 4.5 MB can hold two million.
type List[T any] [maxListed]T

// Members are the first 16 members of an object whose names are not known
// beforehand. They stay unread until Find is called.
type Members[T any] struct{ Raw jsontext.Value }

// UnmarshalJSON implements json.Unmarshaler. It accepts any value.
func (m *Members[T]) UnmarshalJSON(value []byte) error {
	m.Raw = append(m.Raw[:0], value...) // of two objects the last one counts
	return nil
}

// Find returns the member of that name. If the name occurs twice, the last one
// counts; an array counts as empty. Without one Find returns the only member, whatever
// its name, if that is an object. Otherwise found is "".
func (m Members[T]) Find(name string) (found string, value T) {
	switch m.Raw.Kind() {
	case '{':
	case 'n', 0:
		return "", value
	default:
		mark(reflect.ValueOf(&value).Elem())
		return "", value
	}
	s := search[T]{name: name}
	// m.Raw was read before: it has no error left.
	_ = readMarking(m.Raw, &s, func() { s = search[T]{name: name} })
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
	_, _ = d.ReadToken() // {
	var wrong error
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
			if d.PeekKind() == '[' { // inventory_counts of Square's inventory.count.updated
				_ = d.SkipValue()
				continue
			}
			wrong = cmp.Or(wrong, Next(d, &s.member))
		case s.count == 0:
			s.count, s.only, s.isObject = 1, name, d.PeekKind() == '{'
			wrong = cmp.Or(wrong, Next(d, &s.other))
		default:
			s.count++
			_ = d.SkipValue()
		}
	}
	_, err := d.ReadToken()
	return cmp.Or(err, wrong)
}
