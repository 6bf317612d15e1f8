package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/stack"
)

// The figures themselves are the template's to choose: what is held here is
// that each is found.
func TestReadFindsWhatCostsMoney(t *testing.T) {
	s, err := stack.Read("../../..")
	require.NoError(t, err)

	for _, p := range contract.Providers() {
		assert.Contains(t, s.Functions, contract.ProcessorName(p))
	}
	for name, f := range s.Functions {
		assert.GreaterOrEqual(t, f.MemoryMB, 128.0, name)
	}
	assert.Equal(t, float64(contract.BatchSize), s.Mapping(contract.ConsumerName).BatchSize)
	assert.Positive(t, s.Mapping(contract.ArchiverName).MaximumConcurrency)
	assert.Equal(t, len(contract.Providers()), s.Secrets)
	assert.Equal(t, len(contract.Providers()), s.API.Methods)
	assert.Positive(t, s.API.ThrottleRate)
	assert.Contains(t, s.API.AccessLog, "$context.requestId")
	assert.Equal(t, []string{contract.EventIDAttribute, contract.TimestampAttribute}, s.Table.Keys)
	for _, want := range []int{s.Queues, s.Alarms, s.Dashboards, s.Keys} {
		assert.Positive(t, want)
	}
	fed := map[string]int{}
	for _, m := range s.FilterMetrics {
		fed[m.Name] = len(m.Patterns)
		assert.Equal(t, strings.HasSuffix(m.Name, "Failures"), m.Counts(contract.MetricAccepted), m.Name)
	}
	assert.Equal(t, 1, fed["Redriven"])
	assert.Equal(t, 2, fed["StripeFailures"], "by what failed and by what did not")
}

func TestIndexesHoldTheTablesKeysOnce(t *testing.T) {
	s, err := stack.Read("../../..")
	require.NoError(t, err)
	names := []string{}
	for _, i := range s.Table.Indexes {
		names = append(names, i.Name)
		assert.Contains(t, i.Attributes, contract.EventIDAttribute)
		assert.Contains(t, i.Attributes, "category")
		assert.NotContains(t, i.Attributes, "payload")
		assert.Len(t, i.Attributes, 3+len(contract.ListColumns()), "eventId, timestamp, the index's key and the columns")
	}
	assert.Equal(t, []string{contract.PaymentIndex, contract.DayIndex}, names)
}

func TestATemplateThatIsNotKnown(t *testing.T) {
	for _, row := range []struct{ why, text string }{
		{"it is no JSON", "{"},
		{"everything has another type now", `{"Resources":{"A":{"Type":"AWS::SQS::Queue","Properties":{}}}}`},
		{"a filter's metric would be counted as none",
			`{"Resources":{"A":{"Type":"AWS::Logs::MetricFilter","Properties":{"MetricTransformations":[{}]}}}}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			root := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(root, "out"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(root, "out", "stack.json"), []byte(row.text), 0o600))
			_, err := stack.Read(root)
			require.ErrorIs(t, err, stack.ErrTemplate)
		})
	}
}
