package cfn

import (
	"encoding/json"
)

// ID is the logical id of a parameter or resource.
type ID string

// Ref returns a token for {"Ref": id}.
func (id ID) Ref() string { return Ref(string(id)) }

// Att returns a token for {"Fn::GetAtt": [id, name]}.
func (id ID) Att(name string) string { return call("Fn::GetAtt", string(id), name) }

// Ref returns a token for a reference to a parameter, a resource or a pseudo
// parameter.
func Ref(id string) string { return token(map[string]any{"Ref": id}) }

// AccountID returns a token for the account the stack is in, twelve digits.
func AccountID() string { return Ref("AWS::AccountId") }

// Region returns a token for the region the stack is in, such as us-east-1.
func Region() string { return Ref("AWS::Region") }

// Partition returns a token for the partition: aws, aws-cn or aws-us-gov.
func Partition() string { return Ref("AWS::Partition") }

// StackName returns a token for the stack's name.
func StackName() string { return Ref("AWS::StackName") }

// StackID returns a token for the stack's ARN.
func StackID() string { return Ref("AWS::StackId") }

// URLSuffix returns a token for the domain of AWS's endpoints, such as
// amazonaws.com.
func URLSuffix() string { return Ref("AWS::URLSuffix") }

// NoValue returns a token that, as a branch of If, removes the property.
func NoValue() string { return Ref("AWS::NoValue") }

// NotificationARNs returns a token for the list of the stack's notification
// topics.
func NotificationARNs() string { return Ref("AWS::NotificationARNs") }

// Sub returns a token for Fn::Sub of format, in which ${Id} is a Ref, ${Id.Att}
// an attribute, and ${!Text} the literal ${Text}. A format without any variable
// is an error when the template is printed: it is a plain string, and mostly a
// misspelt variable.
func Sub(format string) string { return token(map[string]any{"Fn::Sub": format}) }

// SubVars is Sub with variables of its own, which go before logical ids.
func SubVars(format string, vars map[string]any) string { return call("Fn::Sub", format, vars) }

// Join returns a token for Fn::Join of parts, which may be tokens.
func Join(separator string, parts ...any) string { return call("Fn::Join", separator, parts) }

// Select returns a token for the item at index, from 0, of list: a slice or a
// token that yields a list.
func Select(index int, list any) string { return call("Fn::Select", index, list) }

// Split returns a token for the list of value's parts.
func Split(separator, value string) string { return call("Fn::Split", separator, value) }

// If returns a token for then where c holds, else for otherwise. c must be what
// Template.Condition returned: Fn::If takes a condition's name.
func If(c Cond, then, otherwise any) string { return call("Fn::If", c.Name(), then, otherwise) }

func call(function string, args ...any) string { return token(map[string]any{function: args}) }

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
