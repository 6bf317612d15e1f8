package apigateway

import (
	"github.com/paysluice/paysluice/handlers/jsonscan"
	"github.com/paysluice/paysluice/handlers/provider"
)

// header reads the two objects that hold a request's headers. Values of a wrong
// type are none; API Gateway sends null for no headers at all.
func header(multi, single []byte) provider.Header {
	fields, any := fieldsOf(multi)
	if !any {
		fields, _ = fieldsOf(single)
	}
	return provider.HeaderOf(fields)
}

// fieldsOf is each value of each member, which is a string or an array of them,
// and whether there is any member.
func fieldsOf(object []byte) (fields []provider.Field, any bool) {
	s := jsonscan.New(object)
	if s.Next() != '{' {
		return nil, false
	}
	fields = make([]provider.Field, 0, ordinary)
	s.Object(func(quoted []byte) bool {
		any = true
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
	return fields, any
}

// ordinary is more than the number of headers that a provider's request has when
// it comes out of CloudFront and API Gateway.
const ordinary = 32
