package cfn_test

import (
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/awslabs/goformation/v7/cloudformation/tags"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/template/cfn"
)

func TestWith(t *testing.T) {
	function := &lambda.Function{Role: "role", Code: &lambda.Function_Code{}}
	mapping := &lambda.EventSourceMapping{FunctionName: "f"}
	table := &dynamodb.Table{
		KeySchema: []dynamodb.Table_KeySchema{{AttributeName: "eventId", KeyType: "HASH"}},
		PointInTimeRecoverySpecification: &dynamodb.Table_PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: new(true),
		},
	}
	set := func(r cfn.Resource, path string, v any) cfn.With {
		return cfn.With{Resource: r, Set: map[string]any{path: v}}
	}
	tests := []struct {
		property string
		resource cfn.Resource
		want     string
	}{
		{"an intrinsic as a number", set(&sqs.Queue{}, "DelaySeconds", cfn.Ref("P")), `"DelaySeconds": {"Ref": "P"}`},
		{"an intrinsic as a bool", set(&sqs.Queue{}, "FifoQueue", cfn.If(named("C"), true, cfn.NoValue())),
			`"FifoQueue": {"Fn::If": ["C", true, {"Ref": "AWS::NoValue"}]}`},
		{"an intrinsic as a struct", set(function, "VpcConfig", cfn.If(named("C"), map[string]any{}, cfn.NoValue())),
			`"VpcConfig": {"Fn::If": ["C", {}, {"Ref": "AWS::NoValue"}]}`},
		{"an intrinsic as a list", set(function, "Layers", cfn.Split(",", cfn.Ref("P"))),
			`"Layers": {"Fn::Split": [",", {"Ref": "P"}]}`},
		{"a bare Ref as a list", set(function, "Layers", cfn.Ref("P")), `"Layers": {"Ref": "P"}`},
		{"EventSourceMapping Tags", set(mapping, "Tags", []map[string]string{{"Key": "k", "Value": "v"}}),
			`"Tags": [{"Key": "k", "Value": "v"}]`},
		{"Function RecursiveLoop", set(function, "RecursiveLoop", "Terminate"), `"RecursiveLoop": "Terminate"`},
		{"DynamoDB RecoveryPeriodInDays, beside what goformation prints",
			set(table, "PointInTimeRecoverySpecification.RecoveryPeriodInDays", 7),
			`"PointInTimeRecoveryEnabled": true,
     "RecoveryPeriodInDays": 7`},
		{"an item of a list", set(table, "KeySchema.0.KeyType", "RANGE"),
			`"KeySchema": [{"AttributeName": "eventId", "KeyType": "RANGE"}]`},
		{"a required list, which goformation prints as null", set(&dynamodb.Table{}, "KeySchema", cfn.Ref("P")),
			`"KeySchema": {"Ref": "P"}`},
		{"a With in a With: both are set, and the outer one wins",
			cfn.With{
				Resource: cfn.With{Resource: &sqs.Queue{}, Set: map[string]any{"A": 1, "B": 1}},
				Set:      map[string]any{"B": 2},
			},
			`{"A": 1, "B": 2}`},
		{"a path and one below it",
			cfn.With{Resource: &sqs.Queue{}, Set: map[string]any{"A": map[string]any{"B": 1}, "A.C": 2}},
			`{"A": {"B": 1, "C": 2}}`},
		{"a Custom without properties", set(cfn.Custom{Type: "Custom::X"}, "ServiceToken", "arn"),
			`{"ServiceToken": "arn"}`},
	}
	for _, tt := range tests {
		t.Run(tt.property, func(t *testing.T) {
			assert.Contains(t, printed(t, of(tt.resource)), tt.want)
		})
	}
}

func TestTypeOfWith(t *testing.T) {
	assert.Equal(t, "Custom::X", cfn.With{Resource: cfn.Custom{Type: "Custom::X"}}.AWSCloudFormationType())
}

func TestWithRefuses(t *testing.T) {
	table := &dynamodb.Table{
		TableName: new("t"),
		KeySchema: []dynamodb.Table_KeySchema{{AttributeName: "eventId", KeyType: cfn.Ref("P")}},
	}
	tests := []struct {
		why   string
		path  string
		value any
		class error
		about string
	}{
		{"no name", "", 1, cfn.ErrPath, `cannot hold ""`},
		{"an empty step", "TimeToLive..Enabled", 1, cfn.ErrPath, `{} cannot hold ""`},
		{"below a text", "TableName.X", 1, cfn.ErrPath, `"t" cannot hold "X"`},
		{"below an intrinsic", "KeySchema.0.KeyType.X", 1, cfn.ErrPath, `{"Ref": "P"} cannot hold "X"`},
		{"past the end of a list", "KeySchema.1.KeyType", 1, cfn.ErrPath, `cannot hold "1"`},
		{"before its start", "KeySchema.-1.KeyType", 1, cfn.ErrPath, `cannot hold "-1"`},
		{"a name in a list", "KeySchema.KeyType", 1, cfn.ErrPath, `cannot hold "KeyType"`},
		{"an index where there is no list", "Tags.0", 1, cfn.ErrPath, `null cannot hold "0"`},
		{"a value without JSON", "TableClass", func() {}, cfn.ErrValue, "func()"},
		{"on the way through a list", "KeySchema.0..X", 1, cfn.ErrPath, `cannot hold ""`},
		{"null", "TableClass", nil, cfn.ErrMissing, "null"},
		{"an intrinsic in a text", "TableClass", "x" + cfn.Ref("P"), cfn.ErrToken, "concatenated"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := of(cfn.With{Resource: table, Set: map[string]any{tt.path: tt.value}})
			refuses(t, template, tt.class, "Resources.R.Properties."+tt.path, tt.about)
		})
	}
}

