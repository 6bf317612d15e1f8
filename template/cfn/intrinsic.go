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

// AccountID returns a token for the stack's account, twelve digits.
func AccountID() string { return Ref("AWS::AccountId") }

// Region returns a token for the stack's region, such as us-east-1.
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
// an attribute, and ${!Text} the literal ${Text}. A format without variables is an
// error when the template is printed, because it usually contains a misspelt one.
func Sub(format string) string { return token(map[string]any{"Fn::Sub": format}) }

// SubVars returns a token for Fn::Sub with its own variables, which take precedence
// over logical ids.
func SubVars(format string, vars map[string]any) string { return call("Fn::Sub", format, vars) }

// Join returns a token for Fn::Join of parts, which can be tokens.
func Join(separator string, parts ...any) string { return call("Fn::Join", separator, parts) }

// Select returns a token for the item at index, starting at 0, of list: a slice or
// a token for a list.
func Select(index int, list any) string { return call("Fn::Select", index, list) }

// Split returns a token for the list of parts of value.
func Split(separator, value string) string { return call("Fn::Split", separator, value) }

// If returns a token for then if c holds, and for otherwise if not. c must come
// from Template.Condition, because Fn::If takes the name of a condition.
func If(c Cond, then, otherwise any) string { return call("Fn::If", c.Name(), then, otherwise) }

func call(function string, args ...any) string { return token(map[string]any{function: args}) }

// Cond is a condition: an expression of Equals, Not, And, Or or Contains, or a
// reference to a named condition, from Template.Condition.
type Cond struct {
	name string
	expr map[string]any
}

// Name returns the name under which Template.Condition declared c, for a
// resource's Condition. For an expression, which has no name, it returns a token
// that makes Template.JSON fail.
func (c Cond) Name() string {
	if c.name == "" {
		return problem("a condition is used by name, but it has none: declare it with Template.Condition and use what that returns")
	}
	return c.name
}

// MarshalJSON returns the expression; for a named condition that is
// {"Condition": name}.
func (c Cond) MarshalJSON() ([]byte, error) { return json.Marshal(c.expr) }

// Equals returns a condition that holds if a and b, strings or tokens, are equal.
func Equals(a, b any) Cond { return Cond{expr: map[string]any{"Fn::Equals": []any{a, b}}} }

// Not returns a condition that holds if c does not.
func Not(c Cond) Cond { return Cond{expr: map[string]any{"Fn::Not": []Cond{c}}} }

// And returns a condition that holds if all of 2 to 10 conditions hold.
func And(conditions ...Cond) Cond { return Cond{expr: map[string]any{"Fn::And": conditions}} }

// Or returns a condition that holds if one of 2 to 10 conditions holds.
func Or(conditions ...Cond) Cond { return Cond{expr: map[string]any{"Fn::Or": conditions}} }

// Contains returns a condition that holds if list contains value. CloudFormation
// evaluates it only in Rules.
func Contains(list []string, value any) Cond {
	return Cond{expr: map[string]any{"Fn::Contains": []any{list, value}}}
}
