package envelope

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/jsonscan"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Reader reads bodies into a T, a struct whose fields have JSON names of ASCII.
// It reads them as Unmarshal does, in less time: most of a body is never asked
// for, and one pass leaves that out before encoding/json, which goes over
// everything twice, sees the rest (docs/performance.md, "What was done").
type Reader[T any] struct{ wanted func() *wanted }

// NewReader reads into a T.
func NewReader[T any]() *Reader[T] {
	return &Reader[T]{sync.OnceValue(func() *wanted { return wantedOf(reflect.TypeFor[T]()) })}
}

// Read reads a body. The error is EnvelopeUnreadable: the body is not one JSON
// object, or is nested deeper than encoding/json goes.
func (r *Reader[T]) Read(body []byte, v *T) error {
	p := picker{Scanner: jsonscan.New(body), picked: make([]byte, 0, 1024)}
	p.SkipSpace()
	if p.Next() != '{' {
		return fmt.Errorf("%w: not a JSON object", provider.EnvelopeUnreadable)
	}
	ok := p.pick(r.wanted())
	if !ok || !p.AtEnd() || Unmarshal(p.picked, v) != nil {
		return fmt.Errorf("%w: not JSON, or nested too deeply", provider.EnvelopeUnreadable)
	}
	return nil
}

// wanted is what is read of a value.
type wanted struct {
	// whole takes the value as it stands. Otherwise one of the following is set,
	// and a value of another type is passed over.
	whole bool
	// members are those of an object that are read, by lower-case name:
	// encoding/json does not mind the case.
	members map[string]*wanted
	// any is what is read of the first members of an object, whatever their
	// names.
	any *wanted
	// element is what is read of the first elements of an array.
	element *wanted
}

// whole is a value that encoding/json is given as it stands.
func whole() *wanted { return &wanted{whole: true} }

func wantedOf(t reflect.Type) *wanted {
	if members, ok := reflect.Zero(t).Interface().(interface{ element() reflect.Type }); ok {
		return &wanted{any: wantedOf(members.element())}
	}
	switch t.Kind() {
	case reflect.Struct:
		if !reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
			return &wanted{members: membersOf(t)}
		}
	case reflect.Array:
		return &wanted{element: wantedOf(t.Elem())}
	}
	return whole()
}

// membersOf are a struct's, by their names in JSON.
func membersOf(t reflect.Type) map[string]*wanted {
	members := make(map[string]*wanted, t.NumField())
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			maps.Copy(members, membersOf(field.Type))
			continue
		}
		members[strings.ToLower(cmp.Or(name, field.Name))] = wantedOf(field.Type)
	}
	return members
}

// member is what is read of an object's n-th member, whose name is in its
// quotes; nil for nothing.
func (w *wanted) member(quoted []byte, n int) *wanted {
	if w.any != nil {
		if n > maxListed {
			return nil
		}
		return w.any
	}
	name := quoted[1 : len(quoted)-1]
	if member := w.members[string(name)]; member != nil || !mayFold(name) {
		return member
	}
	var buffer [maxName]byte
	return w.members[string(fold(buffer[:0], name))]
}

// mayFold reports whether a name may be another one when it is folded; those of
// the providers' bodies may not.
func mayFold(name []byte) bool {
	for _, c := range name {
		if 'A' <= c && c <= 'Z' || c == '\\' || c >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// maxName is longer than the name of any field.
const maxName = 64

// fold appends a name as encoding/json compares it with those of fields, for
// which case does not count: without escapes and in lower case. Two letters
// beyond ASCII fold to one within it (encoding/json, fold.go). It is empty for a
// name that no field can have.
func fold(dst, name []byte) []byte {
	for len(name) > 0 {
		r, size := utf8.DecodeRune(name)
		if r == '\\' {
			if name[1] != 'u' {
				return nil
			}
			code, _ := strconv.ParseUint(string(name[2:6]), 16, 16) // the scanner has seen four digits
			r, size = rune(code), 6
		}
		switch {
		case r == '\u017f':
			r = 's'
		case r == '\u212a':
			r = 'k'
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		}
		if r >= utf8.RuneSelf || len(dst) == maxName {
			return nil
		}
		dst, name = append(dst, byte(r)), name[size:]
	}
	return dst
}

// picker copies what is wanted out of a JSON text.
type picker struct {
	jsonscan.Scanner
	picked []byte
}

// pick moves behind a value, and picks what w wants of it.
func (p *picker) pick(w *wanted) bool {
	switch {
	case (w.members != nil || w.any != nil) && p.Next() == '{':
		return p.pickMembers(w)
	case w.element != nil && p.Next() == '[':
		return p.pickElements(w)
	case !w.whole:
		// A value of a wrong type, which as little is read of as of null.
		p.picked = append(p.picked, "null"...)
		return p.SkipValue()
	}
	value, ok := p.Value()
	p.picked = append(p.picked, value...)
	return ok
}

func (p *picker) pickMembers(w *wanted) bool {
	p.picked = append(p.picked, '{')
	before, n := len(p.picked), 0
	ok := p.Object(func(name []byte) bool {
		n++
		member := w.member(name, n)
		if member == nil {
			return p.SkipValue()
		}
		if len(p.picked) > before {
			p.picked = append(p.picked, ',')
		}
		p.picked = append(append(p.picked, name...), ':')
		return p.pick(member)
	})
	p.picked = append(p.picked, '}')
	return ok
}

func (p *picker) pickElements(w *wanted) bool {
	p.picked = append(p.picked, '[')
	n := 0
	ok := p.Array(func() bool {
		n++
		switch {
		case n > maxListed:
			return p.SkipValue()
		case n > 1:
			p.picked = append(p.picked, ',')
		}
		return p.pick(w.element)
	})
	p.picked = append(p.picked, ']')
	return ok
}
