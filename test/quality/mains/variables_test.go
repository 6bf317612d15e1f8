package mains

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// TestANewVariableHasADefault compares the variables that functions require with
// those that a deployed stack has. Lambda changes code and variables in two calls
// (CloudFormation makes UpdateFunctionCode and UpdateFunctionConfiguration), so a
// function can start with new code and old variables.
func TestANewVariableHasADefault(t *testing.T) {
	released := map[string][]string{
		"archiver":   {"BucketNameVar", "EnvironmentVar"},
		"authorizer": {"EnvironmentVar"},
		"consumer":   {"DeadLetterQueueURLVar", "EnvironmentVar", "TableNameVar"},
		"emptier":    nil,
		"processor": {
			"BucketNameVar", "DeadLetterQueueURLVar", "EndpointURLVar", "EnvironmentVar", "ProviderVar", "QueueURLVar", "SecretARNVar",
		},
		"publisher":  {"BucketNameVar", "EnvironmentVar", "EventSourceVar", "TableNameVar", "UnpublishedQueueURLVar"},
		"reconciler": {"BucketNameVar", "EndpointURLsVar", "EnvironmentVar", "QueueURLVar", "SecretARNVar", "TableNameVar"},
	}
	required := regexp.MustCompile(`\.Required\(contract\.(\w+)\)`)
	for _, binary := range contract.Binaries() {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "cmd", "lambdas", binary, "main.go"))
		require.NoError(t, err)
		var found []string
		for _, match := range required.FindAllStringSubmatch(string(text), -1) {
			found = append(found, match[1])
		}
		slices.Sort(found)
		assert.Equal(t, released[binary], found,
			"%s: read a new variable with Optional and a default for one release (CONTRIBUTING.md, A variable of a function)", binary)
	}
}
