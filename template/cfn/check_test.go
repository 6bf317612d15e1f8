package cfn_test

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/awslabs/goformation/v7/cloudformation/iam"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/template/cfn"
)

// Intrinsics that point at something, and what is printed for them.
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

// What becomes of a token that is treated as text.
func TestBrokenTokens(t *testing.T) {
	token := cfn.ID("Other").Att("Arn")
	asJSON, err := json.Marshal(object{"key": token})
	require.NoError(t, err)
	tests := map[string]string{
		"in JSON that was made a text, such as a dashboard's body": string(asJSON),
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
			refuses(t, of(queue(text)), cfn.ErrToken, "Resources.R.Properties.QueueName", "glued to text, cut or changed")
		})
	}
	t.Run("as a key", func(t *testing.T) {
		refuses(t, property(object{token: 1}), cfn.ErrToken, "Resources.R.Properties.RedrivePolicy", "cannot be a key")
	})
	t.Run("in the text of another", func(t *testing.T) {
		refuses(t, of(queue(cfn.Join("", "a"+token))), cfn.ErrToken, "Resources.R.Properties.QueueName.Fn::Join.1.0", "glued")
	})
	t.Run("in the format of a Sub", func(t *testing.T) {
		refuses(t, of(queue(cfn.Sub("${P}"+token))), cfn.ErrToken, "Resources.R.Properties.QueueName.Fn::Sub", "glued")
	})
	t.Run("made of a value without JSON", func(t *testing.T) {
		refuses(t, of(queue(cfn.Join("", func() {}))), cfn.ErrValue, "Resources.R.Properties.QueueName", "func()")
	})
}

// What a hash of a resource is made of must not change with the form of tokens.
func TestMarshal(t *testing.T) {
	out, err := cfn.Marshal(cfn.With{Resource: queue(cfn.Ref("P")), Set: object{"A": cfn.Region()}})
	require.NoError(t, err)
	assert.Equal(t, `{"Resource": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "P"}}}, `+
		`"Set": {"A": {"Ref": "AWS::Region"}}}`, string(out))

	_, err = cfn.Marshal(func() {})
	assert.ErrorContains(t, err, "func()")
}

