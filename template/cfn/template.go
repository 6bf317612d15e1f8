// Package cfn builds CloudFormation templates from goformation's resources, and
// checks them for mistakes that CloudFormation reports only at deployment or never.
//
// Resources are the structs of goformation's service packages, such as
// goformation/v7/cloudformation/sqs. This package replaces goformation's root
// package, which links every AWS service, resolves intrinsics instead of keeping
// them, has no Rules, and accepts a misspelt reference.
//
// Intrinsics are tokens: strings that fit into any string field and that
// Template.JSON replaces. A token is not text. A token that was concatenated with
// text, cut or changed to upper case is an error; use Sub or Join:
//
//	QueueName: new("queue-" + cfn.Ref("EnvironmentSuffix"))   // an error
//	QueueName: new(cfn.Sub("queue-${EnvironmentSuffix}"))
//
// With sets intrinsics in fields of other types, and properties that goformation
// does not have. Intrinsics written as maps, for example in a policy document, are
// kept and checked like the others.
//
// Template.JSON reports all problems at once, each with the path of the property,
// and prints the same bytes for the same template. It does not check whether
// properties exist and have valid values, or whether an unconditional resource
// refers to a conditional one; cfn-lint does. docs/template-kit.md explains the
// tokens with an example.
package cfn

import (
	"encoding/json"
	"errors"
	"strings"
)

// The sections of a template in printed order, that of the CloudFormation User
// Guide, "Template sections".
const (
	version     = "AWSTemplateFormatVersion"
	description = "Description"
	metadata    = "Metadata"
	parameters  = "Parameters"
	rules       = "Rules"
	conditions  = "Conditions"
	resources   = "Resources"
	outputs     = "Outputs"
)

// Template collects the parts of a stack. JSON checks them, so parts can be added
// in any order and can refer to later ones.
type Template struct {
	description string
	entries     []entry
	first       ID
}

// entry is a part as it was added.
type entry struct {
	section, id string
	value       any
}

// New returns an empty template. CloudFormation accepts descriptions of up to 1024
// bytes.
func New(description string) *Template { return &Template{description: description} }

// Parameter is a setting of each deployment.
type Parameter struct {
	Type                  string
	Description           string   `json:",omitempty"`
	Default               any      `json:",omitempty"` // nil: the parameter is required
	AllowedPattern        string   `json:",omitempty"`
	AllowedValues         []string `json:",omitempty"`
	ConstraintDescription string   `json:",omitempty"`
	MinLength             *int     `json:",omitempty"`
	MaxLength             *int     `json:",omitempty"`
	MinValue              *int     `json:",omitempty"`
	MaxValue              *int     `json:",omitempty"`
	NoEcho                bool     `json:",omitempty"`
}

// Rule is a check that CloudFormation makes before it creates or changes a
// resource. Its conditions can refer to parameters only.
type Rule struct {
	Condition  Cond `json:"RuleCondition,omitzero"` // the zero Cond: always
	Assertions []Assertion
}

// Assertion makes the deployment fail with Description unless Assert holds.
type Assertion struct {
	Assert      Cond
	Description string `json:"AssertDescription,omitempty"`
}

// Output is a value that the stack returns.
type Output struct {
	Description string
	Value       any
	Condition   Cond   // from Template.Condition; the zero Cond: always
	Export      string // name for Fn::ImportValue, unique in account and region; can be a token
}

// MarshalJSON returns the output in CloudFormation's notation.
func (o Output) MarshalJSON() ([]byte, error) {
	out := map[string]any{"Value": o.Value}
	if o.Description != "" {
		out["Description"] = o.Description
	}
	if o.Condition.expr != nil {
		out["Condition"] = o.Condition.Name()
	}
	if o.Export != "" {
		out["Export"] = map[string]string{"Name": o.Export}
	}
	return json.Marshal(out)
}

// Parameter declares a parameter.
func (t *Template) Parameter(id string, p Parameter) ID {
	t.add(parameters, id, p)
	return ID(id)
}

// Rule declares a rule.
func (t *Template) Rule(id string, r Rule) { t.add(rules, id, r) }

// Condition declares a condition and returns a reference to it.
func (t *Template) Condition(id string, c Cond) Cond {
	t.add(conditions, id, c)
	return Cond{name: id, expr: map[string]any{"Condition": id}}
}

// Add declares a resource: a pointer to a struct of one of goformation's
// service packages, a With or a Custom.
func (t *Template) Add(id string, r Resource) ID {
	t.add(resources, id, r)
	return ID(id)
}

