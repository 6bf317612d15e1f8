// Command schemas writes what gentemplate's diff and policy know of resource types, from the provider schemas that the pinned cfn-lint ships (MIT-0).
// Run it in the repository's root after a change of .ci/requirements.txt:
//
//	go run ./test/quality/schemas
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// files returns the written files, from the root, and what writes them.
func files() map[string]func(root string) (string, error) {
	return map[string]func(string) (string, error){
		"cmd/gentemplate/internal/schema/types.txt":     types,
		"cmd/gentemplate/internal/policy/handlers.json": handlers,
	}
}

const region = "us-east-1"

var errNoSchemas = errors.New("no schemas of cfn-lint: run make tools")

func main() {
	for file, generate := range files() {
		text, err := generate(".")
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "schemas:", err)
			os.Exit(1)
		}
	}
}

// schema is the part of a provider schema that is read.
type schema struct {
	CreateOnly  []string `json:"createOnlyProperties"`
	Conditional []string `json:"conditionalCreateOnlyProperties"`
	ReadOnly    []string `json:"readOnlyProperties"`
	Identifier  []string `json:"primaryIdentifier"`
	Strategy    string   `json:"replacementStrategy"`
	Properties  map[string]node
	Definitions map[string]node
	Handlers    map[string]struct{ Permissions []string }
}

// node is a part of a JSON schema.
type node struct {
	Ref            string `json:"$ref"`
	Type           any
	Items          *node
	Properties     map[string]node
	InsertionOrder *bool
}

// read returns the schemas of a region by type.
func read(root string) (map[string]schema, error) {
	found, err := filepath.Glob(filepath.Join(root, ".venv/lib/python*/site-packages/cfnlint/data/schemas"))
	if err != nil || len(found) != 1 {
		return nil, errNoSchemas
	}
	var files map[string]string
	if err := decode(filepath.Join(found[0], "providers", region+".json"), &files); err != nil {
		return nil, err
	}
	schemas := map[string]schema{}
	for typ, file := range files {
		var s schema
		if err := decode(filepath.Join(found[0], "resources", file+".json"), &s); err != nil {
			return nil, err
		}
		schemas[typ] = s
	}
	return schemas, nil
}

func decode(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// types returns a line for each type.
func types(root string) (string, error) {
	schemas, err := read(root)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Written by go run ./test/quality/schemas from the schemas of cfn-lint (MIT-0).\n" +
		"# create: a change replaces the resource. maybe: under conditions. key: identifies it, and can be set.\n" +
		"# order: it is deleted before it is created again. set: lists without an order.\n")
	for _, typ := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[typ]
		key := s.Identifier
		if slices.ContainsFunc(key, func(p string) bool { return slices.Contains(s.ReadOnly, p) }) {
			key = nil
		}
		line := typ + list("create", s.CreateOnly) + list("maybe", s.Conditional) + list("key", key)
		if s.Strategy == "delete_then_create" {
			line += " order=" + s.Strategy
		}
		b.WriteString(line + list("set", s.sets()) + "\n")
	}
	return b.String(), nil
}

func list(name string, paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	var short []string
	for _, p := range paths {
		short = append(short, strings.TrimPrefix(p, "/properties/"))
	}
	slices.Sort(short)
	return " " + name + "=" + strings.Join(short, ",")
}

// sets returns the paths of the lists without an order.
func (s schema) sets() (paths []string) {
	var walk func(n node, path string, depth int)
	walk = func(n node, path string, depth int) {
		if depth == 6 { // some types refer to themselves
			return
		}
		if n.Ref != "" {
			n = s.Definitions[strings.TrimPrefix(n.Ref, "#/definitions/")]
		}
		if n.Items != nil {
			// The diff compares tags by key for every type.
			if n.InsertionOrder != nil && !*n.InsertionOrder && !strings.HasSuffix(path, "Tags") {
				paths = append(paths, path)
			}
			walk(*n.Items, path+"/*", depth+1)
		}
		for name, property := range n.Properties {
			walk(property, path+"/"+name, depth+1)
		}
	}
	for name, property := range s.Properties {
		walk(property, name, 0)
	}
	return paths
}

// handlers returns the permissions of the handlers of the types in out/stack.json.
func handlers(root string) (string, error) {
	schemas, err := read(root)
	if err != nil {
		return "", err
	}
	var stack struct {
		Resources map[string]struct{ Type string }
	}
	if err := decode(filepath.Join(root, "out", "stack.json"), &stack); err != nil {
		return "", err
	}
	used := map[string]map[string][]string{}
	for _, r := range stack.Resources {
		for handler, h := range schemas[r.Type].Handlers {
			if used[r.Type] == nil {
				used[r.Type] = map[string][]string{}
			}
			if handler != "list" { // CloudFormation lists only for imports
				slices.Sort(h.Permissions)
				used[r.Type][handler] = slices.Compact(h.Permissions)
			}
		}
	}
	text, err := json.MarshalIndent(used, "", " ")
	return string(text) + "\n", err
}
