package provider

import (
	"fmt"
	"strings"
)

// Header is a request's headers. Their names match in any case, as HTTP's do.
// Build it with NewHeader.
type Header struct {
	multi  map[string][]string
	single map[string]string
}

// NewHeader is the headers of an API Gateway event. multi is multiValueHeaders;
// single, used only when multi is empty, is headers, which holds but the last of
// repeated values.
func NewHeader(multi map[string][]string, single map[string]string) Header {
	if len(multi) > 0 {
		return Header{multi: multi}
	}
	return Header{single: single}
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
	for spelling, v := range h.multi {
		if strings.EqualFold(spelling, name) {
			values = append(values, v...)
		}
	}
	for spelling, v := range h.single {
		if strings.EqualFold(spelling, name) {
			values = append(values, v)
		}
	}
	return values
}