// First makes CloudFormation create a resource, and what it refers to, before all
// others: if it fails, nothing else was created. The others get a DependsOn where
// they do not come later anyway.
func (t *Template) First(id ID) { t.first = id }

// Output declares an output.
func (t *Template) Output(id string, o Output) { t.add(outputs, id, o) }

// Metadata sets a key of the template's metadata, such as
// AWS::CloudFormation::Interface.
func (t *Template) Metadata(key string, value any) { t.add(metadata, key, value) }

func (t *Template) add(section, id string, value any) {
	t.entries = append(t.entries, entry{section: section, id: id, value: value})
}

// JSON checks and prints the template. The error joins all problems. Each wraps
// one of this package's Err values and begins with a path, such as
// Resources.Queue.Properties.QueueName.
func (t *Template) JSON() ([]byte, error) {
	doc, problems := t.assemble()
	wrong, dependencies := check(doc)
	problems = append(problems, wrong...)
	if t.first != "" && object(doc[resources])[string(t.first)] == nil {
		problems = append(problems, fail("First", ErrReference, "there is no resource %q", string(t.first)))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if t.first != "" {
		precede(object(doc[resources]), dependencies, string(t.first))
	}
	return layout(doc), nil
}

// assemble returns the sections of the template, and the problems of single parts.
func (t *Template) assemble() (doc map[string]any, problems []error) {
	doc = map[string]any{version: "2010-09-09"}
	if t.description != "" {
		doc[description] = expand(t.description)
	}
	taken := map[string]bool{}
	for _, e := range t.entries {
		path := e.section + "." + e.id
		if e.section != metadata && !validID(e.id) {
			problems = append(problems, fail(path, ErrID, "it must be 1 to 255 letters and digits"))
		}
		if taken[e.namespace()+e.id] {
			problems = append(problems, fail(path, ErrDuplicate, "choose another id"))
		}
		taken[e.namespace()+e.id] = true

		v, wrong := e.build(path)
		problems = append(problems, wrong...)
		if doc[e.section] == nil {
			doc[e.section] = map[string]any{}
		}
		object(doc[e.section])[e.id] = v
	}
	return doc, problems
}

// namespace returns the section in which e's id must be unique. A Ref can mean a
// parameter or a resource, so they share one.
func (e entry) namespace() string {
	if e.section == parameters {
		return resources
	}
	return e.section
}

// build returns e's value in the template. A broken entry has an empty value, so
// that references to it are still valid.
func (e entry) build(path string) (any, []error) {
	if e.section == resources {
		r, _ := e.value.(Resource)
		return build(path, r)
	}
	v, err := tree(e.value)
	if err != nil {
		return map[string]any{}, []error{fail(path, ErrValue, "%v", err)}
	}
	return v, nil
}

func validID(id string) bool {
	notAlphanumeric := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return 0 < len(id) && len(id) <= 255 && !strings.ContainsFunc(id, notAlphanumeric)
}

// Problems of a template. Template.JSON joins errors that wrap them.
var (
	// ErrID reports a logical id that is not 1 to 255 letters and digits.
	ErrID = errors.New("invalid logical id")
	// ErrDuplicate reports an id that was declared twice. Parameters and resources
	// share their ids, because a Ref can mean either.
	ErrDuplicate = errors.New("declared twice")
	// ErrReference reports a Ref, Fn::GetAtt, Fn::Sub variable, condition or
	// DependsOn to something that does not exist or is of the wrong kind.
	ErrReference = errors.New("bad reference")
	// ErrCycle reports resources or conditions that depend on each other.
	ErrCycle = errors.New("dependency cycle")
	// ErrToken reports an intrinsic that was concatenated with text, cut, changed
	// or used as a key.
	ErrToken = errors.New("broken intrinsic")
	// ErrFunction reports a function that CloudFormation does not evaluate in this
	// place, or that has wrong arguments.
	ErrFunction = errors.New("misused function")
	// ErrMissing reports a required value that is empty, or a null, which
	// CloudFormation refuses everywhere.
	ErrMissing = errors.New("missing value")
	// ErrPath reports a path in With.Set that does not exist in the resource.
	ErrPath = errors.New("bad path")
	// ErrValue reports a value without JSON, such as a Go function, or a condition
	// without a name where a name is required.
	ErrValue = errors.New("unusable value")
	// ErrResource reports a Resource that cannot be printed completely.
	ErrResource = errors.New("not a resource")
)
