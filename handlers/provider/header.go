package provider

import (
	"fmt"
	"strings"
)

// Header is the headers of a request. Names match in any case, as in HTTP.
type Header struct{ fields []Field }

// Field is one value of a header. A repeated header has several fields.
type Field struct{ Name, Value string }

// NewHeader returns a header with these fields.
func NewHeader(fields []Field) Header { return Header{fields} }

// Value returns the value of a header that must occur exactly once and not be
// empty. Headers whose names differ only in case are one repeated header, so a
// second signature is not overlooked. The error is HeaderMissing or
// HeaderRepeated and names the header, never a value.
func (h Header) Value(name string) (string, error) {
	switch values := h.Values(name); {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", fmt.Errorf("%w: %s", HeaderMissing, name)
	case len(values) > 1:
		return "", fmt.Errorf("%w: %s", HeaderRepeated, name)
	default:
		return values[0], nil
	}
}

// Values returns a header's values, ignoring case in its name.
func (h Header) Values(name string) (values []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// With returns a copy in which a header has exactly one value.
func (h Header) With(name, value string) Header {
	fields := []Field{{name, value}}
	for _, f := range h.fields {
		if !strings.EqualFold(f.Name, name) {
			fields = append(fields, f)
		}
	}
	return Header{fields}
}