// Where only some functions are evaluated.
func TestPlaces(t *testing.T) {
	tests := []struct {
		why   string
		add   func(*cfn.Template)
		class error
		path  string
		about string
	}{
		{"conditions come before resources", func(t *cfn.Template) {
			t.Condition("D", cfn.Equals(cfn.Ref("R"), "a"))
		}, cfn.ErrReference, "Conditions.D.Fn::Equals.0.Ref", `cannot look at a resource, such as "R"`},
		{"a Sub in a condition too", func(t *cfn.Template) {
			t.Condition("D", cfn.Equals(cfn.Sub("${R.Arn}"), "a"))
		}, cfn.ErrReference, "Conditions.D.Fn::Equals.0.Fn::Sub", `cannot look at a resource, such as "R"`},
		{"a condition has no GetAtt", func(t *cfn.Template) {
			t.Condition("D", cfn.Equals(cfn.ID("R").Att("Arn"), "a"))
		}, cfn.ErrFunction, "Conditions.D.Fn::Equals.0.Fn::GetAtt", "cannot be used in an operand of a condition"},
		{"a condition compares no conditions", func(t *cfn.Template) {
			t.Condition("D", cfn.Equals(cfn.Not(named("C")), "a"))
		}, cfn.ErrFunction, "Conditions.D.Fn::Equals.0.Fn::Not", "cannot be used in an operand of a condition"},
		{"Contains is for rules", func(t *cfn.Template) {
			t.Condition("D", cfn.Contains([]string{"a"}, cfn.Ref("P")))
		}, cfn.ErrFunction, "Conditions.D.Fn::Contains", "cannot be used in a condition"},
		{"And takes at least two", func(t *cfn.Template) {
			t.Condition("D", cfn.And(named("C")))
		}, cfn.ErrFunction, "Conditions.D.Fn::And", "2 to 10 conditions, not 1"},
		{"Or takes at most ten", func(t *cfn.Template) {
			c := named("C")
			t.Condition("D", cfn.Or(c, c, c, c, c, c, c, c, c, c, c))
		}, cfn.ErrFunction, "Conditions.D.Fn::Or", "2 to 10 conditions, not 11"},
		{"a condition in a condition must exist", func(t *cfn.Template) {
			t.Condition("D", cfn.Not(named("E")))
		}, cfn.ErrReference, "Conditions.D.Fn::Not.0.Condition", `no condition "E"`},
		{"a condition must say something", func(t *cfn.Template) {
			t.Condition("D", cfn.Cond{})
		}, cfn.ErrMissing, "Conditions.D", "null"},
		{"a rule knows no conditions", func(t *cfn.Template) {
			t.Rule("D", cfn.Rule{Condition: named("C"), Assertions: []cfn.Assertion{}})
		}, cfn.ErrFunction, "Rules.D.RuleCondition.Condition", "cannot be used in a rule"},
		{"a rule compares references only", func(t *cfn.Template) {
			t.Rule("D", cfn.Rule{Assertions: []cfn.Assertion{{Assert: cfn.Equals(cfn.Sub("${P}"), "a")}}})
		}, cfn.ErrFunction, "Rules.D.Assertions.0.Assert.Fn::Equals.0.Fn::Sub", "cannot be used in an operand of a rule"},
		{"a rule comes before resources", func(t *cfn.Template) {
			t.Rule("D", cfn.Rule{Assertions: []cfn.Assertion{{Assert: cfn.Contains([]string{"a"}, cfn.Ref("R"))}}})
		}, cfn.ErrReference, "Rules.D.Assertions.0.Assert.Fn::Contains.1.Ref", `cannot look at a resource, such as "R"`},
		{"a rule without assertions says nothing", func(t *cfn.Template) {
			t.Rule("D", cfn.Rule{})
		}, cfn.ErrMissing, "Rules.D.Assertions", "null"},
		{"a parameter is literal", func(t *cfn.Template) {
			t.Parameter("D", cfn.Parameter{Type: "String", Default: cfn.Region()})
		}, cfn.ErrFunction, "Parameters.D.Default.Ref", "Ref cannot be used in a place for literals; allowed: none"},
		{"the template's metadata is literal", func(t *cfn.Template) {
			t.Metadata("D", object{"a": cfn.Region()})
		}, cfn.ErrFunction, "Metadata.D.a.Ref", "literals"},
		{"a resource's policy is literal", func(t *cfn.Template) {
			t.Add("D", cfn.Custom{Type: "Custom::X", Properties: object{}, DeletionPolicy: cfn.Ref("P")})
		}, cfn.ErrFunction, "Resources.D.DeletionPolicy.Ref", "literals"},
		{"a resource's metadata is not", func(t *cfn.Template) {
			t.Add("D", cfn.Custom{Type: "Custom::X", Properties: object{}, Metadata: object{"a": cfn.Ref("Q")}})
		}, cfn.ErrReference, "Resources.D.Metadata.a.Ref", `"Q"`},
		{"a resource's condition must exist", func(t *cfn.Template) {
			t.Add("D", &sqs.Queue{AWSCloudFormationCondition: named("E").Name()})
		}, cfn.ErrReference, "Resources.D.Condition", `no condition "E"`},
		{"a resource's condition needs a name", func(t *cfn.Template) {
			t.Add("D", &sqs.Queue{AWSCloudFormationCondition: cfn.Equals("a", "b").Name()})
		}, cfn.ErrValue, "Resources.D.Condition", "Template.Condition"},
		{"a resource waits for resources", func(t *cfn.Template) {
			t.Add("D", &sqs.Queue{AWSCloudFormationDependsOn: []string{"R", "P"}})
		}, cfn.ErrReference, "Resources.D.DependsOn.1", `"P" is a parameter`},
		{"a resource waits for an id, not a Ref", func(t *cfn.Template) {
			t.Add("D", &sqs.Queue{AWSCloudFormationDependsOn: []string{cfn.Ref("R")}})
		}, cfn.ErrFunction, "Resources.D.DependsOn.0", "only a plain string"},
		{"a foreign resource may wait for one, not in a list", func(t *cfn.Template) {
			t.Add("D", foreign{"Type": "Custom::X", "DependsOn": "Q"})
		}, cfn.ErrReference, "Resources.D.DependsOn.0", `no resource "Q"`},
		{"an output's value must exist", func(t *cfn.Template) {
			t.Output("D", cfn.Output{Value: cfn.Ref("Q")})
		}, cfn.ErrReference, "Outputs.D.Value.Ref", `"Q"`},
		{"an output has a value", func(t *cfn.Template) {
			t.Output("D", cfn.Output{})
		}, cfn.ErrMissing, "Outputs.D.Value", "null"},
		{"an output's value has JSON", func(t *cfn.Template) {
			t.Output("D", cfn.Output{Value: func() {}})
		}, cfn.ErrValue, "Outputs.D", "func()"},
		{"an output's description is literal", func(t *cfn.Template) {
			t.Output("D", cfn.Output{Value: "a", Description: cfn.Ref("P")})
		}, cfn.ErrFunction, "Outputs.D.Description.Ref", "literals"},
		{"an output's condition must exist", func(t *cfn.Template) {
			t.Output("D", cfn.Output{Value: "a", Condition: named("E")})
		}, cfn.ErrReference, "Outputs.D.Condition", `no condition "E"`},
		{"an output's condition needs a name", func(t *cfn.Template) {
			t.Output("D", cfn.Output{Value: "a", Condition: cfn.Equals("a", "b")})
		}, cfn.ErrValue, "Outputs.D.Condition", "Template.Condition"},
		{"an export's name does not depend on resources", func(t *cfn.Template) {
			t.Output("D", cfn.Output{Value: "a", Export: cfn.Sub("${R}-a")})
		}, cfn.ErrReference, "Outputs.D.Export.Name.Fn::Sub", `cannot look at a resource, such as "R"`},
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

// foreign is a resource that goformation did not make.
type foreign object

func (f foreign) AWSCloudFormationType() string { return "" }

func TestCycles(t *testing.T) {
	policy := func(v any) *sqs.Queue { return &sqs.Queue{RedrivePolicy: v} }
	tests := []struct {
		why       string
		resources map[string]*sqs.Queue
		want      []string
	}{
		{
			why:       "a resource that needs itself",
			resources: map[string]*sqs.Queue{"A": policy(cfn.ID("A").Att("Arn"))},
			want:      []string{"Resources.A: dependency cycle: A -> A, by Resources.A.Properties.RedrivePolicy.Fn::GetAtt"},
		},
		{
			why: "of several properties the first is named",
			resources: map[string]*sqs.Queue{
				"A": {KmsMasterKeyId: new(cfn.Ref("A")), QueueName: new(cfn.Ref("A"))},
			},
			want: []string{"Resources.A: dependency cycle: A -> A, by Resources.A.Properties.KmsMasterKeyId.Ref"},
		},
		{
			why: "a cycle of every kind of dependency",
			resources: map[string]*sqs.Queue{
				"A": policy(cfn.Ref("B")),
				"B": policy(cfn.ID("C").Att("Arn")),
				"C": policy(cfn.Sub("${D.Arn}")),
				"D": {AWSCloudFormationDependsOn: []string{"A"}},
			},
			want: []string{"Resources.A: dependency cycle: A -> B -> C -> D -> A, by " +
				"Resources.A.Properties.RedrivePolicy.Ref, " +
				"Resources.B.Properties.RedrivePolicy.Fn::GetAtt, " +
				"Resources.C.Properties.RedrivePolicy.Fn::Sub, " +
				"Resources.D.DependsOn.0"},
		},
		{
			why: "two cycles, without the one that leads to them",
			resources: map[string]*sqs.Queue{
				"A": policy([]string{cfn.Ref("B"), cfn.Ref("D")}),
				"B": policy(cfn.Ref("C")), "C": policy(cfn.Ref("B")),
				"D": policy(cfn.Ref("E")), "E": policy(cfn.Ref("D")),
			},
			want: []string{
				"Resources.B: dependency cycle: B -> C -> B, by " +
					"Resources.B.Properties.RedrivePolicy.Ref, Resources.C.Properties.RedrivePolicy.Ref",
				"Resources.D: dependency cycle: D -> E -> D, by " +
					"Resources.D.Properties.RedrivePolicy.Ref, Resources.E.Properties.RedrivePolicy.Ref",
			},
		},
		{
			why: "two ways to one resource are none",
			resources: map[string]*sqs.Queue{
				"A": policy([]string{cfn.Ref("B"), cfn.Ref("C"), cfn.Ref("C")}),
				"B": policy(cfn.Ref("C")),
				"C": policy("end"),
			},
		},
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
	t.Run("an output of the name of what it shows is none", func(t *testing.T) {
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

// What goformation's root package does to a template without a word, and what
// this package does instead: it refuses it.
func TestCorruptionsRefused(t *testing.T) {
	tests := []struct {
		corruption string
		template   *cfn.Template
		class      error
		path       string
		about      string
	}{
		{
			corruption: "an intrinsic after text became base64 in the text",
			template:   of(queue("arn:" + cfn.Ref("P"))),
			class:      cfn.ErrToken,
			path:       "Resources.R.Properties.QueueName",
			about:      `arn:{"Ref": "P"}`,
		},
		{
			corruption: "a misspelt Ref passed",
			template:   of(queue(cfn.Ref("Q"))),
			class:      cfn.ErrReference,
			path:       "Resources.R.Properties.QueueName.Ref",
			about:      `no parameter and no resource "Q"`,
		},
		{
			corruption: "a misspelt GetAtt passed",
			template:   of(queue(cfn.ID("Q").Att("Arn"))),
			class:      cfn.ErrReference,
			path:       "Resources.R.Properties.QueueName.Fn::GetAtt",
			about:      `no resource "Q"`,
		},
		{
			corruption: "a misspelt DependsOn passed",
			template:   of(&sqs.Queue{AWSCloudFormationDependsOn: []string{"Q"}}),
			class:      cfn.ErrReference,
			path:       "Resources.R.DependsOn.0",
			about:      `no resource "Q"`,
		},
		{
			corruption: "Fn::ToJsonString was not decoded; no transform is printed that it needs",
			template:   property(map[string]any{"Fn::ToJsonString": map[string]any{"a": 1}}),
			class:      cfn.ErrFunction,
			path:       "Resources.R.Properties.RedrivePolicy.Fn::ToJsonString",
			about:      "cannot be used in a property",
		},
		{
			corruption: "Fn::Length was not decoded; no transform is printed that it needs",
			template:   property(map[string]any{"Fn::Length": []string{"a"}}),
			class:      cfn.ErrFunction,
			path:       "Resources.R.Properties.RedrivePolicy.Fn::Length",
			about:      "cannot be used in a property",
		},
		{
			corruption: "a required string that was left out printed as an empty one",
			template:   of(&lambda.EventSourceMapping{}),
			class:      cfn.ErrMissing,
			path:       "Resources.R.Properties.FunctionName",
			about:      "empty string",
		},
		{
			corruption: "a required string deep in a list printed as an empty one",
			template: of(&dynamodb.Table{KeySchema: []dynamodb.Table_KeySchema{
				{AttributeName: "eventId", KeyType: "HASH"}, {AttributeName: "timestamp"},
			}}),
			class: cfn.ErrMissing,
			path:  "Resources.R.Properties.KeySchema.1.KeyType",
			about: "empty string",
		},
		{
			corruption: "a required list that was left out printed as null",
			template:   of(&dynamodb.Table{}),
			class:      cfn.ErrMissing,
			path:       "Resources.R.Properties.KeySchema",
			about:      "null",
		},
		{
			corruption: "a struct around a goformation struct printed without its own fields",
			template: of(struct {
				*lambda.Function
				RecursiveLoop string
			}{&lambda.Function{}, "Terminate"}),
			class: cfn.ErrResource,
			path:  "Resources.R",
			about: "embeds",
		},
		{
			corruption: "the same around a With would print without Set",
			template:   of(&struct{ cfn.With }{cfn.With{Resource: queue("q")}}),
			class:      cfn.ErrResource,
			path:       "Resources.R",
			about:      "embeds",
		},
	}
	for _, tt := range tests {
		t.Run(tt.corruption, func(t *testing.T) {
			refuses(t, tt.template, tt.class, tt.path, tt.about)
		})
	}
}

// What goformation's root package changes on its way out, and what this package
// keeps.
func TestCorruptionsAvoided(t *testing.T) {
	rules := of(queue("q"))
	rules.Rule("Region", cfn.Rule{Assertions: []cfn.Assertion{{Assert: cfn.Equals(cfn.Region(), "us-east-1")}}})

	negated := of(queue("q"))
	c := negated.Condition("D", cfn.Equals(cfn.Ref("P"), "d"))
	negated.Condition("E", cfn.And(c, cfn.Not(c)))

	tests := []struct {
		corruption string
		template   *cfn.Template
		want       string
	}{
		{
			"a raw intrinsic was resolved: the region became us-east-1",
			property(map[string]any{"Ref": "AWS::Region"}),
			`"RedrivePolicy": {"Ref": "AWS::Region"}`,
		},
		{
			"a template had no Rules",
			rules,
			`"Region": {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}}]}`,
		},
		{
			"a condition could not be named in And or Not",
			negated,
			`"E": {"Fn::And": [{"Condition": "D"}, {"Fn::Not": [{"Condition": "D"}]}]}`,
		},
		{
			"the branches true and false of a nested If became texts",
			property([]any{cfn.If(named("C"), cfn.If(named("C"), true, false), 1)}),
			`[{"Fn::If": ["C", {"Fn::If": ["C", true, false]}, 1]}]`,
		},
		{
			"a large integer went through float64",
			property(map[string]any{"n": uint64(9007199254740993)}),
			`{"n": 9007199254740993}`,
		},
		{
			"<, > and & were escaped",
			of(queue("<&>\u2028")),
			"\"QueueName\": \"<&>\u2028\"",
		},
		{
			"a pointer keeps an explicit zero and false",
			of(&sqs.Queue{DelaySeconds: new(0), SqsManagedSseEnabled: new(false)}),
			`{"DelaySeconds": 0, "SqsManagedSseEnabled": false}`,
		},
		{
			"a required string is empty because that is meant",
			of(cfn.With{Resource: &lambda.EventSourceMapping{}, Set: map[string]any{"FunctionName": ""}}),
			`{"FunctionName": ""}`,
		},
		{
			"an empty environment variable is no required string",
			of(&lambda.Function{
				Role: "role",
				Code: &lambda.Function_Code{},
				Environment: &lambda.Function_Environment{
					Variables: map[string]string{"EMPTY": ""},
				},
			}),
			`"Variables": {"EMPTY": ""}`,
		},
		{
			"the Condition of an IAM statement is not a reference to a condition",
			of(&iam.ManagedPolicy{PolicyDocument: map[string]any{
				"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			}}),
			`{"Condition": {"Bool": {"aws:SecureTransport": "false"}}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.corruption, func(t *testing.T) {
			assert.Contains(t, printed(t, tt.template), tt.want)
		})
	}
}
