package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// parameters adds what the parameters' changes mean for stacks that exist and for new
// ones. aws cloudformation deploy keeps the values of a stack that exists.
func (r *Report) parameters(old, new *model.Template, c *comparison) {
	for _, d := range compare("", model.Object{"Rules": old.Rules, "Transform": old.Rest["Transform"]}, model.Object{"Rules": new.Rules, "Transform": new.Rest["Transform"]}, nil) {
		r.Parameters = append(r.Parameters, d.Path+": "+change(model.Show(d.Before), model.Show(d.After)))
	}
	for _, id := range union(old.Parameters, new.Parameters) {
		before, existed := old.Parameters[id].(model.Object)
		after, exists := new.Parameters[id].(model.Object)
		oldDefault, had := old.Default(id)
		newDefault, has := new.Default(id)
		switch {
		case !existed && has:
			r.Parameters = append(r.Parameters, fmt.Sprintf("%s is new: every stack gets %q", id, newDefault))
		case !existed:
			r.refuse(id, "Parameter", Reason{Rule: "Parameters: [" + id + "] must have values. Every deployment must pass it, or it needs a default."})
		case !exists:
			r.Parameters = append(r.Parameters, id+" is removed: calls that still pass it fail, except aws cloudformation deploy, which ignores it")
		case had && !has:
			r.NewStacksOnly = append(r.NewStacksOnly, fmt.Sprintf("%s loses its default %q: a new stack must pass it", id, oldDefault))
		case !had && has:
			r.NewStacksOnly = append(r.NewStacksOnly, fmt.Sprintf("%s gets the default %q", id, newDefault))
		case oldDefault != newDefault:
			used := ""
			if users := c.users(id); len(users) > 0 {
				used = ", used by " + strings.Join(users, ", ")
			}
			r.NewStacksOnly = append(r.NewStacksOnly, fmt.Sprintf("%s: the default %q becomes %q%s; stacks that exist keep their value",
				id, oldDefault, newDefault, used))
		}
		if existed && exists {
			r.constraints(id, before, after, c.scenario.Values)
		}
	}
}

// constraints adds values that a parameter no longer accepts.
func (r *Report) constraints(id string, before, after model.Object, kept map[string]string) {
	allowed, limited := after["AllowedValues"].([]any)
	value, known := kept[id]
	if limited && known && !slices.Contains(allowed, any(value)) {
		r.refuse(id, "Parameter", Reason{Path: "AllowedValues", Before: model.Show(before["AllowedValues"]), After: model.Show(after["AllowedValues"]),
			Rule: fmt.Sprintf("Stacks keep %q, which is no longer allowed.", value)})
		return
	}
	for _, d := range compare("", before, after, []string{"AllowedValues"}) {
		if d.Path != "Default" && d.Path != "Description" && d.Path != "ConstraintDescription" {
			r.Parameters = append(r.Parameters, id+"/"+d.Path+": "+change(model.Show(d.Before), model.Show(d.After)))
		}
	}
}
