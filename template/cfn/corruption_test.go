package cfn_test

import (
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/awslabs/goformation/v7/cloudformation/iam"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/template/cfn"
)

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
