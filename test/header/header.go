// Package header makes a request's headers of what tests have, in the order of
// their names: what is counted must not depend on that of a map.
package header

import (
	"maps"
	"slices"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Of has one value for each name.
func Of(values map[string]string) provider.Header {
	var fields []provider.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fields = append(fields, provider.Field{Name: name, Value: values[name]})
	}
	return provider.HeaderOf(fields)
}

// Multi has each value of each name, as net/http has them.
func Multi(values map[string][]string) provider.Header {
	var fields []provider.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			fields = append(fields, provider.Field{Name: name, Value: value})
		}
	}
	return provider.HeaderOf(fields)
}
