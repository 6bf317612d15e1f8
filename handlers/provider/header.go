package provider

import (
	"fmt"
	"strings"
)

// Header is a request's headers. Their names match in any case, as HTTP's do.
// Build it with HeaderOf or NewHeader.
type Header struct{ fields []Field }

// Field is one value of a header. A header that came twice is two of them.
type Field struct{ Name, Value string }

// HeaderOf is the headers in a list.
func HeaderOf(fields []Field) Header { return Header{fields} }

// NewHeader is the headers of an API Gateway event. multi is multiValueHeaders;
// single, used only when multi is empty, is headers, which holds but the last of
// repeated values.
func NewHeader(multi map[string][]string, single map[string]string) Header {
	var fields []Field
	for name, values := range multi {
		for _, value := range values {
			fields = append(fields, Field{name, value})
		}
	}
	if len(multi) > 0 {
		return Header{fields}
	}
	for name, value := range single {
		fields = append(fields, Field{name, value})
	}
	return Header{fields}
}

// One is the value of a header that must be there exactly once and not be
// empty. Two spellings of its name are two headers, so that a second signature
// cannot hide behind another case. The error is HeaderMissing or HeaderRepeated
// and names the header, never a value.
func (h Header) One(name string) (string, error) {
	switch values := h.values(name); {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", fmt.Errorf("%w: %s", HeaderMissing, name)
	case len(values) > 1:
		return "", fmt.Errorf("%w: %s", HeaderRepeated, name)
	default:
		return values[0], nil
	}
}

// values are those of a header under all spellings of its name. A request has a
// dozen headers, of which few are asked for: to look at all of them is less work
// than to fold their names first.
func (h Header) values(name string) (values []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}
