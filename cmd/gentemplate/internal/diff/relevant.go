package diff

import (
	"reflect"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// relevance collects the conditions that can decide what an update does.
type relevance struct {
	old, new   *model.Template
	conditions map[string]bool
}

// relevant returns the conditions with a changed definition, those around or inside a
// difference, and those of resources that refer to a changed one.
func relevant(old, new *model.Template) map[string]bool {
	r := relevance{old, new, map[string]bool{}}
	for name := range old.Conditions {
		if definition, ok := new.Conditions[name]; ok && !reflect.DeepEqual(old.Conditions[name], definition) {
			r.conditions[name] = true
		}
	}
	var changed []string
	for _, id := range union(old.Resources, new.Resources) {
		before, after := effective(old.Resources[id]), effective(new.Resources[id])
		if !reflect.DeepEqual(before, after) {
			changed = append(changed, `"`+id+`"`, "${"+id+"}", "${"+id+".") // each form of a reference
			r.mention(before["Condition"], after["Condition"])
			r.walk(before, after)
		}
	}
	for _, raw := range new.Resources {
		if condition := raw.(model.Object)["Condition"]; condition != nil {
			text := model.Show(effective(raw))
			for _, reference := range changed {
				if strings.Contains(text, reference) {
					r.mention(condition)
					break
				}
			}
		}
	}
	return r.conditions
}

// effective returns a resource without the attributes that have no effect.
func effective(raw any) model.Object {
	resource, _ := raw.(model.Object)
	kept := model.Object{}
	for name, value := range resource {
		if name != "Metadata" && name != "DependsOn" {
			kept[name] = value
		}
	}
	return kept
}

// mention collects conditions and those that their definitions name.
func (r relevance) mention(conditions ...any) {
	for _, condition := range conditions {
		for _, t := range []*model.Template{r.old, r.new} {
			t.Mentions(model.Object{"Condition": condition}, r.conditions)
		}
	}
}

// walk collects the conditions around and inside a difference.
func (r relevance) walk(before, after any) {
	if reflect.DeepEqual(before, after) {
		return
	}
	switch b := before.(type) {
	case model.Object:
		if a, ok := after.(model.Object); ok {
			for _, side := range []model.Object{b, a} {
				if list, ok := side["Fn::If"].([]any); ok && len(list) > 0 {
					r.mention(list[0])
				}
			}
			for _, key := range union(b, a) {
				r.walk(b[key], a[key])
			}
			return
		}
	case []any:
		if a, ok := after.([]any); ok && len(a) == len(b) {
			for i := range b {
				r.walk(b[i], a[i])
			}
			return
		}
	}
	r.old.Mentions(before, r.conditions)
	r.new.Mentions(after, r.conditions)
}
