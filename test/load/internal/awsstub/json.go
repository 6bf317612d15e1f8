package awsstub

import (
	"bytes"
	"encoding/json"
)

// field is the value of an object's member, as it stands in the JSON. It looks
// no further than it must: encoding/json would take longer over a call than
// everything else that is done for it.
func field(object []byte, name string) (value []byte, ok bool) {
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(object), []byte("{"))
	for ok {
		key := stringEnd(rest)
		if key < 0 {
			return nil, false
		}
		found := string(bytes.TrimSpace(rest[:key])) == `"`+name+`"`
		rest, ok = bytes.CutPrefix(bytes.TrimSpace(rest[key:]), []byte(":"))
		end := valueEnd(rest)
		if !ok || end < 0 {
			return nil, false
		}
		if found {
			return bytes.TrimSpace(rest[:end]), true
		}
		rest, ok = bytes.CutPrefix(bytes.TrimSpace(rest[end:]), []byte(","))
	}
	return nil, false
}

// stringField is a member that is a string, between its quotes.
func stringField(object []byte, name string) ([]byte, bool) {
	value, ok := field(object, name)
	if !ok || len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}

// attribute is one of a DynamoDB item, of that type.
func attribute(item []byte, name, kind string) ([]byte, bool) {
	value, ok := field(item, name)
	if !ok {
		return nil, false
	}
	return stringField(value, kind)
}

// stringEnd is behind the first string of b, -1 if there is none.
func stringEnd(b []byte) int {
	i := bytes.IndexByte(b, '"')
	if i < 0 {
		return -1
	}
	for {
		for i++; i < len(b) && b[i] != '"' && b[i] != '\\'; i++ {
		}
		if i >= len(b) {
			return -1
		}
		if b[i] == '"' {
			return i + 1
		}
		i++ // what is escaped ends nothing
		if i >= len(b) {
			return -1
		}
	}
}

// valueEnd is behind the value that b begins with, -1 if b ends before it.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringEnd(b[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
			if depth < 0 {
				return i // of the object that the value is in
			}
		case ',':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return -1
}

// unescape is the text of a JSON string, given what is between its quotes.
func unescape(s []byte) ([]byte, error) {
	if bytes.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	text := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
			c = s[i]
		} else if c == '\\' { // the rare ones
			var whole string
			err := json.Unmarshal([]byte(`"`+string(s)+`"`), &whole)
			return []byte(whole), err
		}
		text = append(text, c)
	}
	return text, nil
}
