package cfn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	width  = 100 // of a line, in bytes
	indent = " "
)

// layout prints a template. Every section and every part of one has lines of its
// own, so that adding a part changes no other line. Below that, a value that fits
// into one line is printed on one line.
func layout(doc map[string]any) []byte {
	var b strings.Builder
	var root []member
	for _, section := range []string{
		version, description, metadata, parameters, rules, conditions, resources, outputs,
	} {
		if v, ok := doc[section]; ok {
			root = append(root, member{quote(section) + ": ", v})
		}
	}
	write(&b, "{", root, "}", 0)
	b.WriteString("\n")
	return []byte(b.String())
}

// write prints members on lines of their own, between brackets at depth.
func write(b *strings.Builder, left string, members []member, right string, depth int) {
	separator := left
	for _, m := range members {
		b.WriteString(separator + "\n" + strings.Repeat(indent, depth+1) + m.name)
		separator = ","

		text := line(m.value)
		left, inner, right := open(m.value)
		column := (depth+1)*len(indent) + len(m.name)
		if len(inner) == 0 || depth > 0 && column+len(text) < width {
			b.WriteString(text)
			continue
		}
		write(b, left, inner, right, depth+1)
	}
	b.WriteString("\n" + strings.Repeat(indent, depth) + right)
}

// line returns v as JSON on one line.
func line(v any) string {
	left, members, right := open(v)
	items := make([]string, len(members))
	for i, m := range members {
		items[i] = m.name + line(m.value)
	}
	return left + strings.Join(items, ", ") + right
}

// member is an item of a list, or a value of an object with the name `"key": `.
type member struct {
	name  string
	value any
}

// open returns v's brackets and its members. A scalar is a left bracket.
func open(v any) (left string, members []member, right string) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range keys(v) {
			members = append(members, member{quote(key) + ": ", v[key]})
		}
		return "{", members, "}"
	case []any:
		for _, item := range v {
			members = append(members, member{"", item})
		}
		return "[", members, "]"
	case string:
		return quote(v), nil, ""
	case nil:
		return "null", nil, ""
	default: // bool, json.Number
		return fmt.Sprint(v), nil, ""
	}
}

// keys returns the sorted keys of m, with Type first because it tells what the
// others mean.
func keys(m map[string]any) []string {
	sorted := slices.Sorted(maps.Keys(m))
	if i := slices.Index(sorted, "Type"); i > 0 {
		sorted = slices.Insert(slices.Delete(sorted, i, i+1), 0, "Type")
	}
	return sorted
}

// quote returns s as a JSON string with only the escapes that RFC 8259, section 7,
// requires. encoding/json would also escape <, > and &.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
