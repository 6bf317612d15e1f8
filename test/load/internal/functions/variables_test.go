package functions_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/functions"
)

// Every function of the committed template can be run, whatever variables the
// template gains.
func TestCommittedTemplate(t *testing.T) {
	stack, err := functions.ReadStack("../../../../out/stack.json")
	require.NoError(t, err)
	names := []string{contract.AuthorizerName, contract.ConsumerName, contract.ArchiverName, contract.EmptierName}
	for _, p := range contract.Providers() {
		names = append(names, contract.ProcessorName(p))
	}
	for _, name := range names {
		env, err := stack.Variables(name)
		require.NoError(t, err, name)
		assert.Contains(t, env, contract.EnvironmentVar+"="+functions.Suffix)
		assert.Contains(t, env, "AWS_LAMBDA_FUNCTION_NAME="+name+"-"+functions.Suffix)
		memory, timeout, err := stack.Limits(name)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, memory, 128, "Lambda's least")
		assert.GreaterOrEqual(t, timeout, time.Second)
	}
	env, err := stack.Variables(contract.ProcessorName(contract.PayPal()))
	require.NoError(t, err)
	assert.Contains(t, env, contract.SecretARNVar+"="+functions.SecretARN(contract.PayPal()), "its own secret")
	_, err = stack.Variables("stripe")
	assert.ErrorIs(t, err, functions.ErrNoFunction, "the beginning of a name is not the name")
}

func TestVariables(t *testing.T) {
	write := func(variables map[string]any) functions.Stack {
		text, err := json.Marshal(map[string]any{"Resources": map[string]any{
			"Other": map[string]any{"Type": "AWS::SQS::Queue"},
			"F": map[string]any{"Type": "AWS::Lambda::Function", "Properties": map[string]any{
				"FunctionName": map[string]any{"Fn::Sub": "f-${EnvironmentSuffix}"},
				"MemorySize":   256, "Timeout": 9,
				"Environment": map[string]any{"Variables": variables},
			}},
		}})
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "stack.json")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		stack, err := functions.ReadStack(path)
		require.NoError(t, err)
		return stack
	}
	env, err := write(map[string]any{"GOMAXPROCS": "1", "QUEUE_URL": map[string]any{"Ref": "Queue"}}).Variables("f")
	require.NoError(t, err)
	assert.Equal(t, []string{"GOMAXPROCS=1", "QUEUE_URL=" + functions.QueueURL}, env[:2], "literals as they stand")
	assert.Contains(t, strings.Join(env, "\n"), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256")

	_, err = write(map[string]any{"TOPIC_ARN": map[string]any{"Ref": "Topic"}}).Variables("f")
	assert.ErrorIs(t, err, functions.ErrUnknownVariable, "it is not left out")
}
