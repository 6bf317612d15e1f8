package cfn

import "encoding/json"

// Cond is a condition: an expression made by Equals, Not, And, Or or Contains,
// or the reference to a named one that Template.Condition returns.
type Cond struct {
	name string
	expr map[string]any
}

// Name returns the name under which Template.Condition declared c, for a
// resource's Condition. An expression has none; what is returned for it makes
// Template.JSON fail where it is used.
func (c Cond) Name() string {
	if c.name == "" {
		return problem("a condition is used by name, but it has none: declare it with Template.Condition and use what that returns")
	}
	return c.name
}

// MarshalJSON returns the expression; for a named condition that is
// {"Condition": name}.
func (c Cond) MarshalJSON() ([]byte, error) { return json.Marshal(c.expr) }

// Equals holds where a and b, strings or tokens, are the same.
func Equals(a, b any) Cond { return Cond{expr: map[string]any{"Fn::Equals": []any{a, b}}} }

// Not holds where c does not.
func Not(c Cond) Cond { return Cond{expr: map[string]any{"Fn::Not": []Cond{c}}} }

// And holds where all of conditions do, 2 to 10 of them.
func And(conditions ...Cond) Cond { return Cond{expr: map[string]any{"Fn::And": conditions}} }

// Or holds where any of conditions does, 2 to 10 of them.
func Or(conditions ...Cond) Cond { return Cond{expr: map[string]any{"Fn::Or": conditions}} }

// Contains holds where list has value. CloudFormation evaluates it in Rules
// only.
func Contains(list []string, value any) Cond {
	return Cond{expr: map[string]any{"Fn::Contains": []any{list, value}}}
}
