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

// Resource is a pointer to a resource of one of goformation's service packages,
// or a With or a Custom.
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

// build returns the resource at path as CloudFormation spells it, and what is
// wrong with it.
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

// embeds reports whether r is a struct around another resource. Such a struct
// is a Resource by the inner one's methods, and by its MarshalJSON prints the
// inner one alone.
func embeds(r Resource) bool {
	v := reflect.Indirect(reflect.ValueOf(r))
	return v.Kind() == reflect.Struct &&
		slices.ContainsFunc(reflect.VisibleFields(v.Type()), func(f reflect.StructField) bool { return f.Anonymous })
}

// empty returns the paths of v's required strings that are empty. goformation
// marks a required field by the lack of omitempty. Required numbers and bools
// cannot be told from those left out; other required ones print null, which
// the check refuses.
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

// Tagged returns r with more tags after its own, less those whose key it has: AWS
// refuses a key that comes twice. A resource that takes none, or not as
// goformation's tags.Tag, and one whose tags a With sets, is returned as it is; r
// itself never changes.
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
