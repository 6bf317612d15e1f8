// Package model reads a CloudFormation template and resolves it under known conditions.
// Intrinsic functions that the template alone decides become their value, the others
// readable text such as ${Queue.Arn}.
package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/source"
)

// ErrTemplate reports that a document is not a template.
var ErrTemplate = errors.New("not a CloudFormation template")

// Object is a JSON object.
type Object = map[string]any

// Template is a template as it was written.
type Template struct {
	Parameters, Conditions, Mappings, Resources, Outputs, Rules Object
	Rest                                                        Object // Description, Transform, …
}

// Parse returns the template of a text in JSON or YAML.
func Parse(text []byte) (*Template, error) {
	value, err := source.Parse(text)
	if err != nil {
		return nil, err
	}
	document, ok := value.(Object)
	if !ok {
		return nil, fmt.Errorf("%w: it is no object", ErrTemplate)
	}
	t := &Template{Rest: Object{}}
	sections := map[string]*Object{
		"Parameters": &t.Parameters, "Conditions": &t.Conditions, "Mappings": &t.Mappings,
		"Resources": &t.Resources, "Outputs": &t.Outputs, "Rules": &t.Rules,
	}
	for _, name := range slices.Sorted(maps.Keys(document)) {
		section, known := sections[name]
		if !known {
			t.Rest[name] = document[name]
			continue
		}
		if *section, ok = document[name].(Object); !ok {
			return nil, fmt.Errorf("%w: %s is no object", ErrTemplate, name)
		}
	}
	if len(t.Resources) == 0 {
		return nil, fmt.Errorf("%w: it has no Resources", ErrTemplate)
	}
	for _, section := range []string{"Parameters", "Resources", "Outputs"} {
		for _, id := range slices.Sorted(maps.Keys(*sections[section])) {
			if member, ok := (*sections[section])[id].(Object); !ok || section == "Resources" && Text(member["Type"]) == "" {
				return nil, fmt.Errorf("%w: %s/%s is no object with a Type; expand Fn::ForEach and other macros first", ErrTemplate, section, id)
			}
		}
	}
	return t, nil
}

// Text returns a value if it is text, and otherwise "".
func Text(value any) string {
	text, _ := value.(string)
	return text
}

// Default returns a parameter's default, and whether it has one.
func (t *Template) Default(parameter string) (string, bool) {
	p, _ := t.Parameters[parameter].(Object)
	text, ok := p["Default"].(string)
	return text, ok
}

// Resource is a resource under known conditions.
type Resource struct {
	ID, Type       string
	Properties     Object
	DeletionPolicy string
	ReplacePolicy  string
	Attributes     Object // the other attributes, unresolved: DependsOn, Metadata, …
}

// Resolve returns the resources and outputs that exist in a scenario.
func (t *Template) Resolve(s Scenario) (resources map[string]*Resource, outputs Object) {
	r := newResolver(t, s)
	resources, outputs = map[string]*Resource{}, Object{}
	for id, raw := range t.Resources {
		raw := raw.(Object)
		if condition := Text(raw["Condition"]); condition != "" && !r.holds(condition) {
			continue
		}
		resource := &Resource{ID: id, Type: Text(raw["Type"]), Attributes: Object{}}
		for name, value := range raw {
			switch resolved, _ := r.value(value); name {
			case "Type", "Condition":
			case "Properties":
				resource.Properties, _ = resolved.(Object)
			case "DeletionPolicy":
				resource.DeletionPolicy = Text(resolved)
			case "UpdateReplacePolicy":
				resource.ReplacePolicy = Text(resolved)
			default:
				resource.Attributes[name] = value
			}
		}
		resources[id] = resource
	}
	for id, raw := range t.Outputs {
		raw := raw.(Object)
		if condition := Text(raw["Condition"]); condition == "" || r.holds(condition) {
			resolved, _ := r.value(Object{"Value": raw["Value"], "Export": raw["Export"]})
			outputs[id] = resolved
		}
	}
	return resources, outputs
}

// Mentions adds the conditions that a part of a template names to into, directly or
// through other conditions.
func (t *Template) Mentions(value any, into map[string]bool) {
	switch v := value.(type) {
	case Object:
		for key, member := range v {
			if key == "Condition" {
				t.mention(Text(member), into)
			}
			if list, ok := member.([]any); ok && key == "Fn::If" && len(list) > 0 {
				t.mention(Text(list[0]), into)
			}
			t.Mentions(member, into)
		}
	case []any:
		for _, member := range v {
			t.Mentions(member, into)
		}
	}
}

func (t *Template) mention(condition string, into map[string]bool) {
	if definition, ok := t.Conditions[condition]; ok && !into[condition] {
		into[condition] = true
		t.Mentions(definition, into)
	}
}
