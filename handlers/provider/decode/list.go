package decode

import (
	"github.com/go-json-experiment/json/jsontext"
)

// maxListed is the number of elements or members that are read.
const maxListed = 16

// List is the beginning of an array. Only first elements count in what is read,
// and a signed body of 4.5 MB can hold two million: the rest is skipped.
type List[T any] [maxListed]T

// Members are the first 16 members of an object whose names are not known
// beforehand. They stay unread until Named is asked for one.
type Members[T any] struct{ object jsontext.Value }

// UnmarshalJSON implements json.Unmarshaler; it takes any value.
func (m *Members[T]) UnmarshalJSON(value []byte) error {
	m.object = append(m.object[:0], value...) // of two objects the last one counts
	return nil
}

// Named returns the member of that name, of two the last; it is empty when there
// is none or it is of a wrong type.
func (m Members[T]) Named(name string) T {
	found := named[T]{name: name}
	_ = Unmarshal(m.object, &found) // m.object was read before: it has no error left
	return found.member
}

// named is one member of an object.
type named[T any] struct {
	name   string
	member T
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (n *named[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	_, _ = d.ReadToken()
	for i := 0; d.PeekKind() == '"'; i++ { // an error ends the loop, and is returned below
		name, _ := d.ReadToken()
		if i < maxListed && name.String() == n.name {
			n.member = *new(T)
			_ = Next(d, &n.member)
		} else {
			_ = d.SkipValue()
		}
	}
	_, err := d.ReadToken()
	return err
}
