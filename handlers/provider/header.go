package provider

import (
	"fmt"
	"strings"
)

// Header holds a request's headers under lower-case names, each with all its
// values. Build it with NewHeader.
type Header map[string][]string

// NewHeader folds the names of an API Gateway event's headers, since HTTP names
// match in any case. multi is multiValueHeaders; single, used only when multi
// is empty, is headers, which holds but the last of repeated values.
func NewHeader(multi map[string][]string, single map[string]string) Header {
	h := make(Header, max(len(multi), len(single)))
	for name, values := range multi {
		name = strings.ToLower(name)
		h[name] = append(h[name], values...)
	}
	if len(multi) == 0 {
		for name, value := range single {
			name = strings.ToLower(name)
			h[name] = append(h[name], value)
		}
	}
	return h
}

// One is the value of a header that must be there exactly once and not be
// empty. The error is HeaderMissing or HeaderRepeated and names the header,
// never a value.
func (h Header) One(name string) (string, error) {
	switch values := h[strings.ToLower(name)]; {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", fmt.Errorf("%w: %s", HeaderMissing, name)
	case len(values) > 1:
		return "", fmt.Errorf("%w: %s", HeaderRepeated, name)
	default:
		return values[0], nil
	}
}
