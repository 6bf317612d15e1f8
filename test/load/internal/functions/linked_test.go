package functions_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/command"
)

// TestFunctionsCarryNoServiceThatTheyDoNotCall: what tables and buckets are kept
// with stands in two packages, so that no function links the other one's client.
// With -v it says what each would weigh with it.
func TestFunctionsCarryNoServiceThatTheyDoNotCall(t *testing.T) {
	const handlers = "github.com/paysluice/paysluice/handlers/"
	for _, row := range []struct{ binary, other, service string }{
		{contract.ProcessorBinary, handlers + "store", "service/dynamodb"},
		{contract.ConsumerBinary, handlers + "s3store", "service/s3"},
		{contract.ArchiverBinary, handlers + "store", "service/dynamodb"},
	} {
		t.Run(row.binary, func(t *testing.T) {
			linked, err := command.Run(t.Context(), root, nil, "go", "list", "-deps", "./cmd/lambdas/"+row.binary)
			require.NoError(t, err)
			assert.NotContains(t, strings.Fields(linked), "github.com/aws/aws-sdk-go-v2/"+row.service)

			main := filepath.Join("cmd", "lambdas", row.binary, "main.go")
			text, err := os.ReadFile(filepath.Join(root, main))
			require.NoError(t, err)
			with := strings.Replace(string(text), "import (\n", "import (\n\t_ \""+row.other+"\"\n", 1)

			before, after := size(t, row.binary, map[string]string{main: with}), size(t, row.binary, nil)
			t.Logf("%s: %.1f MB with %s, %.1f MB as it is", row.binary, before, row.service, after)
			assert.Greater(t, before, after)
		})
	}
}

// size is that of a function, stripped as it is deployed, in MB.
func size(t *testing.T, binary string, texts map[string]string) float64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bootstrap")
	_, err := command.Run(t.Context(), root, []string{"CGO_ENABLED=0"}, "go", "build", "-overlay", overlay(t, texts),
		"-trimpath", "-buildvcs=false", "-tags=lambda.norpc", "-ldflags=-s -w", "-o", file, "./cmd/lambdas/"+binary)
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	return float64(info.Size()) / 1e6
}
