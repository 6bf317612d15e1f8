// Package cfn builds CloudFormation templates of goformation's resources, with
// a check of everything that CloudFormation would otherwise find at deployment,
// or never.
//
// Resources are the structs of goformation's service packages, such as
// goformation/v7/cloudformation/sqs. This package stands in for goformation's
// root package, which links every AWS service, resolves intrinsics instead of
// keeping them, knows no Rules, and lets a misspelt reference pass.
//
// Intrinsics are tokens: strings that fit into any string field and that
// Template.JSON replaces. They are no text. A token that was glued to other
// text, cut or upper-cased is an error; Sub and Join put texts together:
//
//	QueueName: new("queue-" + cfn.Ref("EnvironmentSuffix"))   // an error
//	QueueName: new(cfn.Sub("queue-${EnvironmentSuffix}"))
//
// Intrinsics in fields of other types, and properties that goformation does not
// know, go through With. Intrinsics written out as maps, in a policy document
// say, are kept as they are and checked like the others.
//
// Template.JSON reports all problems at once, each with the path of the
// property, and prints the same bytes for the same template. Whether a
// resource's properties exist and have good values is left to cfn-lint, as is
// an unconditional reference to a conditional resource.
package cfn

import (
	"encoding/json"
	"errors"
	"strings"
)

// The sections of a template, in the order in which they are printed, which is
// that of the user guide's "Template sections".
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

// Template collects the parts of a stack. Nothing is looked at before JSON, so
// parts may be added in any order and may refer to later ones.
type Template struct {
	description string
	entries     []entry
}

// entry is one part as it was handed in.
type entry struct {
	section, id string
	value       any
}

// New returns an empty template. CloudFormation takes a description of at most
// 1024 bytes.
func New(description string) *Template { return &Template{description: description} }

// Parameter is a value given at deployment.
type Parameter struct {
	Type                  string
	Description           string   `json:",omitempty"`
	Default               any      `json:",omitempty"` // nil: the parameter must be given
	AllowedPattern        string   `json:",omitempty"`
	AllowedValues         []string `json:",omitempty"`
	ConstraintDescription string   `json:",omitempty"`
	MinLength             *int     `json:",omitempty"`
	MaxLength             *int     `json:",omitempty"`
	MinValue              *int     `json:",omitempty"`
	MaxValue              *int     `json:",omitempty"`
	NoEcho                bool     `json:",omitempty"`
}

// Rule is checked by CloudFormation before it creates or changes anything. Its
// conditions may look at parameters only.
type Rule struct {
	Condition  Cond `json:"RuleCondition,omitzero"` // the zero Cond: always
	Assertions []Assertion
}

// Assertion fails the deployment with Description where Assert does not hold.
type Assertion struct {
	Assert      Cond
	Description string `json:"AssertDescription,omitempty"`
}

// Output is a value that the stack shows.
type Output struct {
	Description string
	Value       any
	Condition   Cond   // the zero Cond: always; else one that Template.Condition returned
	Export      string // name for Fn::ImportValue, unique in account and region; may be a token
}

// MarshalJSON returns the output as CloudFormation spells it.
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

// Condition declares a condition and returns the reference to it.
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

// Output declares an output.
func (t *Template) Output(id string, o Output) { t.add(outputs, id, o) }

// Metadata sets a key of the template's own metadata, such as
// AWS::CloudFormation::Interface.
func (t *Template) Metadata(key string, value any) { t.add(metadata, key, value) }

func (t *Template) add(section, id string, value any) {
	t.entries = append(t.entries, entry{section, id, value})
}

// JSON checks the template and prints it. The error joins everything that is
// wrong; each part is one of this package's Err values and begins with the path
// of what it is about, such as Resources.Queue.Properties.QueueName.
func (t *Template) JSON() ([]byte, error) {
	doc, problems := t.assemble()
	problems = append(problems, check(doc)...)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return layout(doc), nil
}

// assemble returns the template by sections, and what is wrong with its parts
// one by one.
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

// namespace is where e's id must be unique: a Ref may mean a parameter or a
// resource.
func (e entry) namespace() string {
	if e.section == parameters {
		return resources
	}
	return e.section
}

// build returns what stands for e in the template, empty where e is broken: it
// is there for what refers to it.
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

// What can be wrong with a template. Template.JSON joins errors that wrap these;
// tell them apart with errors.Is.
var (
	// ErrID: a logical id that is not 1 to 255 letters and digits.
	ErrID = errors.New("invalid logical id")
	// ErrDuplicate: an id declared twice; parameters and resources share one
	// set of ids, since a Ref may mean either.
	ErrDuplicate = errors.New("declared twice")
	// ErrReference: a Ref, Fn::GetAtt, Fn::Sub variable, condition or DependsOn
	// that points at nothing, or at something of the wrong kind.
	ErrReference = errors.New("bad reference")
	// ErrCycle: resources or conditions that depend on each other.
	ErrCycle = errors.New("dependency cycle")
	// ErrToken: an intrinsic that was glued to text, cut, changed or used as a
	// key.
	ErrToken = errors.New("broken intrinsic")
	// ErrFunction: a function that CloudFormation does not evaluate in this
	// place, or with arguments that it does not take.
	ErrFunction = errors.New("misused function")
	// ErrMissing: a required value that was left empty, or a null, which
	// CloudFormation refuses everywhere.
	ErrMissing = errors.New("missing value")
	// ErrPath: a path in With.Set that leads nowhere.
	ErrPath = errors.New("bad path")
	// ErrValue: a value that has no JSON, such as a function or a condition
	// without a name where a name is needed.
	ErrValue = errors.New("unusable value")
	// ErrResource: a Resource that cannot be printed, or not whole.
	ErrResource = errors.New("not a resource")
)
