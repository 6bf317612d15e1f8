package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/template/cfn"
)

func TestParametersAndOutputs(t *testing.T) {
	d := build(t, Options{}, "dev")
	assert.Equal(t, []string{
		"Architecture", "CodeBucket", "CodeVersion", "EnvironmentSuffix",
		"EventRetentionDays", "LogLevel", "ManageApiGatewayAccount",
	}, ids(d.Parameters))

	want := map[string]string{
		"StripeUrl":          "https://Api.execute-api.us-east-1.amazonaws.com/live/stripe",
		"ApiId":              "Api",
		"QueueUrl":           "WebhookQueue",
		"DeadLetterQueueUrl": "DeadLetterQueue",
		"TableName":          "EventsTable",
		"TableStreamArn":     "EventsTable.StreamArn",
		"StripeSecretArn":    "StripeSecret.Id",
	}
	assert.Equal(t, ids(want), ids(d.Outputs))
	for name, output := range d.Outputs {
		assert.Equal(t, want[name], output.Value, name)
	}
}

func TestOnlyOneRegion(t *testing.T) {
	assert.Equal(t, map[string]any{"Region": map[string]any{"Assertions": []any{map[string]any{
		"Assert":            map[string]any{"Fn::Equals": []any{"us-east-1", "us-east-1"}}, // AWS::Region, filled in
		"AssertDescription": "This stack is made for us-east-1: deploy it with --region us-east-1.",
	}}}}, build(t, Options{}, "dev").Rules)
}

// What Build returns is the shipped stack and open to additions.
func TestCallersMayAddToTheStack(t *testing.T) {
	stack, err := Build(Options{})
	require.NoError(t, err)
	stack.Output("KeyArn", cfn.Output{Value: keyARN()})
	text, err := stack.JSON()
	require.NoError(t, err)
	assert.Contains(t, string(text), `"KeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}`)
}
