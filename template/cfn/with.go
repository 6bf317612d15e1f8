package cfn

import (
	"fmt"
	"maps"
	"strconv"
)

// With is a resource together with properties that goformation cannot type: an
// intrinsic in a number, bool, struct or list field, or a property newer than
// goformation. It is used as a value, not a pointer.
type With struct {
	Resource
	// Set holds values by their path below Properties, such as
	// "ScalingConfig.MaximumConcurrency" or "Tags.0.Value". What is missing on
	// the way is made, but an index must exist. A value that goformation
	// printed is replaced. A key with a dot in it cannot be named: set the
	// object that holds it.
	Set map[string]any
}

// unwrap returns the resource inside r, and what the Withs around it set, the
// outer before the inner.
func unwrap(r Resource) (base Resource, set map[string]any) {
	with, ok := r.(With)
	if !ok {
		return r, map[string]any{}
	}
	base, set = unwrap(with.Resource)
	maps.Copy(set, with.Set)
	return base, set
}

// put returns node with v at the end of keys, or unchanged with an error where
// something on the way cannot hold the next key.
func put(node any, keys []string, v any) (any, error) {
	if len(keys) == 0 {
		return v, nil
	}
	key, rest := keys[0], keys[1:]
	index, notIndex := strconv.Atoi(key)
	switch node := node.(type) {
	case nil:
		if notIndex != nil {
			return put(map[string]any{}, keys, v)
		}
	case map[string]any:
		if _, _, isFunction := function(node); !isFunction && key != "" {
			child, err := put(node[key], rest, v)
			if err == nil {
				node[key] = child
			}
			return node, err
		}
	case []any:
		if notIndex == nil && 0 <= index && index < len(node) {
			child, err := put(node[index], rest, v)
			node[index] = child
			return node, err
		}
	}
	return node, fmt.Errorf("%s cannot hold %q", line(node), key)
}
