package cfn_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/iam"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/template/cfn"
)

func TestReferences(t *testing.T) {
	tests := []struct {
		why   string
		value any
		want  string
	}{
		{"a parameter", cfn.ID("P").Ref(), `{"Ref": "P"}`},
		{"a resource", cfn.Ref("Other"), `{"Ref": "Other"}`},
		{"an attribute", cfn.ID("Other").Att("Arn"), `{"Fn::GetAtt": ["Other", "Arn"]}`},
		{"an attribute whose name is a parameter", object{"Fn::GetAtt": []any{"Other", object{"Ref": "P"}}},
			`{"Fn::GetAtt": ["Other", {"Ref": "P"}]}`},
		{"every pseudo parameter",
			[]string{
				cfn.AccountID(), cfn.Region(), cfn.Partition(), cfn.StackName(),
				cfn.StackID(), cfn.URLSuffix(), cfn.NoValue(), cfn.NotificationARNs(),
			},
			`[
     {"Ref": "AWS::AccountId"},
     {"Ref": "AWS::Region"},
     {"Ref": "AWS::Partition"},
     {"Ref": "AWS::StackName"},
     {"Ref": "AWS::StackId"},
     {"Ref": "AWS::URLSuffix"},
     {"Ref": "AWS::NoValue"},
     {"Ref": "AWS::NotificationARNs"}
    ]`},
		{"variables of all kinds in a Sub", cfn.Sub("${P}-${Other}-${Other.Arn}-${AWS::Region}"),
			`{"Fn::Sub": "${P}-${Other}-${Other.Arn}-${AWS::Region}"}`},
		{"a literal in a Sub names nothing", cfn.Sub("${!Nothing.At.All}-${P}"), `{"Fn::Sub": "${!Nothing.At.All}-${P}"}`},
		{"a Sub's own variable goes before ids", cfn.SubVars("${Own}-${P}", object{"Own": cfn.Ref("Other")}),
			`{"Fn::Sub": ["${Own}-${P}", {"Own": {"Ref": "Other"}}]}`},
		{"tokens in tokens", cfn.Select(1, cfn.Split("-", cfn.Sub("${P}"))),
			`{"Fn::Select": [1, {"Fn::Split": ["-", {"Fn::Sub": "${P}"}]}]}`},
		{"tokens among text", cfn.Join(":", "a", 1, cfn.Ref("P")), `{"Fn::Join": [":", ["a", 1, {"Ref": "P"}]]}`},
		{"a condition", cfn.If(named("C"), cfn.Ref("P"), "b"), `{"Fn::If": ["C", {"Ref": "P"}, "b"]}`},
		{"a map with a Ref among other keys is no intrinsic", object{"Ref": "x", "Other": "y"}, `{"Other": "y", "Ref": "x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := property(tt.value)
			template.Add("Other", queue("other"))
			assert.Contains(t, printed(t, template), `"RedrivePolicy": `+tt.want)
		})
	}
}

func TestBrokenReferences(t *testing.T) {
	const at = "Resources.R.Properties.RedrivePolicy"
	tests := []struct {
		why   string
		value any
		class error
		path  string
		about string
	}{
		{"a pseudo parameter that is none", cfn.Ref("AWS::Regoin"), cfn.ErrReference, at + ".Ref", `"AWS::Regoin"`},
		{"a name in another case", cfn.Ref("p"), cfn.ErrReference, at + ".Ref", `"p"`},
		{"a condition is no value", cfn.Ref("C"), cfn.ErrReference, at + ".Ref", `"C"`},
		{"an attribute of a parameter", cfn.ID("P").Att("Arn"), cfn.ErrReference, at + ".Fn::GetAtt", `"P" is a parameter`},
		{"deep in a policy document", object{"Statement": []any{object{"Resource": object{"Ref": "Q"}}}}, cfn.ErrReference,
			at + ".Statement.0.Resource.Ref", `"Q"`},
		{"in a function", cfn.Join("", "a", cfn.Ref("Q")), cfn.ErrReference, at + ".Fn::Join.1.1.Ref", `"Q"`},
		{"in the name of an attribute", object{"Fn::GetAtt": []any{"R2", object{"Ref": "Q"}}}, cfn.ErrReference,
			at + ".Fn::GetAtt.Ref", `"Q"`},
		{"a variable", cfn.Sub("a-${Q}"), cfn.ErrReference, at + ".Fn::Sub", `"Q"`},
		{"a variable in spaces, which CloudFormation does not trim", cfn.Sub("a-${ P }"), cfn.ErrReference, at + ".Fn::Sub", `" P "`},
		{"a variable that is never closed", cfn.Sub("a-${P-b"), cfn.ErrReference, at + ".Fn::Sub", `"P-b"`},
		{"a variable's attribute", cfn.Sub("a-${Q.Arn}"), cfn.ErrReference, at + ".Fn::Sub", `no resource "Q"`},
		{"an attribute of a parameter in a Sub", cfn.Sub("a-${P.Arn}"), cfn.ErrReference, at + ".Fn::Sub", `"P" is a parameter`},
		{"an attribute of a pseudo parameter", cfn.Sub("a-${AWS::Region.Name}"), cfn.ErrReference, at + ".Fn::Sub", `"AWS::Region"`},
		{"the value of a Sub's own variable", cfn.SubVars("${Own}", object{"Own": cfn.Ref("Q")}), cfn.ErrReference,
			at + ".Fn::Sub.Own.Ref", `"Q"`},
		{"an own variable that the format lacks", cfn.SubVars("${P}", object{"Own": "a"}), cfn.ErrReference,
			at + ".Fn::Sub", "no variable ${Own}"},
		{"a condition", cfn.If(named("D"), 1, 2), cfn.ErrReference, at + ".Fn::If", `no condition "D"`},
		{"the first branch", cfn.If(named("C"), cfn.Ref("Q"), 2), cfn.ErrReference, at + ".Fn::If.1.Ref", `"Q"`},
		{"the second branch", cfn.If(named("C"), 1, cfn.Ref("Q")), cfn.ErrReference, at + ".Fn::If.2.Ref", `"Q"`},

		{"a Sub without a variable is a plain string, or a misspelt variable", cfn.Sub("a-$(P)"), cfn.ErrFunction,
			at + ".Fn::Sub", `"a-$(P)" has no variable`},
		{"a Sub of an intrinsic", cfn.Sub(cfn.Ref("P")), cfn.ErrFunction, at + ".Fn::Sub", `not {"Ref": "P"}`},
		{"own variables that are none", cfn.SubVars("${P}", nil), cfn.ErrFunction, at + ".Fn::Sub", "not null"},
		{"a Ref of an intrinsic", cfn.Ref(cfn.Ref("P")), cfn.ErrFunction, at + ".Ref", `not {"Ref": "P"}`},
		{"a GetAtt in the spelling of YAML", object{"Fn::GetAtt": "R2.Arn"}, cfn.ErrFunction, at + ".Fn::GetAtt", `not "R2.Arn"`},
		{"an If without an else", object{"Fn::If": []any{"C", 1}}, cfn.ErrFunction, at + ".Fn::If", `not ["C", 1]`},
		{"a function that does not exist", object{"Fn::GetAttr": []any{"R2", "Arn"}}, cfn.ErrFunction, at + ".Fn::GetAttr", "allowed: Ref,"},
		{"a function that needs a transform", object{"Fn::ToJsonString": object{"a": 1}}, cfn.ErrFunction, at + ".Fn::ToJsonString", "allowed: Ref,"},
		{"there are no mappings", object{"Fn::FindInMap": []any{"M", "a", "b"}}, cfn.ErrFunction, at + ".Fn::FindInMap", "allowed: Ref,"},
		{"a function with something beside it", object{"Fn::Sub": "${P}", "x": "y"}, cfn.ErrFunction, at, "Fn::Sub has other keys"},
		{"a condition where a value belongs", named("C"), cfn.ErrFunction, at + ".Condition", "cannot be used in a property"},
		{"a comparison where a value belongs", cfn.Equals("a", "b"), cfn.ErrFunction, at + ".Fn::Equals", "cannot be used in a property"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := property(tt.value)
			template.Add("R2", queue("q"))
			refuses(t, template, tt.class, tt.path, tt.about)
		})
	}
}

// A token that is treated as text is reported wherever it ends up.
func TestBrokenTokens(t *testing.T) {
	token := cfn.ID("Other").Att("Arn")
	asJSON, err := json.Marshal(object{"key": token})
	require.NoError(t, err)
	tests := map[string]string{
		"in JSON in a string, such as a dashboard's body": string(asJSON),
		"quoted for Go":     strconv.Quote(token),
		"escaped for a URL": url.QueryEscape(token),
		"before text":       token + "/*",
		"after text":        "arn:" + token,
		"two in a row":      token + token,
		"its start cut":     token[1:],
		"its end cut":       token[:len(token)-1],
		"a piece of it":     strings.Split(token, "t")[1],
		"in upper case":     strings.ToUpper(token),
		"another id put in": strings.ReplaceAll(token, "O", "A"),
	}
	for why, text := range tests {
		t.Run(why, func(t *testing.T) {
			refuses(t, of(queue(text)), cfn.ErrToken, "Resources.R.Properties.QueueName", "concatenated with text, cut or changed")
		})
	}
	t.Run("as a key", func(t *testing.T) {
		refuses(t, property(object{token: 1}), cfn.ErrToken, "Resources.R.Properties.RedrivePolicy", "cannot be a key")
	})
	t.Run("in the text of another", func(t *testing.T) {
		refuses(t, of(queue(cfn.Join("", "a"+token))), cfn.ErrToken, "Resources.R.Properties.QueueName.Fn::Join.1.0", "concatenated")
	})
	t.Run("in the format of a Sub", func(t *testing.T) {
		refuses(t, of(queue(cfn.Sub("${P}"+token))), cfn.ErrToken, "Resources.R.Properties.QueueName.Fn::Sub", "concatenated")
	})
	t.Run("made of a value without JSON", func(t *testing.T) {
		refuses(t, of(queue(cfn.Join("", func() {}))), cfn.ErrValue, "Resources.R.Properties.QueueName", "func()")
	})
}

// CloudFormation evaluates only some functions in each place.
func TestPlaces(t *testing.T) {
	tests := []struct {
		why   string
		add   func(*cfn.Template)
		class error
		path  string
		about string
	}{
		{"conditions come before resources", func(t *cfn.Template) { t.Condition("D", cfn.Equals(cfn.Ref("R"), "a")) },
			cfn.ErrReference, "Conditions.D.Fn::Equals.0.Ref", `cannot refer to a resource, such as "R"`},
		{"a Sub in a condition too", func(t *cfn.Template) { t.Condition("D", cfn.Equals(cfn.Sub("${R.Arn}"), "a")) },
			cfn.ErrReference, "Conditions.D.Fn::Equals.0.Fn::Sub", `cannot refer to a resource, such as "R"`},
		{"a condition has no GetAtt", func(t *cfn.Template) { t.Condition("D", cfn.Equals(cfn.ID("R").Att("Arn"), "a")) },
			cfn.ErrFunction, "Conditions.D.Fn::Equals.0.Fn::GetAtt", "cannot be used in an operand of a condition"},
		{"a condition compares no conditions", func(t *cfn.Template) { t.Condition("D", cfn.Equals(cfn.Not(named("C")), "a")) },
			cfn.ErrFunction, "Conditions.D.Fn::Equals.0.Fn::Not", "cannot be used in an operand of a condition"},
		{"Contains is for rules", func(t *cfn.Template) { t.Condition("D", cfn.Contains([]string{"a"}, cfn.Ref("P"))) },
			cfn.ErrFunction, "Conditions.D.Fn::Contains", "cannot be used in a condition"},
		{"And takes at least two", func(t *cfn.Template) { t.Condition("D", cfn.And(named("C"))) },
			cfn.ErrFunction, "Conditions.D.Fn::And", "2 to 10 conditions, not 1"},
		{"Or takes at most ten", func(t *cfn.Template) {
			c := named("C")
			t.Condition("D", cfn.Or(c, c, c, c, c, c, c, c, c, c, c))
		}, cfn.ErrFunction, "Conditions.D.Fn::Or", "2 to 10 conditions, not 11"},
		{"a condition in a condition must exist", func(t *cfn.Template) { t.Condition("D", cfn.Not(named("E"))) },
			cfn.ErrReference, "Conditions.D.Fn::Not.0.Condition", `no condition "E"`},
		{"a condition must say something", func(t *cfn.Template) { t.Condition("D", cfn.Cond{}) },
			cfn.ErrMissing, "Conditions.D", "null"},
		{"a rule knows no conditions", func(t *cfn.Template) { t.Rule("D", cfn.Rule{Condition: named("C"), Assertions: []cfn.Assertion{}}) },
			cfn.ErrFunction, "Rules.D.RuleCondition.Condition", "cannot be used in a rule"},
		{"a rule compares references only", func(t *cfn.Template) {
			t.Rule("D", cfn.Rule{Assertions: []cfn.Assertion{{Assert: cfn.Equals(cfn.Sub("${P}"), "a")}}})
		},
			cfn.ErrFunction, "Rules.D.Assertions.0.Assert.Fn::Equals.0.Fn::Sub", "cannot be used in an operand of a rule"},
		{"a rule comes before resources", func(t *cfn.Template) {
			t.Rule("D", cfn.Rule{Assertions: []cfn.Assertion{{Assert: cfn.Contains([]string{"a"}, cfn.Ref("R"))}}})
		},
			cfn.ErrReference, "Rules.D.Assertions.0.Assert.Fn::Contains.1.Ref", `cannot refer to a resource, such as "R"`},
		{"a rule without assertions says nothing", func(t *cfn.Template) { t.Rule("D", cfn.Rule{}) },
			cfn.ErrMissing, "Rules.D.Assertions", "null"},
		{"a parameter is literal", func(t *cfn.Template) { t.Parameter("D", cfn.Parameter{Type: "String", Default: cfn.Region()}) },
			cfn.ErrFunction, "Parameters.D.Default.Ref", "Ref cannot be used in a place for literals; allowed: none"},
		{"the template's metadata is literal", func(t *cfn.Template) { t.Metadata("D", object{"a": cfn.Region()}) },
			cfn.ErrFunction, "Metadata.D.a.Ref", "literals"},
		{"a resource's policy is literal", func(t *cfn.Template) {
			t.Add("D", cfn.Custom{Type: "Custom::X", Properties: object{}, DeletionPolicy: cfn.Ref("P")})
		},
			cfn.ErrFunction, "Resources.D.DeletionPolicy.Ref", "literals"},
		{"a resource's metadata is not", func(t *cfn.Template) {
			t.Add("D", cfn.Custom{Type: "Custom::X", Properties: object{}, Metadata: object{"a": cfn.Ref("Q")}})
		},
			cfn.ErrReference, "Resources.D.Metadata.a.Ref", `"Q"`},
		{"a resource's condition must exist", func(t *cfn.Template) { t.Add("D", &sqs.Queue{AWSCloudFormationCondition: named("E").Name()}) },
			cfn.ErrReference, "Resources.D.Condition", `no condition "E"`},
		{"a resource's condition needs a name", func(t *cfn.Template) { t.Add("D", &sqs.Queue{AWSCloudFormationCondition: cfn.Equals("a", "b").Name()}) },
			cfn.ErrValue, "Resources.D.Condition", "Template.Condition"},
		{"a resource waits for resources", func(t *cfn.Template) { t.Add("D", &sqs.Queue{AWSCloudFormationDependsOn: []string{"R", "P"}}) },
			cfn.ErrReference, "Resources.D.DependsOn.1", `"P" is a parameter`},
		{"a resource waits for an id, not a Ref", func(t *cfn.Template) { t.Add("D", &sqs.Queue{AWSCloudFormationDependsOn: []string{cfn.Ref("R")}}) },
			cfn.ErrFunction, "Resources.D.DependsOn.0", "only a plain string"},
		{"a foreign resource may wait for one, not in a list", func(t *cfn.Template) { t.Add("D", foreign{"Type": "Custom::X", "DependsOn": "Q"}) },
			cfn.ErrReference, "Resources.D.DependsOn.0", `no resource "Q"`},
		{"an output's value must exist", func(t *cfn.Template) { t.Output("D", cfn.Output{Value: cfn.Ref("Q")}) },
			cfn.ErrReference, "Outputs.D.Value.Ref", `"Q"`},
		{"an output has a value", func(t *cfn.Template) { t.Output("D", cfn.Output{}) },
			cfn.ErrMissing, "Outputs.D.Value", "null"},
		{"an output's value has JSON", func(t *cfn.Template) { t.Output("D", cfn.Output{Value: func() {}}) },
			cfn.ErrValue, "Outputs.D", "func()"},
		{"an output's description is literal", func(t *cfn.Template) { t.Output("D", cfn.Output{Value: "a", Description: cfn.Ref("P")}) },
			cfn.ErrFunction, "Outputs.D.Description.Ref", "literals"},
		{"an output's condition must exist", func(t *cfn.Template) { t.Output("D", cfn.Output{Value: "a", Condition: named("E")}) },
			cfn.ErrReference, "Outputs.D.Condition", `no condition "E"`},
		{"an output's condition needs a name", func(t *cfn.Template) { t.Output("D", cfn.Output{Value: "a", Condition: cfn.Equals("a", "b")}) },
			cfn.ErrValue, "Outputs.D.Condition", "Template.Condition"},
		{"an export's name does not depend on resources", func(t *cfn.Template) { t.Output("D", cfn.Output{Value: "a", Export: cfn.Sub("${R}-a")}) },
			cfn.ErrReference, "Outputs.D.Export.Name.Fn::Sub", `cannot refer to a resource, such as "R"`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := of(queue("q"))
			tt.add(template)
			refuses(t, template, tt.class, tt.path, tt.about)
		})
	}
	t.Run("the template's description is literal", func(t *testing.T) {
		refuses(t, cfn.New(cfn.StackName()), cfn.ErrFunction, "Description.Ref", "literals")
	})
}

// foreign is a resource of another package than goformation.
type foreign object

func (f foreign) AWSCloudFormationType() string { return "" }

func TestCycles(t *testing.T) {
	policy := func(v any) *sqs.Queue { return &sqs.Queue{RedrivePolicy: v} }
	const by = ".Properties.RedrivePolicy."
	tests := []struct {
		why       string
		resources map[string]*sqs.Queue
		want      []string
	}{
		{"a resource that refers to itself: the first of several properties is named",
			map[string]*sqs.Queue{"A": {KmsMasterKeyId: new(cfn.Ref("A")), QueueName: new(cfn.Ref("A"))}},
			[]string{"Resources.A: dependency cycle: A -> A, by Resources.A.Properties.KmsMasterKeyId.Ref"}},
		{"every kind of dependency",
			map[string]*sqs.Queue{
				"A": policy(cfn.Ref("B")),
				"B": policy(cfn.ID("C").Att("Arn")),
				"C": policy(cfn.Sub("${D.Arn}")),
				"D": {AWSCloudFormationDependsOn: []string{"A"}},
			},
			[]string{"Resources.A: dependency cycle: A -> B -> C -> D -> A, by Resources.A" + by + "Ref, " +
				"Resources.B" + by + "Fn::GetAtt, Resources.C" + by + "Fn::Sub, Resources.D.DependsOn.0"}},
		{"two cycles, without the resource that refers to both",
			map[string]*sqs.Queue{
				"A": policy([]string{cfn.Ref("B"), cfn.Ref("D")}),
				"B": policy(cfn.Ref("C")), "C": policy(cfn.Ref("B")),
				"D": policy(cfn.Ref("E")), "E": policy(cfn.Ref("D")),
			},
			[]string{
				"Resources.B: dependency cycle: B -> C -> B, by Resources.B" + by + "Ref, Resources.C" + by + "Ref",
				"Resources.D: dependency cycle: D -> E -> D, by Resources.D" + by + "Ref, Resources.E" + by + "Ref",
			}},
		{"two paths to one resource are no cycle",
			map[string]*sqs.Queue{
				"A": policy([]string{cfn.Ref("B"), cfn.Ref("C"), cfn.Ref("C")}),
				"B": policy(cfn.Ref("C")),
				"C": policy("end"),
			}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := cfn.New("")
			for id, r := range tt.resources {
				template.Add(id, r)
			}
			_, err := template.JSON()
			assertProblems(t, err, cfn.ErrCycle, tt.want)
		})
	}
	t.Run("conditions", func(t *testing.T) {
		template := cfn.New("")
		template.Condition("A", cfn.Not(named("B")))
		template.Condition("B", cfn.Not(named("A")))
		_, err := template.JSON()
		assertProblems(t, err, cfn.ErrCycle, []string{
			"Conditions.A: dependency cycle: A -> B -> A, by Conditions.A.Fn::Not.0.Condition, Conditions.B.Fn::Not.0.Condition",
		})
	})
	t.Run("an output can have the id of its resource", func(t *testing.T) {
		template := of(queue("q"))
		template.Output("R", cfn.Output{Value: cfn.Ref("R")})
		printed(t, template)
	})
}

// assertProblems asserts that err joins errors of one class with these texts.
func assertProblems(t *testing.T, err error, class error, want []string) {
	t.Helper()
	var got []string
	for _, problem := range problems(err) {
		assert.ErrorIs(t, problem, class)
		got = append(got, problem.Error())
	}
	assert.Equal(t, want, got)
}

// goformation's root package changes these values without an error.
func TestValuesAreKept(t *testing.T) {
	conditions := of(queue("q"))
	c := conditions.Condition("D", cfn.Equals(cfn.Ref("P"), "d"))
	conditions.Condition("E", cfn.And(c, cfn.Not(c)))
	tests := []struct {
		why      string
		template *cfn.Template
		want     string
	}{
		{"a raw intrinsic: the region became us-east-1", property(object{"Ref": "AWS::Region"}), `"RedrivePolicy": {"Ref": "AWS::Region"}`},
		{"a condition in And and Not", conditions, `"E": {"Fn::And": [{"Condition": "D"}, {"Fn::Not": [{"Condition": "D"}]}]}`},
		{"true and false in a nested If became strings", property([]any{cfn.If(named("C"), cfn.If(named("C"), true, false), 1)}),
			`[{"Fn::If": ["C", {"Fn::If": ["C", true, false]}, 1]}]`},
		{"a large integer went through float64", property(object{"n": uint64(9007199254740993)}), `{"n": 9007199254740993}`},
		{"<, > and & were escaped", of(queue("<&>\u2028")), "\"QueueName\": \"<&>\u2028\""},
		{"an explicit zero and false", of(&sqs.Queue{DelaySeconds: new(0), SqsManagedSseEnabled: new(false)}),
			`{"DelaySeconds": 0, "SqsManagedSseEnabled": false}`},
		{"a required string that is empty on purpose",
			of(cfn.With{Resource: &lambda.EventSourceMapping{}, Set: object{"FunctionName": ""}}), `{"FunctionName": ""}`},
		{"an empty environment variable is not a required string",
			of(&lambda.Function{Role: "role", Code: &lambda.Function_Code{}, Environment: &lambda.Function_Environment{
				Variables: map[string]string{"EMPTY": ""},
			}}), `"Variables": {"EMPTY": ""}`},
		{"the Condition of an IAM statement refers to no condition",
			of(&iam.ManagedPolicy{PolicyDocument: object{"Condition": object{"Bool": object{"aws:SecureTransport": "false"}}}}),
			`{"Condition": {"Bool": {"aws:SecureTransport": "false"}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) { assert.Contains(t, printed(t, tt.template), tt.want) })
	}
}
