package function

import (
	"github.com/paysluice/paysluice/handlers/jsonscan"
	"github.com/paysluice/paysluice/handlers/provider"
)

// header reads the two objects that hold a request's headers. headers has but the
// last of repeated values, and is read where multiValueHeaders has no member.
func header(multi, single []byte) provider.Header {
	fields, found := fieldsOf(multi)
	if !found {
		fields, _ = fieldsOf(single)
	}
	return provider.HeaderOf(fields)
}

// fieldsOf is each value of each member, which is a string or an array of them,
// and whether there is any member. A value of another type is none.
func fieldsOf(object []byte) (fields []provider.Field, found bool) {
	s := jsonscan.New(object)
	if s.Next() != '{' {
		return nil, false
	}
	fields = make([]provider.Field, 0, ordinary)
	s.Object(func(quoted []byte) bool {
		found = true
		name := jsonscan.Text(quoted)
		value := func() bool {
			value, ok := s.Value()
			if len(value) > 0 && value[0] == '"' {
				fields = append(fields, provider.Field{Name: name, Value: jsonscan.Text(value)})
			}
			return ok
		}
		if s.Next() == '[' {
			return s.Array(value)
		}
		return value()
	})
	return fields, found
}

// ordinary is more than the number of headers that a provider's request has: some
// ten of HTTP and of API Gateway, and up to seven of the provider's own.
const ordinary = 24
