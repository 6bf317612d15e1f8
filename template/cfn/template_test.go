package cfn_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/template/cfn"
)

// full returns a template with every section and attribute, added in an order that
// differs from the printed one.
func full() *cfn.Template {
	t := cfn.New("All of <it>")
	c := t.Condition("Named", cfn.Not(cfn.Equals(cfn.Ref("Suffix"), "")))
	t.Condition("Both", cfn.Or(c, cfn.Equals(cfn.Ref("Suffix"), cfn.Region())))
	t.Output("Url", cfn.Output{Description: "Where it is.", Value: cfn.Ref("Queue"), Condition: c, Export: cfn.Sub("${AWS::StackName}-url")})
	t.Add("Queue", &sqs.Queue{
		QueueName:                            new(cfn.Sub("queue-${Suffix}")),
		RedrivePolicy:                        map[string]any{"deadLetterTargetArn": cfn.ID("Dead").Att("Arn"), "maxReceiveCount": 3},
		AWSCloudFormationCondition:           c.Name(),
		AWSCloudFormationDependsOn:           []string{"Dead"},
		AWSCloudFormationDeletionPolicy:      "Delete",
		AWSCloudFormationUpdateReplacePolicy: "Delete",
		AWSCloudFormationMetadata:            map[string]any{"Why": `"quotes", \ and ` + "\t"},
	})
	t.Add("Dead", &sqs.Queue{})
	t.Rule("Long", cfn.Rule{
		Condition:  cfn.Contains([]string{"a", "b"}, cfn.Ref("Suffix")),
		Assertions: []cfn.Assertion{{Assert: cfn.Equals(cfn.Ref("Suffix"), "b"), Description: "It must be b."}},
	})
	t.Parameter("Suffix", cfn.Parameter{
		Type: "String", Default: "", AllowedValues: []string{"", "a"}, MinLength: new(0), MaxLength: new(1), NoEcho: true,
	})
	t.Parameter("Days", cfn.Parameter{Type: "Number", Default: 0, MinValue: new(0), MaxValue: new(9)})
	t.Metadata("Z", []any{})
	t.Metadata("AWS::CloudFormation::Interface", map[string]any{})
	return t
}

const fullPrinted = `{
 "AWSTemplateFormatVersion": "2010-09-09",
 "Description": "All of <it>",
 "Metadata": {
  "AWS::CloudFormation::Interface": {},
  "Z": []
 },
 "Parameters": {
  "Days": {"Type": "Number", "Default": 0, "MaxValue": 9, "MinValue": 0},
  "Suffix": {
   "Type": "String",
   "AllowedValues": ["", "a"],
   "Default": "",
   "MaxLength": 1,
   "MinLength": 0,
   "NoEcho": true
  }
 },
 "Rules": {
  "Long": {
   "Assertions": [
    {"Assert": {"Fn::Equals": [{"Ref": "Suffix"}, "b"]}, "AssertDescription": "It must be b."}
   ],
   "RuleCondition": {"Fn::Contains": [["a", "b"], {"Ref": "Suffix"}]}
  }
 },
 "Conditions": {
  "Both": {
   "Fn::Or": [{"Condition": "Named"}, {"Fn::Equals": [{"Ref": "Suffix"}, {"Ref": "AWS::Region"}]}]
  },
  "Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Suffix"}, ""]}]}
 },
 "Resources": {
  "Dead": {"Type": "AWS::SQS::Queue", "Properties": {}},
  "Queue": {
   "Type": "AWS::SQS::Queue",
   "Condition": "Named",
   "DeletionPolicy": "Delete",
   "DependsOn": ["Dead"],
   "Metadata": {"Why": "\"quotes\", \\ and \u0009"},
   "Properties": {
    "QueueName": {"Fn::Sub": "queue-${Suffix}"},
    "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3}
   },
   "UpdateReplacePolicy": "Delete"
  }
 },
 "Outputs": {
  "Url": {
   "Condition": "Named",
   "Description": "Where it is.",
   "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-url"}},
   "Value": {"Ref": "Queue"}
  }
 }
}
`

