package cfn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What one line may hold, and the step of indentation. One space keeps a large
// stack under the 51,200 bytes that CloudFormation takes without a bucket.
const (
	width  = 100
	indent = " "
)

// layout prints a template: every section and every part of one on lines of its
// own, so that adding a part changes no other line; below that, whatever fits
// on one line stays on one.
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

// write prints members one below the other, between brackets at depth.
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

// member is an item of a list, or a value of an object with its `"key": `.
type member struct {
	name  string
	value any
}

// open returns what stands between v's brackets; a scalar is all bracket.
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

// keys returns the keys of m in their order, but Type first: it says what the
// others mean.
func keys(m map[string]any) []string {
	sorted := slices.Sorted(maps.Keys(m))
	if i := slices.Index(sorted, "Type"); i > 0 {
		sorted = slices.Insert(slices.Delete(sorted, i, i+1), 0, "Type")
	}
	return sorted
}

// quote escapes what RFC 8259, section 7, requires and nothing else:
// encoding/json would also escape <, > and &.
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
