// Package schema says how CloudFormation updates the properties of a resource type.
// types.txt is generated from CloudFormation's provider schemas; exceptions.go has
// the facts that no schema has.
package schema

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed types.txt
var generated string

// Type describes the updates of one resource type. Paths have slashes; * is any item.
type Type struct {
	CreateOnly  []string // a change replaces the resource
	Conditional []string // a change replaces the resource under conditions
	Fixed       []string // a change is refused
	Sets        []string // lists without an order
	Name        string   // property with a unique value in the account and region
	Keys        []string // properties with a unique combination of values
	DeleteFirst bool     // a replacement deletes before it creates
	Stateful    bool     // it holds data that a deletion loses
	Known       bool     // there is a schema
}

// Types are all resource types by name.
type Types map[string]Type

// Load returns the types of CloudFormation.
func Load() Types {
	types := Types{}
	for line := range strings.Lines(generated) {
		fields := strings.Fields(line)
		if fields[0] == "#" {
			continue
		}
		t := Type{Known: true}
		for _, field := range fields[1:] {
			name, list, _ := strings.Cut(field, "=")
			paths := strings.Split(list, ",")
			switch name {
			case "create":
				t.CreateOnly = paths
			case "maybe":
				t.Conditional = paths
			case "key":
				t.Keys = paths
			case "order":
				t.DeleteFirst = true
			case "set":
				t.Sets = paths
			}
		}
		t.Name = t.name(fields[0])
		types[fields[0]] = t
	}
	types.except()
	return types
}

// name returns the property that names a resource. It identifies the resource alone,
// or is called after the type (CloudFormation User Guide, Name type).
func (t Type) name(typ string) string {
	if len(t.Keys) == 1 {
		return t.Keys[0]
	}
	if len(t.Keys) == 0 {
		last := typ[strings.LastIndex(typ, ":")+1:]
		for _, name := range []string{last + "Name", "Name"} {
			if slices.Contains(t.CreateOnly, name) {
				return name
			}
		}
	}
	return ""
}

// Match reports whether a changed path is a listed one, or is inside one.
func Match(list []string, path string) bool {
	parts := strings.Split(path, "/")
	return slices.ContainsFunc(list, func(listed string) bool {
		wanted := strings.Split(listed, "/")
		if len(wanted) > len(parts) {
			return false
		}
		for i, part := range wanted {
			if part != "*" && part != parts[i] {
				return false
			}
		}
		return true
	})
}
