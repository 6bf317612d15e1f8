package cfn

import (
	"reflect"
	"slices"

	"github.com/awslabs/goformation/v7/cloudformation/tags"
)

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
