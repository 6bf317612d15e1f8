package invocation

import "encoding/json"

// Text is a long string of an event. encoding/json looks for what it has to
// replace one character at a time; a body in base64, most of what a processor is
// given, has nothing of the kind.
type Text string

// UnmarshalJSON implements json.Unmarshaler: what is not a string is an error,
// null none.
func (t *Text) UnmarshalJSON(value []byte) error {
	if end := len(value) - 1; end > 0 && value[0] == '"' && isBase64(value[1:end]) {
		*t = Text(value[1:end])
		return nil
	}
	return json.Unmarshal(value, (*string)(t))
}

// isBase64 reports whether text holds nothing but what base64 is written in,
// which stands for itself in JSON.
func isBase64(text []byte) bool {
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '=':
		default:
			return false
		}
	}
	return true
}
