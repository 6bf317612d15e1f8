// Package header makes a request's headers of what tests have.
package header

import "github.com/paysluice/paysluice/handlers/provider"

// Of has one value for each name.
func Of(values map[string]string) provider.Header {
	var fields []provider.Field
	for name, value := range values {
		fields = append(fields, provider.Field{Name: name, Value: value})
	}
	return provider.HeaderOf(fields)
}

// Multi has each value of each name, as net/http has them.
func Multi(values map[string][]string) provider.Header {
	var fields []provider.Field
	for name, all := range values {
		for _, value := range all {
			fields = append(fields, provider.Field{Name: name, Value: value})
		}
	}
	return provider.HeaderOf(fields)
}