func TestJSON(t *testing.T) {
	assert.Equal(t, fullPrinted, printed(t, full()))
}

// The order of Go's maps is random; the printed order must not be.
func TestJSONIsTheSameEveryTime(t *testing.T) {
	template := full()
	first := printed(t, template)
	for range 20 {
		require.Equal(t, first, printed(t, template), "one template, printed again")
		require.Equal(t, first, printed(t, full()), "another of the same parts")
	}
}

// TestFirst: nothing is created before the first resource and what it refers to.
func TestFirst(t *testing.T) {
	template := cfn.New("")
	sometimes := template.Condition("C", cfn.Equals(cfn.Region(), "r"))
	role := template.Add("Role", queue("role"))
	first := template.Add("First", queue(cfn.Sub("${Role}")))
	template.Add("Role2", queue(cfn.Sub("${Role}")))
	template.Add("User", queue(cfn.Sub("${First}")))
	template.Add("Late", queue(cfn.Sub("${Role2}")))
	template.Add("Some", &sqs.Queue{AWSCloudFormationCondition: sometimes.Name(), AWSCloudFormationDependsOn: []string{"Role"}})
	template.Add("After", &sqs.Queue{AWSCloudFormationDependsOn: []string{"Some"}})
	template.Add("One", one{})
	template.First(first)

	var d struct {
		Resources map[string]struct{ DependsOn []string }
	}
	require.NoError(t, json.Unmarshal([]byte(printed(t, template)), &d))
	for id, want := range map[string][]string{
		string(role): nil, string(first): nil, "User": nil, "Late": nil,
		"Role2": {"First"}, "Some": {"Role", "First"}, "After": {"Some", "First"}, "One": {"Role", "First"},
	} {
		assert.Equal(t, want, d.Resources[id].DependsOn, id)
	}
	template.First("None")
	refuses(t, template, cfn.ErrReference, "First", `"None"`)
}

// one is a resource whose DependsOn is no list.
type one struct{}

func (one) AWSCloudFormationType() string { return "Custom::One" }

func (o one) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"Type": o.AWSCloudFormationType(), "DependsOn": "Role"})
}

func TestEmptyTemplate(t *testing.T) {
	assert.Equal(t, "{\n \"AWSTemplateFormatVersion\": \"2010-09-09\"\n}\n", printed(t, cfn.New("")))
}

func TestLogicalIDs(t *testing.T) {
	for _, id := range []string{"A", "0", "WebhookQueue2", strings.Repeat("a", 255)} {
		template := cfn.New("")
		template.Add(id, queue("q"))
		printed(t, template)
	}
	add := map[string]func(*cfn.Template, string){
		"Parameters": func(t *cfn.Template, id string) { t.Parameter(id, cfn.Parameter{Type: "String"}) },
		"Conditions": func(t *cfn.Template, id string) { t.Condition(id, cfn.Equals("a", "b")) },
		"Resources":  func(t *cfn.Template, id string) { t.Add(id, queue("q")) },
		"Rules":      func(t *cfn.Template, id string) { t.Rule(id, cfn.Rule{Assertions: []cfn.Assertion{}}) },
		"Outputs":    func(t *cfn.Template, id string) { t.Output(id, cfn.Output{Value: "a"}) },
	}
	for _, id := range []string{"", "a-b", "a_b", "a.b", "a b", "é", "{", "[", "@", "/", ":", "`", strings.Repeat("a", 256)} {
		for section, add := range add {
			template := cfn.New("")
			add(template, id)
			refuses(t, template, cfn.ErrID, section+"."+id, "letters and digits")
		}
	}
}

