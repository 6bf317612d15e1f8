package scaling

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/cost/sizes"
	"github.com/paysluice/paysluice/test/cost/stack"
)

// simple is a plan in round numbers: an authorizer of 5 ms, processors of 20 ms,
// a consumer of 50 ms for ten events, all with a whole vCPU.
func simple(t *testing.T) plan {
	t.Helper()
	l, err := readLimits("limits.json")
	require.NoError(t, err)
	whole := stack.Function{MemoryMB: bill.VCPUMB}
	functions := map[string]stack.Function{contract.AuthorizerName: whole, contract.ConsumerName: whole}
	durations := map[string]bill.Duration{contract.AuthorizerName: {WaitMS: 5}, contract.ConsumerName: {WaitMS: 50}}
	for _, of := range contract.Providers() {
		functions[contract.ProcessorName(of)], durations[contract.ProcessorName(of)] = whole, bill.Duration{WaitMS: 20}
	}
	event := sizes.Event{Body: middle(), Item: 3 * sizes.KB, Indexes: []sizes.Index{
		{Name: contract.PaymentIndex, Bytes: sizes.KB + 1}, {Name: contract.DayIndex, Bytes: 300},
	}}
	return plan{limits: l, Inputs: bill.Inputs{Model: bill.Model{
		Stack: stack.Stack{
			Functions: functions, VisibilitySeconds: 300,
			Mappings: []stack.Mapping{{Function: contract.ConsumerName, BatchSize: 10, MaximumConcurrency: 50}},
			API:      stack.API{Methods: 3, ThrottleRate: 1000},
		},
		Sizes:     sizes.Sizes{Events: []sizes.Event{event}, DayShards: 16, SecretReads: 1.0 / 240, SecretRefreshes: 0.1},
		Durations: durations,
	}}}
}

// Little's law: what is busy is the rate times the time.
func TestBusy(t *testing.T) {
	p := simple(t)
	assert.InDelta(t, 5, p.busy(contract.AuthorizerName, 1000), 1e-9)
	assert.InDelta(t, 20, p.busyProcessors(1000), 1e-9, "a third of the events each, together as one")
	assert.InDelta(t, 5, p.busyConsumers(1000), 1e-9, "100 batches a second of 50 ms")
	assert.InDelta(t, 30, p.concurrency(1000), 1e-9)
}

func TestQuota(t *testing.T) {
	p := simple(t)
	assert.InDelta(t, 210, p.quota(1000), 1e-9, "2,100 invocations a second at ten for each unit are more than the 30 that are busy")

	slow := p.Durations[contract.AuthorizerName]
	slow.WaitMS = 1000
	p.Durations[contract.AuthorizerName] = slow
	assert.InDelta(t, 1025, p.quota(1000), 1e-9, "a function of a second is bounded by what is busy")
}

func TestShards(t *testing.T) {
	p := simple(t)
	for _, row := range []struct {
		why        string
		ofProvider float64
		want       float64
	}{
		{"a partition takes 1,000", 1000, 1},
		{"one more needs another", 1001, 2},
		{"a third of 100,000", 100_000.0 / 3, 34},
	} {
		t.Run(row.why, func(t *testing.T) { assert.InDelta(t, row.want, p.shards(row.ofProvider, middle()), 0) })
	}
}

func TestRamps(t *testing.T) {
	p := simple(t)
	assert.InDelta(t, 10, p.lambdaSeconds(10_000), 1e-9, "1,000 authorizers for ten requests a second each, 1,000 in 10 s")
	assert.InDelta(t, 9, p.pollerSeconds(10_000), 1e-9, "45 more than five, 300 a minute")
	assert.Zero(t, p.pollerSeconds(10), "it has five")
}

func TestReaches(t *testing.T) {
	all := simple(t).reaches(middle())
	by := map[string]reach{}
	for i, r := range all {
		by[r.what] = r
		assert.NotEmpty(t, r.raised, r.what)
		if i > 0 {
			assert.LessOrEqual(t, all[i-1].evenly, r.evenly, "the first that is reached comes first")
		}
	}
	for _, row := range []struct {
		why, what     string
		evenly, alone float64
	}{
		{"1,000 a second for each of three methods", "the stage's throttle of a method", 3000, 1000},
		{"10,000 invocations a second, 2.1 for each event", "Lambda's invocations a second, at the account's concurrency", 10_000 / 2.1, 10_000 / 2.1},
		{"1,000 at a time, 30 ms for each event", "Lambda's concurrency of the account", 1000 / 0.030, 1000 / 0.030},
		{"50 batches of ten in 50 ms", "MaximumConcurrency of the queue's poller", 10_000, 10_000},
		{"4,000 units, three for each", "a new table's writes", 4000.0 / 3, 4000.0 / 3},
		{"4,000 units, two for each in the index that takes most", "a new index's writes", 2000, 2000},
		{"16 partitions for each provider", "partitions of the index of days", 48_000, 16_000},
		{"120,000 messages that stay away for 300 s", "messages in flight while no event can be stored", 400, 400},
		{"20 ms of a processor for each event, and a reading every 240 s", "Secrets Manager, at a steady load", 10_000 * 240 / 0.020, 10_000 * 240 / 0.020},
	} {
		t.Run(row.why, func(t *testing.T) {
			require.Contains(t, by, row.what)
			assert.InDelta(t, row.evenly, by[row.what].evenly, 1e-6*row.evenly)
			assert.InDelta(t, row.alone, by[row.what].alone, 1e-6*row.alone)
		})
	}
}

// What only trouble reaches is no limit of a load.
func TestSteps(t *testing.T) {
	p := simple(t)
	table := stepTable(p)
	reached := 0
	for _, r := range p.reaches(middle()) {
		if r.inTrouble {
			assert.NotContains(t, table, r.what)
		} else if r.evenly <= steps()[len(steps())-1] {
			assert.Contains(t, table, r.what)
			reached++
		}
	}
	assert.Positive(t, reached)
}

func TestReadLimits(t *testing.T) {
	for _, row := range []struct{ why, text string }{
		{"it is no JSON", "{"},
		{"a limit that is not there would be none", `{"limits":[]}`},
		{"one without a source is somebody's memory", `{"limits":[{"id":"api.rate","value":10000}]}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "limits.json")
			require.NoError(t, os.WriteFile(file, []byte(row.text), 0o600))
			_, err := readLimits(file)
			require.ErrorIs(t, err, errLimits)
		})
	}
}

func TestUp(t *testing.T) {
	for _, row := range []struct {
		why  string
		n    float64
		want string
	}{
		{"nothing", 0, "0"},
		{"a part is a whole one", 0.1, "1"},
		{"not for a rounding error", 1000.0000000001, "1,000"},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, up(row.n)) })
	}
}
