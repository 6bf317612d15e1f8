package contract_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func TestProvidersAreDistinctAndWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range contract.Providers() {
		assert.Regexp(t, regexp.MustCompile(`^[a-z0-9]+$`), p.Name, "it stands in resource names and event ids")
		assert.Regexp(t, regexp.MustCompile(`^[A-Za-z0-9]+$`), p.Title, "it stands in logical ids")
		assert.Regexp(t, regexp.MustCompile(`^[a-z0-9-]+$`), p.Path, "one path segment")
		assert.NotEmpty(t, p.IdentityHeaders, "API Gateway takes no authorizer without an identity source")
		for _, name := range []string{"name " + p.Name, "title " + p.Title, "path " + p.Path} {
			assert.False(t, seen[name], "%s is taken", name)
			seen[name] = true
		}
		assert.Equal(t, p.Name+"-processor", contract.ProcessorName(p))
	}
}

func TestShippedProviders(t *testing.T) {
	assert.Equal(t, []contract.Provider{contract.Stripe(), contract.PayPal(), contract.Square()}, contract.Providers())
}

// The stack refers to a zip for each binary, and a zip is made of a folder.
func TestBinariesAreTheFoldersOfCmdLambdas(t *testing.T) {
	entries, err := os.ReadDir("../../cmd/lambdas")
	require.NoError(t, err)
	folders := []string{}
	for _, entry := range entries {
		if entry.Name() != "internal" {
			folders = append(folders, entry.Name())
		}
	}
	assert.Equal(t, folders, contract.Binaries())
}

func TestIndexesProjectNoKeyTwice(t *testing.T) {
	keys := []string{
		contract.EventIDAttribute, contract.TimestampAttribute,
		contract.PaymentKeyAttribute, contract.DayKeyAttribute,
	}
	for _, column := range contract.ListColumns() {
		assert.NotContains(t, keys, column, "DynamoDB projects keys by itself and refuses them as columns")
	}
}
