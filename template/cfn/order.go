package cfn

import (
	"slices"
	"strings"
)

// precede adds a DependsOn to the resources that CloudFormation could create before
// first: those that first does not depend on, and that depend on none of their kind.
func precede(all map[string]any, dependencies graph, first string) {
	earlier := map[string]bool{first: true}
	for next := []string{first}; len(next) > 0; next = next[1:] {
		for _, id := range dependencies.resources(next[0]) {
			if !earlier[id] {
				earlier[id] = true
				next = append(next, id)
			}
		}
	}
	for id, resource := range all {
		needed := dependencies.resources(id)
		if earlier[id] || slices.ContainsFunc(needed, func(other string) bool {
			// A conditional resource may not exist, and then orders nothing.
			return other == first || !earlier[other] && object(all[other])["Condition"] == nil
		}) {
			continue
		}
		node := object(resource)
		existing, isList := node["DependsOn"].([]any)
		if one := node["DependsOn"]; one != nil && !isList {
			existing = []any{one}
		}
		node["DependsOn"] = append(existing, first)
	}
}

// resources returns the resources that a resource depends on.
func (g graph) resources(id string) (ids []string) {
	for part := range g[resources+"."+id] {
		if other, ok := strings.CutPrefix(part, resources+"."); ok {
			ids = append(ids, other)
		}
	}
	return ids
}