func TestDuplicates(t *testing.T) {
	tests := []struct {
		why  string
		add  func(*cfn.Template)
		path string
	}{
		{"a resource", func(t *cfn.Template) { t.Add("R", queue("again")) }, "Resources.R"},
		{"a parameter", func(t *cfn.Template) { t.Parameter("P", cfn.Parameter{Type: "String"}) }, "Parameters.P"},
		{"a condition", func(t *cfn.Template) { t.Condition("C", cfn.Equals("a", "b")) }, "Conditions.C"},
		{"a parameter with a resource's id: a Ref could mean either", func(t *cfn.Template) {
			t.Parameter("R", cfn.Parameter{Type: "String"})
		}, "Parameters.R"},
		{"a key of the metadata", func(t *cfn.Template) { t.Metadata("M", 1); t.Metadata("M", 2) }, "Metadata.M"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := of(queue("q"))
			tt.add(template)
			refuses(t, template, cfn.ErrDuplicate, tt.path, "choose another")
		})
	}
	t.Run("other sections can have the same id", func(t *testing.T) {
		template := of(queue("q"))
		template.Condition("R", cfn.Equals("a", "b"))
		template.Output("R", cfn.Output{Value: "a"})
		template.Rule("R", cfn.Rule{Assertions: []cfn.Assertion{}})
		printed(t, template)
	})
}

func TestAllProblemsAtOnce(t *testing.T) {
	template := cfn.New("")
	template.Add("A-1", queue(cfn.Ref("Nothing")))
	template.Add("B", &sqs.Queue{
		QueueName:                  new("q-" + cfn.Region()),
		AWSCloudFormationDependsOn: []string{"B", "C"},
	})
	template.Output("Url", cfn.Output{Value: cfn.ID("B").Att("QueueUrl"), Condition: named("Never")})

	_, err := template.JSON()

	assert.Equal(t, []string{
		`Resources.A-1: invalid logical id: it must be 1 to 255 letters and digits`,
		`Resources.A-1.Properties.QueueName.Ref: bad reference: there is no parameter and no resource "Nothing"`,
		`Resources.B.DependsOn.1: bad reference: there is no resource "C"`,
		`Resources.B.Properties.QueueName: broken intrinsic: an intrinsic was concatenated with text, cut or changed; ` +
			"use Sub or Join: `q-{\"Ref\": \"AWS::Region\"}`",
		`Outputs.Url.Condition: bad reference: there is no condition "Never"`,
		`Resources.B: dependency cycle: B -> B, by Resources.B.DependsOn.0`,
	}, strings.Split(err.Error(), "\n"))
	for _, class := range []error{cfn.ErrID, cfn.ErrReference, cfn.ErrToken, cfn.ErrCycle} {
		assert.ErrorIs(t, err, class)
	}
}

type object = map[string]any

// queue returns a queue with that name, the simplest resource.
func queue(name string) *sqs.Queue { return &sqs.Queue{QueueName: &name} }

// of returns a template with the resource R, the parameter P and the condition C.
func of(r cfn.Resource) *cfn.Template {
	t := cfn.New("")
	t.Parameter("P", cfn.Parameter{Type: "String"})
	t.Condition("C", cfn.Equals(cfn.Ref("P"), "a"))
	t.Add("R", r)
	return t
}

// property returns a template with a queue R that has v as its RedrivePolicy, a
// property of any type.
func property(v any) *cfn.Template { return of(&sqs.Queue{RedrivePolicy: v}) }

// named returns a reference to a condition with that name.
func named(id string) cfn.Cond { return cfn.New("").Condition(id, cfn.Cond{}) }

// printed returns the printed template, which must have no problems.
func printed(t *testing.T, template *cfn.Template) string {
	t.Helper()
	out, err := template.JSON()
	require.NoError(t, err)
	return string(out)
}

// problems returns the errors that Template.JSON joined.
func problems(err error) []error {
	joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if !ok {
		return nil
	}
	return joined.Unwrap()
}

// refuses asserts that the template has exactly one problem, of that class, with a
// message that begins with path and contains about.
func refuses(t *testing.T, template *cfn.Template, class error, path, about string) {
	t.Helper()
	out, err := template.JSON()
	assert.Nil(t, out)
	require.ErrorIs(t, err, class)
	require.Len(t, problems(err), 1, "%v", err)
	assert.True(t, strings.HasPrefix(err.Error(), path+": "+class.Error()+": "), "%v", err)
	assert.Contains(t, err.Error(), about)
}
