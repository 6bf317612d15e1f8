package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Scenario is a choice of parameter values under which two templates are compared.
type Scenario struct {
	When    string // "" for a stack that keeps the defaults
	Values  map[string]string
	Certain []string // new parameters: until the update no stack has another value
}

// Scenarios returns the scenarios of stacks that exist: one that has the old
// defaults, then for each of the conditions one in which it is the other way round.
// Stacks keep the values of their parameters, so a new default counts only for a new
// parameter.
func Scenarios(old, new *Template, conditions map[string]bool) []Scenario {
	kept := map[string]string{}
	for _, t := range []*Template{new, old} { // the old default wins
		for name := range t.Parameters {
			if value, ok := t.Default(name); ok {
				kept[name] = value
			}
		}
	}
	usually := Scenario{Values: kept}
	for name := range kept {
		if _, existed := old.Parameters[name]; !existed {
			usually.Certain = append(usually.Certain, name)
		}
	}
	scenarios := []Scenario{usually}
	for _, condition := range slices.Sorted(maps.Keys(conditions)) {
		for _, t := range []*Template{new, old} { // a definition that changes can have two other sides
			if s, found := t.otherwise(condition, usually); found {
				scenarios = append(scenarios, s)
				break
			}
		}
	}
	return scenarios
}

// otherwise returns a scenario in which a condition of the template is the other way
// round.
func (t *Template) otherwise(condition string, usually Scenario) (Scenario, bool) {
	usual := newResolver(t, usually).holds(condition)
	when := "when " + condition
	if usual {
		when = "unless " + condition
	}
	for _, c := range t.candidates(Object{"Condition": condition}, map[string]bool{}) {
		s := Scenario{When: when, Values: maps.Clone(usually.Values)}
		for _, name := range usually.Certain {
			if name != c[0] {
				s.Certain = append(s.Certain, name)
			}
		}
		s.Values[c[0]] = c[1]
		if newResolver(t, s).holds(condition) != usual {
			return s, true
		}
	}
	return Scenario{}, false
}

// candidates returns values of parameters that can change a condition: for each
// comparison of a parameter the compared value and a different one.
func (t *Template) candidates(definition any, seen map[string]bool) (values [][2]string) {
	object, _ := definition.(Object)
	for name, argument := range object {
		if condition := Text(argument); name == "Condition" && !seen[condition] {
			seen[condition] = true
			values = append(values, t.candidates(t.Conditions[condition], seen)...)
		}
		list, _ := argument.([]any)
		if name != "Fn::Equals" || len(list) != 2 {
			for _, member := range list {
				values = append(values, t.candidates(member, seen)...)
			}
			continue
		}
		for i, side := range list {
			reference, _ := side.(Object)
			if parameter := Text(reference["Ref"]); parameter != "" {
				compared := Show(list[1-i])
				values = append(values, [2]string{parameter, compared}, [2]string{parameter, t.other(parameter, compared)})
			}
		}
	}
	return values
}

// other returns a value of a parameter that is not a given one.
func (t *Template) other(parameter, value string) string {
	p, _ := t.Parameters[parameter].(Object)
	allowed, _ := p["AllowedValues"].([]any)
	for _, a := range allowed {
		if Text(a) != value {
			return Text(a)
		}
	}
	return fmt.Sprintf("another %s", strings.TrimSpace(parameter))
}
