package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, text string) *Template {
	t.Helper()
	template, err := Parse([]byte(text))
	require.NoError(t, err)
	return template
}

const queue = "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\n"

func TestParseRefuses(t *testing.T) {
	for why, text := range map[string]string{
		"a list": "[]", "no resources": "Parameters: {}", "a section that is no object": queue + "Outputs: []",
		"a resource without a type": "Resources: {Q: {}}", "a parameter that is no object": queue + "Parameters: {P: 1}",
	} {
		_, err := Parse([]byte(text))
		assert.ErrorIs(t, err, ErrTemplate, why)
	}
	_, err := Parse([]byte("{"))
	require.Error(t, err)
}

func TestResolve(t *testing.T) {
	for _, row := range []struct {
		why, value string
		want       any
	}{
		{"a reference", "!Ref Q", "${Q}"},
		{"attributes in both forms", "[!GetAtt Q.Arn, !GetAtt [Q, Arn]]", []any{"${Q.Arn}", "${Q.Arn}"}},
		{"an attribute with a computed name", "!GetAtt [Q, !Split [a, b]]", Object{"Fn::GetAtt": []any{"Q", Object{"Fn::Split": []any{"a", "b"}}}}},
		{"text with its own braces, as IAM's variables", "'${aws:username}'", "${!aws:username}"},
		{"a substitution", "!Sub '${Q.Arn}/x'", "${Q.Arn}/x"},
		{"a substitution with variables", "!Sub ['${V}/${Q}', {V: !Ref P}]", "${P}/${Q}"},
		{"a broken substitution is kept", "!Sub [a]", Object{"Fn::Sub": []any{"a"}}},
		{"a join", "!Join ['-', [a, !Ref Q]]", "a-${Q}"},
		{"a join of a list", "!Join ['-', [[a]]]", Object{"Fn::Join": []any{"-", []any{[]any{"a"}}}}},
		{"a selection", "!Select [1, [a, b]]", "b"},
		{"a selection past the end", "!Select [2, [a, b]]", Object{"Fn::Select": []any{"2", []any{"a", "b"}}}},
		{"a mapping", "!FindInMap [M, !Ref P, x]", "found"},
		{"a mapping without the key", "!FindInMap [M, none, x]", Object{"Fn::FindInMap": []any{"M", "none", "x"}}},
		{"both branches", "[!If [Yes, a, b], !If [No, a, b]]", []any{"a", "b"}},
		{"no value in an object and a list", "{a: !If [No, x, !Ref 'AWS::NoValue'], b: [!Ref 'AWS::NoValue']}", Object{"b": []any{}}},
		{"and, or, not", "[!If [Both, a, b], !If [Any, a, b], !If [Neither, a, b]]", []any{"b", "a", "b"}},
		{"a circle of conditions is false", "!If [Circle, a, b]", "b"},
		{"a condition that is no function is false", "!If [Odd, a, b]", "b"},
		{"a new parameter's value is certain", "!Ref C", "c"},
	} {
		t.Run(row.why, func(t *testing.T) {
			template := parse(t, `
Parameters: {P: {Type: String, Default: p}, C: {Type: String, Default: c}}
Mappings: {M: {p: {x: found}}}
Conditions:
  "Yes": !Equals [!Ref P, p]
  "No": !Not [!Condition "Yes"]
  Both: !And [!Condition "Yes", !Condition "No"]
  Any: !Or [!Condition "Yes", !Condition "No"]
  Neither: !Not [!Condition Any]
  Circle: !Condition Circle
  Odd: !Equals [a]
Resources: {Q: {Type: T, Properties: {V: `+row.value+`}}}`)
			resources, _ := template.Resolve(Scenario{Values: map[string]string{"P": "p", "C": "c"}, Certain: []string{"C"}})
			assert.Equal(t, row.want, resources["Q"].Properties["V"])
		})
	}
}

func TestParseKeepsOtherSections(t *testing.T) {
	assert.Equal(t, Object{"Description": "d"}, parse(t, queue+"Description: d").Rest)
}

func TestResolveParts(t *testing.T) {
	template := parse(t, `
Conditions: {Never: !Equals [a, b]}
Resources:
  A: {Type: T, DeletionPolicy: Retain, UpdateReplacePolicy: Delete, DependsOn: B}
  B: {Type: T, Condition: Never}
Outputs:
  O: {Value: !Ref A, Description: d}
  P: {Value: x, Condition: Never}`)
	resources, outputs := template.Resolve(Scenario{})
	assert.Equal(t, map[string]*Resource{"A": {
		ID: "A", Type: "T", DeletionPolicy: "Retain", ReplacePolicy: "Delete", Attributes: Object{"DependsOn": "B"},
	}}, resources)
	assert.Equal(t, Object{"O": Object{"Value": "${A}"}}, outputs)
}

func TestScenarios(t *testing.T) {
	old := parse(t, queue+`
Parameters: {P: {Type: String, Default: "0"}, Q: {Type: String, AllowedValues: ["true", "false"], Default: "true"}, R: {Type: String}}
Conditions:
  Limited: !Not [!Equals [!Ref P, "0"]]
  Managed: !Equals [!Ref Q, "true"]
  Named: !And [!Condition Managed, !Equals [!Ref R, x]]
  Fixed: !Equals [a, b]`)
	new := parse(t, queue+`
Parameters: {P: {Type: String, Default: "7"}, N: {Type: String, Default: n}}
Conditions: {Limited: !Not [!Equals [!Ref P, "0"]], Wanted: !Equals [!Ref N, "y"]}`)
	kept := map[string]string{"P": "0", "Q": "true", "N": "n"}
	with := func(name, value string) map[string]string {
		values := map[string]string{name: value}
		for other, value := range kept {
			if other != name {
				values[other] = value
			}
		}
		return values
	}
	assert.Equal(t, []Scenario{
		{"", kept, []string{"N"}},
		{"when Limited", with("P", "another P"), []string{"N"}},
		{"unless Managed", with("Q", "false"), []string{"N"}},
		{"when Named", with("R", "x"), []string{"N"}},
		{"when Wanted", with("N", "y"), nil},
	}, Scenarios(old, new, map[string]bool{"Limited": true, "Managed": true, "Named": true, "Fixed": true, "Wanted": true}))
}

func TestMentions(t *testing.T) {
	template := parse(t, `
Conditions: {A: !Not [!Condition B], B: !Equals [a, b], C: !Equals [a, b]}
Resources: {Q: {Type: T, Properties: {V: [!If [A, x, y]]}}}`)
	conditions := map[string]bool{}
	template.Mentions(template.Resources["Q"], conditions)
	assert.Equal(t, map[string]bool{"A": true, "B": true}, conditions)
}

func TestShow(t *testing.T) {
	assert.Equal(t, `{"a":"<b>"}`, Show(Object{"a": "<b>"}))
	assert.Equal(t, []string{"A", "B"}, References("${A.Arn}-${!C}-${B}-${"))
}
