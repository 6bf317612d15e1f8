package contract_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func TestProvidersAreDistinctAndWellFormed(t *testing.T) {
	require.Equal(t, []contract.Provider{contract.Stripe(), contract.PayPal(), contract.Square()}, contract.Providers())
	seen := map[string]bool{}
	for _, p := range contract.Providers() {
		assert.Regexp(t, `^[a-z0-9]+$`, p.Name, "part of resource names and event ids")
		assert.Regexp(t, `^[A-Za-z0-9]+$`, p.Title, "part of logical ids")
		assert.Regexp(t, `^[a-z0-9-]+$`, p.Path, "one path segment")
		assert.NotEmpty(t, p.SignatureHeaders, "all of them sign in headers")
		assert.NotContains(t, contract.OwnPrefixes(), p.Name+"/", "the archive of a provider has a prefix of its own")
		assert.Equal(t, p.Name == "paypal", p.HasCertificates())
		for _, name := range []string{"name " + p.Name, "title " + p.Title, "path " + p.Path} {
			assert.False(t, seen[name], "%s is taken", name)
			seen[name] = true
		}
		assert.Equal(t, p.Name+"-processor", contract.ProcessorName(p))
		assert.Equal(t, "https://abc.execute-api.us-east-1.amazonaws.com/live/"+p.Path, p.APIURL("abc", "us-east-1", "amazonaws.com"))
	}
}

// The stack refers to a zip for each binary, and each folder becomes a zip.
func TestBinariesAreTheFoldersOfCmdLambdas(t *testing.T) {
	entries, err := os.ReadDir("../../cmd/lambdas")
	require.NoError(t, err)
	folders := []string{}
	for _, entry := range entries {
		folders = append(folders, entry.Name())
	}
	assert.Equal(t, folders, contract.Binaries())
}

// DynamoDB refuses to change the projection of an index, so the update of every
// deployed stack would fail.
func TestProjectionsAreFrozen(t *testing.T) {
	const advice = "Leave the list of %s as it is. Add an index with a new name, and a list and a line here of its own; " +
		"let readers use it; delete the old index in a later release (CONTRIBUTING.md, An event field)."
	const first = "provider type category objectType objectId objectStatus paymentId amount currency account endpoint livemode receivedAt"
	for name, row := range map[string]struct {
		columns []string
		frozen  string
	}{
		contract.PaymentIndex: {contract.PaymentColumns(), first},
		contract.DayIndex:     {contract.DayColumns(), first},
	} {
		assert.Equal(t, row.frozen, strings.Join(row.columns, " "), advice, name)
		for _, key := range []string{
			contract.EventIDAttribute, contract.TimestampAttribute,
			contract.PaymentKeyAttribute, contract.DayKeyAttribute,
		} {
			assert.False(t, slices.Contains(row.columns, key), "DynamoDB projects %s itself and refuses it as a column", key)
		}
	}
}

func TestLogLevels(t *testing.T) {
	assert.Equal(t, []string{contract.LogLevelDebug, contract.LogLevelInfo}, contract.LogLevels())
}

// A lifecycle rule hits every key with its prefix.
func TestRetentionsShareNoPrefix(t *testing.T) {
	days := contract.RetentionDays()
	assert.True(t, slices.IsSorted(days))
	assert.Equal(t, "oversize/7d/", contract.RetentionPrefix(7))
	for _, a := range append(days, 0) {
		for _, b := range append(days, 0) {
			overlap := strings.HasPrefix(contract.RetentionPrefix(a), contract.RetentionPrefix(b))
			assert.Equal(t, a == b, overlap, "%d and %d days", a, b)
		}
	}
}

func TestMaxReconcileHours(t *testing.T) {
	assert.Equal(t, 164, contract.MaxReconcileHours(), "docs/deploying.md has it")
}

func TestUnreconciledReasonsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range contract.UnreconciledReasons() {
		assert.Regexp(t, `^[a-z_]+$`, r.Code)
		assert.False(t, seen[r.Code] || seen[r.Means], r.Code)
		seen[r.Code], seen[r.Means] = true, true
	}
}
