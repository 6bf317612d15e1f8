package diff

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/permission"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
)

// difference is a property that differs. Before or After is nil where it is absent.
type difference struct {
	Path          string
	Before, After any
	Cause         string // logical id of the replaced resource that it refers to
}

// compare returns the differences of two resolved values at a path. sets are the paths
// of lists without an order. Policy documents differ if they grant something else.
func compare(path string, before, after any, sets []string) []difference {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	switch b := before.(type) {
	case model.Object:
		a, ok := after.(model.Object)
		if !ok {
			break
		}
		if b["Statement"] != nil && a["Statement"] != nil {
			if samePolicy(b, a) {
				return nil
			}
			break
		}
		var all []difference
		for _, key := range union(b, a) {
			all = append(all, compare(join(path, key), b[key], a[key], sets)...)
		}
		return all
	case []any:
		if a, ok := after.([]any); ok {
			return compareLists(path, b, a, sets)
		}
	case string:
		if a, ok := after.(string); ok && sameJSON(b, a) {
			return nil
		}
	}
	return []difference{{Path: path, Before: before, After: after}}
}

func union(a, b map[string]any) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

func join(path, key string) string { return strings.TrimPrefix(path+"/"+key, "/") }

// samePolicy reports whether two policy documents grant the same.
func samePolicy(a, b model.Object) bool {
	grants := func(o model.Object) []permission.Grant {
		return permission.Of(&model.Resource{Properties: model.Object{"Policy": o}})
	}
	gained, lost := permission.Compare(grants(a), grants(b))
	return len(gained)+len(lost) == 0
}

// sameJSON reports whether two texts are the same JSON object, such as two bodies of a
// dashboard.
func sameJSON(a, b string) bool {
	var before, after any
	return strings.HasPrefix(a, "{") && json.Unmarshal([]byte(a), &before) == nil &&
		json.Unmarshal([]byte(b), &after) == nil && reflect.DeepEqual(before, after)
}

func compareLists(path string, before, after []any, sets []string) (all []difference) {
	b, a := keyed(path, before, sets), keyed(path, after, sets)
	for _, key := range union(b, a) {
		all = append(all, compare(join(path, key), b[key], a[key], sets)...)
	}
	return all
}

// keyed returns a list's items by a key: their identity in a list without an order,
// otherwise their index. It uses the index too if two items have one identity.
func keyed(path string, list []any, sets []string) map[string]any {
	items := map[string]any{}
	if unordered(path, sets) {
		for _, item := range list {
			items[identity(item)] = item
		}
	}
	if len(items) < len(list) {
		clear(items)
		for i, item := range list {
			items[strconv.Itoa(i)] = item
		}
	}
	return items
}

// unordered reports whether the list at a path has no order: sets names it, or it is one
// of those below, which AWS treats as sets although their schemas do not say so.
func unordered(path string, sets []string) bool {
	if strings.Contains(path, "EventPattern/") {
		return true // EventBridge User Guide: the values of a field are alternatives
	}
	if slices.ContainsFunc(sets, func(set string) bool {
		return strings.Count(set, "/") == strings.Count(path, "/") && schema.Match([]string{set}, path)
	}) {
		return true
	}
	switch path[strings.LastIndex(path, "/")+1:] {
	case "Tags", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "NonKeyAttributes",
		"AlarmActions", "OKActions", "InsufficientDataActions", "Rules", "FunctionResponseTypes", "SecurityGroupIds",
		"SubnetIds", "BinaryMediaTypes", "Policies", "ManagedPolicyArns", "Metrics", "Targets", "Dimensions":
		return true
	}
	return false
}

// identity returns the key of an item in a list without an order: its name, or its text
// if it has none. A key has no slash, because slashes separate the parts of a path.
func identity(item any) string {
	return strings.ReplaceAll(cmp.Or(itemName(item), model.Show(item)), "/", "|")
}

// itemName returns the properties that tell an item from its siblings, or "" if it has
// none of them.
func itemName(item any) string {
	object, _ := item.(model.Object)
	for _, names := range [][]string{
		{"Key"}, {"IndexName"}, {"AttributeName"}, {"PolicyName"}, {"Id"}, {"Name"}, {"ResourcePath", "HttpMethod"}, {"MetricName"},
	} {
		var key []string
		for _, name := range names {
			if value, ok := object[name].(string); ok {
				key = append(key, value)
			}
		}
		if len(key) == len(names) {
			return strings.Join(key, " ")
		}
	}
	return ""
}

// find returns the properties that a path matches, by their exact path. A * in path
// matches each member or item.
func find(r *model.Resource, path string, sets []string) map[string]any {
	found := map[string]any{"": r.Properties}
	for _, part := range strings.Split(path, "/") {
		next := map[string]any{}
		for at, value := range found {
			switch v := value.(type) {
			case model.Object:
				for key, member := range v {
					if part == "*" || part == key {
						next[join(at, key)] = member
					}
				}
			case []any:
				for key, member := range keyed(at, v, sets) {
					if part == "*" || part == key {
						next[join(at, key)] = member
					}
				}
			}
		}
		found = next
	}
	return found
}

// leaves calls f with the path of every text in a value. All texts of a policy have the
// path of the policy.
func leaves(path string, value any, f func(path, text string)) {
	switch v := value.(type) {
	case model.Object:
		if v["Statement"] != nil {
			inner, policy := f, path
			f = func(_, text string) { inner(policy, text) }
		}
		for key, member := range v {
			leaves(join(path, key), member, f)
		}
	case []any:
		for i, member := range v {
			leaves(join(path, strconv.Itoa(i)), member, f)
		}
	case string:
		f(path, v)
	}
}
