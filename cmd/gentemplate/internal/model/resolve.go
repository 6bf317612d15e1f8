package model

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// resolver resolves intrinsic functions for values of parameters. A parameter
// without a value stays ${Parameter}.
type resolver struct {
	*Template
	values     map[string]string
	certain    map[string]string // values that every stack has
	conditions map[string]bool   // evaluated ones
}

func newResolver(t *Template, s Scenario) *resolver {
	certain := map[string]string{}
	for _, name := range s.Certain {
		certain[name] = s.Values[name]
	}
	return &resolver{Template: t, values: s.Values, certain: certain, conditions: map[string]bool{}}
}

// value returns a value's resolved form, and false for AWS::NoValue. References
// become text: {"Ref": "Queue"} becomes ${Queue}.
func (r *resolver) value(value any) (any, bool) {
	switch v := value.(type) {
	case Object:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return r.call(name, argument)
				}
			}
		}
		object := make(Object, len(v))
		for key, member := range v {
			if resolved, ok := r.value(member); ok {
				object[key] = resolved
			}
		}
		return object, true
	case []any:
		list := make([]any, 0, len(v))
		for _, member := range v {
			if resolved, ok := r.value(member); ok {
				list = append(list, resolved)
			}
		}
		return list, true
	case string:
		return strings.ReplaceAll(v, "${", "${!"), true
	}
	return value, value != nil
}

func (r *resolver) call(name string, argument any) (any, bool) {
	if name == "Ref" {
		return Evaluate("${"+Text(argument)+"}", r.certain), argument != "AWS::NoValue"
	}
	if name == "Fn::Sub" {
		return r.sub(argument), true
	}
	list, _ := argument.([]any)
	if name == "Fn::If" && len(list) == 3 {
		if r.holds(Text(list[0])) {
			return r.value(list[1])
		}
		return r.value(list[2])
	}
	resolved, _ := r.value(argument)
	list, _ = resolved.([]any)
	switch {
	case name == "Fn::GetAtt" && len(list) == 0:
		return "${" + Text(resolved) + "}", true
	case name == "Fn::GetAtt":
		if parts, ok := texts(list); ok {
			return "${" + strings.Join(parts, ".") + "}", true
		}
	case name == "Fn::Join" && len(list) == 2:
		items, _ := list[1].([]any)
		if parts, ok := texts(items); ok && items != nil {
			return strings.Join(parts, Text(list[0])), true
		}
	case name == "Fn::Select" && len(list) == 2:
		items, _ := list[1].([]any)
		if i, err := strconv.Atoi(Text(list[0])); err == nil && i >= 0 && i < len(items) {
			return items[i], true
		}
	case name == "Fn::FindInMap" && len(list) >= 3:
		first, _ := r.Mappings[r.Evaluate(Text(list[0]))].(Object)
		second, _ := first[r.Evaluate(Text(list[1]))].(Object)
		if found, ok := second[r.Evaluate(Text(list[2]))]; ok {
			return found, true
		}
	}
	return Object{name: resolved}, true
}

// sub returns the text of Fn::Sub with its variables in place.
func (r *resolver) sub(argument any) any {
	list, ok := argument.([]any)
	if !ok {
		return Evaluate(Text(argument), r.certain)
	}
	if len(list) != 2 {
		return Object{"Fn::Sub": argument}
	}
	text := Evaluate(Text(list[0]), r.certain)
	variables, _ := list[1].(Object)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value, _ := r.value(variables[name])
		text = strings.ReplaceAll(text, "${"+name+"}", Show(value))
	}
	return text
}

func texts(list []any) ([]string, bool) {
	var all []string
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			return nil, false
		}
		all = append(all, text)
	}
	return all, true
}

// holds reports whether a condition is true.
func (r *resolver) holds(name string) bool {
	if _, ok := r.conditions[name]; !ok {
		r.conditions[name] = false // a circle ends here
		r.conditions[name] = r.condition(r.Conditions[name])
	}
	return r.conditions[name]
}

func (r *resolver) condition(definition any) bool {
	object, _ := definition.(Object)
	for name, argument := range object {
		list, _ := argument.([]any)
		switch name {
		case "Condition":
			return r.holds(Text(argument))
		case "Fn::Not":
			return len(list) == 1 && !r.condition(list[0])
		case "Fn::And":
			return !slices.ContainsFunc(list, func(c any) bool { return !r.condition(c) })
		case "Fn::Or":
			return slices.ContainsFunc(list, r.condition)
		case "Fn::Equals":
			if len(list) == 2 {
				left, _ := r.value(list[0])
				right, _ := r.value(list[1])
				return r.Evaluate(Show(left)) == r.Evaluate(Show(right))
			}
		}
	}
	return false
}

// Evaluate puts the values of parameters into a text.
func (r *resolver) Evaluate(text string) string { return Evaluate(text, r.values) }

// Evaluate puts values of parameters into a text.
func Evaluate(text string, values map[string]string) string {
	for _, name := range References(text) {
		if value, ok := values[name]; ok {
			text = strings.ReplaceAll(text, "${"+name+"}", value)
		}
	}
	return text
}

// Show returns a resolved value as text: JSON unless it is text already.
func Show(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // objects, lists and text only
	return strings.TrimSpace(b.String())
}

// References returns the logical ids and parameters that a text refers to, such as
// Queue for ${Queue.Arn}.
func References(text string) (ids []string) {
	for {
		_, after, found := strings.Cut(text, "${")
		if !found {
			return ids
		}
		reference, rest, found := strings.Cut(after, "}")
		if found && reference != "" && reference[0] != '!' {
			id, _, _ := strings.Cut(reference, ".")
			ids = append(ids, id)
		}
		text = rest
	}
}
