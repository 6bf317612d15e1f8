package providertest

import (
	"maps"
	"slices"

	"github.com/paysluice/paysluice/handlers/provider"
)

// Header returns headers with one value each, in the order of their names,
// because a map's order must not decide a test.
func Header(values map[string]string) provider.Header {
	var fields []provider.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fields = append(fields, provider.Field{Name: name, Value: values[name]})
	}
	return provider.NewHeader(fields)
}

// MultiHeader returns headers with several values each.
func MultiHeader(values map[string][]string) provider.Header {
	var fields []provider.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			fields = append(fields, provider.Field{Name: name, Value: value})
		}
	}
	return provider.NewHeader(fields)
}
