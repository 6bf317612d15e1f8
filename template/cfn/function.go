package cfn

import (
	"cmp"
	"slices"
	"strings"
)

// function checks an intrinsic and its arguments.
func (c *checker) function(at spot, name string, arg any) {
	args, _ := arg.([]any)
	switch {
	case !slices.Contains(at.place.functions, name):
		c.fail(at, ErrFunction, "%s cannot be used in %s; allowed: %s", name, at.place.name,
			cmp.Or(strings.Join(at.place.functions, ", "), "none"))
	case name == "Ref":
		c.reference(at, arg)
	case name == "Condition":
		c.condition(at, arg)
	case name == "Fn::Sub":
		c.sub(at, arg)
	case name == "Fn::GetAtt":
		if len(args) != 2 {
			c.fail(at, ErrFunction, "it takes a list of a resource and an attribute, not %s", line(arg))
			return
		}
		c.resource(at, args[0])
		c.value(at, args[1])
	case name == "Fn::If":
		if len(args) != 3 {
			c.fail(at, ErrFunction, "it takes a list of a condition and two values, not %s", line(arg))
			return
		}
		c.condition(at, args[0])
		c.value(at.in("1"), args[1])
		c.value(at.in("2"), args[2])
	case name == "Fn::And" || name == "Fn::Or":
		if len(args) < 2 || len(args) > 10 {
			c.fail(at, ErrFunction, "it takes 2 to 10 conditions, not %d", len(args))
		}
		c.value(at, arg)
	case name == "Fn::Equals" || name == "Fn::Contains":
		c.value(at.as(at.place.operands), arg)
	default:
		c.value(at, arg)
	}
}

// reference checks the target of a Ref.
func (c *checker) reference(at spot, id any) {
	name, ok := c.text(at, id)
	if !ok || c.has(parameters, name) || isPseudoParameter(name) {
		return
	}
	if !c.has(resources, name) {
		c.fail(at, ErrReference, "there is no parameter and no resource %q", name)
		return
	}
	c.resource(at, name)
}

// resource checks the target of a Fn::GetAtt or DependsOn.
func (c *checker) resource(at spot, id any) {
	name, ok := c.text(at, id)
	switch {
	case !ok:
	case c.has(parameters, name):
		c.fail(at, ErrReference, "%q is a parameter; only resources have attributes and can be depended on", name)
	case !c.has(resources, name):
		c.fail(at, ErrReference, "there is no resource %q", name)
	case !at.place.resources:
		c.fail(at, ErrReference, "%s cannot refer to a resource, such as %q", at.place.name, name)
	default:
		c.graph.add(at.owner, resources+"."+name, at.path)
	}
}

// condition checks a condition's name.
func (c *checker) condition(at spot, id any) {
	name, ok := c.text(at, id)
	switch {
	case !ok:
	case !c.has(conditions, name):
		c.fail(at, ErrReference, "there is no condition %q", name)
	default:
		c.graph.add(at.owner, conditions+"."+name, at.path)
	}
}

// sub checks the argument of Fn::Sub: a format, or a list of a format and its own
// variables.
func (c *checker) sub(at spot, arg any) {
	var vars map[string]any
	if args, ok := arg.([]any); ok && len(args) == 2 {
		arg = args[0]
		if vars, ok = args[1].(map[string]any); !ok {
			c.fail(at, ErrFunction, "its variables must be an object, not %s", line(args[1]))
		}
	}
	format, ok := c.text(at, arg)
	if !ok {
		return
	}
	names := variables(format)
	if len(names) == 0 {
		c.fail(at, ErrFunction, "%q has no variable such as ${Id}; use a plain string", format)
	}
	for _, name := range names {
		id, _, hasAttribute := strings.Cut(name, ".")
		if _, ok := vars[name]; ok {
			continue
		}
		if hasAttribute {
			c.resource(at, id)
		} else {
			c.reference(at, name)
		}
	}
	for _, name := range keys(vars) {
		if !slices.Contains(names, name) {
			c.fail(at, ErrReference, "%q has no variable ${%s}", format, name)
		}
		c.value(at.in(name), vars[name])
	}
}

// variables returns the names of ${Name} in a format, without the literals
// ${!Text}. After an unclosed brace, the rest of the format is a name.
func variables(format string) (names []string) {
	for {
		_, rest, ok := strings.Cut(format, "${")
		if !ok {
			return names
		}
		var name string
		name, format, _ = strings.Cut(rest, "}")
		if !strings.HasPrefix(name, "!") {
			names = append(names, name)
		}
	}
}

// place describes what CloudFormation evaluates in one part of a template.
type place struct {
	name      string
	functions []string
	// operands is the place of the arguments of Fn::Equals and Fn::Contains.
	operands *place
	// resources reports whether references to resources are allowed.
	// CloudFormation evaluates rules, conditions and exports before it creates
	// resources.
	resources bool
}

// The places list the functions of the CloudFormation Template Reference,
// "Intrinsic functions", "Condition functions" and "Rule functions"; Fn::Sub,
// Fn::Join, Fn::Select and Fn::Split in a condition are also in cfn-lint's schema
// of Fn::Equals. Fn::FindInMap needs a Mappings section, and Fn::Length,
// Fn::ToJsonString, Fn::ForEach and Fn::Transform need a transform. Template has
// neither, so CloudFormation would refuse them.

func literal() *place { return &place{name: "a place for literals"} }

func property() *place {
	return &place{
		name: "a property",
		functions: []string{
			"Ref", "Fn::Base64", "Fn::Cidr", "Fn::GetAtt", "Fn::GetAZs", "Fn::If", "Fn::ImportValue",
			"Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub",
		},
		resources: true,
	}
}

func export() *place {
	return &place{name: "the name of an export", functions: property().functions}
}

func condition() *place {
	return &place{
		name:      "a condition",
		functions: []string{"Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"},
		operands: &place{
			name:      "an operand of a condition",
			functions: []string{"Ref", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub"},
		},
	}
}

func rule() *place {
	return &place{
		name:      "a rule",
		functions: []string{"Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or"},
		operands:  &place{name: "an operand of a rule", functions: []string{"Ref"}},
	}
}

// isPseudoParameter reports whether name is a pseudo parameter of CloudFormation.
func isPseudoParameter(name string) bool {
	switch name {
	case "AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition",
		"AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix":
		return true
	}
	return false
}
