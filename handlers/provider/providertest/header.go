package providertest

import (
	"maps"
	"slices"
	"time"

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

// Sign returns the headers of a signed body. It panics if the signer's key cannot
// sign.
func Sign(s provider.Signer, body []byte, at time.Time) map[string]string {
	headers, err := s.Sign(body, at)
	if err != nil {
		panic(err)
	}
	return headers
}

// Multi returns headers as API Gateway's multiValueHeaders and http.Header have
// them.
func Multi(headers map[string]string) map[string][]string {
	multi := make(map[string][]string)
	for name, value := range headers {
		multi[name] = []string{value}
	}
	return multi
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