// own is a resource without goformation's struct tags, so no field is required.
type own struct{ Type, Note string }

func (own) AWSCloudFormationType() string { return "" }

func TestResourceWithoutStructTags(t *testing.T) {
	assert.Contains(t, printed(t, of(own{Type: "Custom::X"})), `{"Type": "Custom::X", "Note": ""}`)
}

func TestRefusedResources(t *testing.T) {
	keyWithoutType := []dynamodb.Table_KeySchema{{AttributeName: "eventId", KeyType: "HASH"}, {AttributeName: "timestamp"}}
	type withLoop struct {
		*lambda.Function
		RecursiveLoop string
	}
	tests := []struct {
		why      string
		resource cfn.Resource
		class    error
		path     string // below Resources.R
		about    string
	}{
		{"nothing", nil, cfn.ErrResource, "", "<nil> has no Type"},
		{"a nil pointer", (*sqs.Queue)(nil), cfn.ErrResource, "", "*sqs.Queue has no Type"},
		{"a With around nothing", cfn.With{}, cfn.ErrResource, "", "<nil> has no Type"},
		{"a pointer to a With", &cfn.With{Resource: queue("q")}, cfn.ErrResource, "", "*cfn.With embeds"},
		{"a struct around a resource would print without its own fields", withLoop{&lambda.Function{}, "Terminate"}, cfn.ErrResource, "", "embeds"},
		{"a property of a resource", &lambda.Function_Code{}, cfn.ErrResource, "", "*lambda.Function_Code has no Type"},
		{"a custom resource without a type", cfn.Custom{}, cfn.ErrResource, "", "cfn.Custom has no Type"},
		{"a property without JSON", &sqs.Queue{RedrivePolicy: make(chan int)}, cfn.ErrValue, "", "chan int"},
		{"a required string is missing", &lambda.EventSourceMapping{}, cfn.ErrMissing, ".Properties.FunctionName", "empty string"},
		{"a required string in a list is missing", &dynamodb.Table{KeySchema: keyWithoutType}, cfn.ErrMissing,
			".Properties.KeySchema.1.KeyType", "empty string"},
		{"a required list is missing", &dynamodb.Table{}, cfn.ErrMissing, ".Properties.KeySchema", "null"},
		{"DependsOn of a resource that does not exist", &sqs.Queue{AWSCloudFormationDependsOn: []string{"Q"}}, cfn.ErrReference,
			".DependsOn.0", `no resource "Q"`},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := of(tt.resource)
			template.Output("Used", cfn.Output{Value: cfn.Ref("R")}) // the id is known although the resource is broken
			refuses(t, template, tt.class, "Resources.R"+tt.path, tt.about)
		})
	}
}

func TestTagged(t *testing.T) {
	const team = `{"Key": "team", "Value": "pay"}`
	own := &sqs.Queue{Tags: []tags.Tag{{Key: "own", Value: cfn.Ref("P")}}}
	for name, row := range map[string]struct {
		resource cfn.Resource
		want     string // in the printed template
	}{
		"a resource without tags": {&sqs.Queue{}, `"Tags": [` + team + `]`},
		"behind the resource's own": {
			own, `"Tags": [{"Key": "own", "Value": {"Ref": "P"}}, ` + team + `]`,
		},
		"the resource's own of that key": {
			&sqs.Queue{Tags: []tags.Tag{{Key: "team", Value: "ledger"}}}, `"Tags": [{"Key": "team", "Value": "ledger"}]`,
		},
		"through a With": {
			cfn.With{Resource: own, Set: map[string]any{"DelaySeconds": cfn.Ref("P")}},
			`"Tags": [{"Key": "own", "Value": {"Ref": "P"}}, ` + team + `]`,
		},
		"a With that sets tags has the last word": {
			cfn.With{Resource: own, Set: map[string]any{"Tags": []any{}}}, `"Tags": []`,
		},
		"a resource that takes no tags": {
			&sqs.QueuePolicy{PolicyDocument: object{}, Queues: []string{"q"}}, `"Queues": ["q"]`,
		},
		"a custom resource": {cfn.Custom{Type: "Custom::X", Properties: object{"A": 1}}, `"Properties": {"A": 1}`},
	} {
		t.Run(name, func(t *testing.T) {
			tag := tags.Tag{Key: "team", Value: "pay"}
			text := printed(t, of(cfn.Tagged(row.resource, tag)))
			assert.Contains(t, text, row.want)
			assert.Equal(t, text, printed(t, of(cfn.Tagged(row.resource, tag))), "Tagged does not change the resource")
		})
	}
}

func TestTaggedWithoutTags(t *testing.T) {
	q := queue("q")
	assert.Same(t, q, cfn.Tagged(q))
}

type notAStruct map[string]any

func (notAStruct) AWSCloudFormationType() string { return "Custom::Map" }

func TestTaggedKeepsOtherTypes(t *testing.T) {
	m := notAStruct{"Type": "Custom::Map"}
	assert.Equal(t, m, cfn.Tagged(m, tags.Tag{Key: "team", Value: "pay"}))
}
