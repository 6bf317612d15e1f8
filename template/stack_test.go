package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/template/cfn"
)

// What Build returns is the shipped stack and open to additions.
func TestCallersMayAddToTheStack(t *testing.T) {
	stack, err := Build(Options{})
	require.NoError(t, err)
	stack.Output("KeyArn", cfn.Output{Value: keyARN()})
	text, err := stack.JSON()
	require.NoError(t, err)
	assert.Contains(t, string(text), `"KeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}`)
}
