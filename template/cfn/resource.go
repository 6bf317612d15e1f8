package cfn

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/tags"
)

// A Resource is a pointer to a resource of goformation's service packages, a With
// or a Custom.
type Resource interface {
	AWSCloudFormationType() string
}

// Custom is a custom resource.
type Custom struct {
	Type                string         // "Custom::Name" or "AWS::CloudFormation::CustomResource"
	Properties          map[string]any // ServiceToken, ServiceTimeout in seconds, and the resource's own
	DependsOn           []string       `json:",omitempty"`
	Condition           string         `json:",omitempty"`
	DeletionPolicy      string         `json:",omitempty"`
	UpdateReplacePolicy string         `json:",omitempty"`
	Metadata            map[string]any `json:",omitempty"`
}

// AWSCloudFormationType returns c.Type.
func (c Custom) AWSCloudFormationType() string { return c.Type }

// build returns the resource at path in CloudFormation's notation, and its problems.
func build(path string, r Resource) (node map[string]any, problems []error) {
	base, set := unwrap(r)
	if embeds(base) {
		return nil, []error{fail(path, ErrResource,
			"%T embeds a resource, whose MarshalJSON would drop the other fields: use a With, not a pointer to one", base)}
	}
	v, err := tree(base)
	if err != nil {
		return nil, []error{fail(path, ErrValue, "%v", err)}
	}
	node = object(v)
	if kind, _ := node["Type"].(string); kind == "" {
		return nil, []error{fail(path, ErrResource, "%T has no Type", base)}
	}

	path += ".Properties."
	for _, key := range keys(set) {
		v, err := tree(set[key])
		if err != nil {
			problems = append(problems, fail(path+key, ErrValue, "%v", err))
			continue
		}
		if node["Properties"], err = put(node["Properties"], strings.Split(key, "."), v); err != nil {
			problems = append(problems, fail(path+key, ErrPath, "%v", err))
		}
	}
	for _, key := range empty(reflect.ValueOf(base)) {
		covers := func(p string) bool { return strings.HasPrefix(key+".", p+".") }
		if !slices.ContainsFunc(keys(set), covers) {
			problems = append(problems, fail(path+key, ErrMissing,
				"goformation requires it and prints an empty string; if that is meant, say so in With.Set"))
		}
	}
	return node, problems
}

// embeds reports whether r is a struct that embeds another resource. The inner
// resource's MarshalJSON would print the inner resource alone.
func embeds(r Resource) bool {
	v := reflect.Indirect(reflect.ValueOf(r))
	return v.Kind() == reflect.Struct &&
		slices.ContainsFunc(reflect.VisibleFields(v.Type()), func(f reflect.StructField) bool { return f.Anonymous })
}

// empty returns the paths of v's required strings that are empty. In goformation, a
// required field has no omitempty. A required number or bool that is zero may be
// meant; other required fields print null, which the check refuses.
func empty(v reflect.Value) (paths []string) {
	add := func(key string, v reflect.Value) {
		for _, path := range empty(v) {
			paths = append(paths, key+"."+path)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return empty(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			add(strconv.Itoa(i), v.Index(i))
		}
	case reflect.Struct:
		for field, v := range v.Fields() {
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch {
			case name == "" || name == "-":
			case v.Kind() == reflect.String && options == "" && v.Len() == 0:
				paths = append(paths, name)
			default:
				add(name, v)
			}
		}
	}
	return paths
}

// With is a resource with properties that goformation's types cannot hold: an
// intrinsic in a number, bool, struct or list field, or a property newer than
// goformation. It is used as a value, not as a pointer.
type With struct {
	Resource
	// Set maps paths below Properties, such as "ScalingConfig.MaximumConcurrency"
	// or "Tags.0.Value", to values. A value of the resource is replaced. Missing
	// objects are created; a list index must exist. A path cannot name a key with
	// a dot; set the object that contains it.
	Set map[string]any
}

// unwrap returns the resource inside r, and the values that the Withs around it
// set. An outer With takes precedence.
func unwrap(r Resource) (base Resource, set map[string]any) {
	with, ok := r.(With)
	if !ok {
		return r, map[string]any{}
	}
	base, set = unwrap(with.Resource)
	maps.Copy(set, with.Set)
	return base, set
}

// put returns node with v at the path keys. If a value on the path cannot hold the
// next key, it returns node unchanged and an error.
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

// Tagged returns a copy of r with further tags. A key that r already has is skipped,
// because AWS refuses duplicate keys. A resource without goformation's tags.Tag, or
// with tags set by a With, is returned unchanged.
func Tagged(r Resource, more ...tags.Tag) Resource {
	base, set := unwrap(r)
	field := reflect.Value{}
	if v := reflect.Indirect(reflect.ValueOf(base)); v.Kind() == reflect.Struct {
		field = v.FieldByName("Tags")
	}
	_, isSet := set["Tags"]
	if len(more) == 0 || isSet || !field.IsValid() || field.Type() != reflect.TypeFor[[]tags.Tag]() {
		return r
	}
	own := field.Interface().([]tags.Tag)
	more = slices.DeleteFunc(slices.Clone(more), func(t tags.Tag) bool {
		return slices.ContainsFunc(own, func(o tags.Tag) bool { return o.Key == t.Key })
	})
	return With{Resource: r, Set: map[string]any{"Tags": slices.Concat(own, more)}}
}
