package pricing

import (
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/figures"
	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/performance/internal/stack"
)

// round is a model in round numbers: an authorizer of 5 ms, processors of 20 ms and a
// consumer of 50 ms for ten events, all with a whole vCPU; items of 3 KB with entries of
// two KB and one.
func round(t *testing.T) Model {
	t.Helper()
	f, err := figures.Read("../../figures.json")
	require.NoError(t, err)
	m := Model{
		prices: f.Prices, limits: f.LimitsByID(), durations: map[string]duration{},
		stack: stack.Stack{
			VisibilitySeconds: 300, LogDays: 30, Alarms: 10, Dashboards: 1, Secrets: 3, Keys: 1,
			Mappings: map[string]stack.Mapping{contract.ConsumerName: {BatchSize: 10, MaximumConcurrency: 50}},
			API:      stack.API{Methods: 3, ThrottleRate: 1000},
		},
		sizes: result.Sizes{Events: []result.Event{{Body: middle, Message: 4000, Item: 3 * kb, Entries: map[string]int{
			contract.PaymentIndex: kb + 1, contract.DayIndex: 300,
		}}}},
	}
	for name, wait := range map[string]float64{contract.AuthorizerName: 5, contract.ConsumerName: 50, contract.PublisherName: 200, "a": 20, "b": 20, "c": 20} {
		provider := ""
		if len(name) == 1 {
			provider = name
		}
		m.stack.Functions = append(m.stack.Functions, stack.Function{Name: name, Provider: provider, MemoryMB: vCPU})
		m.durations[name] = duration{wait: wait}
	}
	return m
}

func TestModel(t *testing.T) {
	m := round(t)
	m.stack.PublishingAlarms, m.published = 3, 1e6
	e, u, d, idle := m.event(middle, load{100, 10}), m.publish(topicPublish), duration{cpu: 1, wait: 10}, m.fixed()
	delete(idle, queueRequest)
	for _, row := range []struct {
		why       string
		want, got float64
	}{
		{"the item and two entries", 3 + 2 + 1, e[writeUnit]},
		{"a message is sent, and received and deleted in a batch", 1 + 2.0/10, e[queueRequest]},
		{"a batch of one", 3, m.event(middle, load{100, 1})[queueRequest]},
		{"two functions and a tenth of the consumer", 2 + 1.0/10, e[invocation]},
		{"5 % of the traces and the first of each second", 0.05 + 0.95*0.01, traced(100)[trace]},
		{"a month of nothing", 10*0.1 + 3 + 3*0.4 + 1, m.prices.cost(idle)},
		{"$0.625 a million", 1.25, m.prices.cost(usage{writeUnit: 2 * million})},
		{"the first million is free", 0.4, m.prices.free(usage{queueRequest: 5 * million})},
		{"publishing in a batch of 100", 0.01, u[invocation]},
		{"a hundredth of what a batch logs", (1e6 + lambdaLines(contract.PublisherName)) / 100 / gb, u["logs.ingest"]},
		{"one publish", 1, u[topicPublish]},
		{"three alarms; five metrics of three providers and of all", 3*0.1 + 20*0.3, m.prices.cost(m.publishing())},
		{"a share of a vCPU", 10 + vCPU/256.0, d.millis(256)},
		{"a second vCPU is of no use", 11, d.millis(2 * vCPU)},
		{"rounded up", 2 * (11 + rounding) / 1000, d.gbSeconds(2048)},
		{"Little's law", 5, m.busy(contract.AuthorizerName, 1000)},
		{"three processors", 20, m.busyProcessors(1000)},
		{"100 batches a second of 50 ms", 5, m.busyConsumers(1000)},
		{"2,100 invocations at ten for each unit, more than the 30 that are busy", 210, m.quota(1000)},
		{"1,000 authorizers for ten requests a second each, 1,000 in 10 s", 10, m.lambdaSeconds(10_000)},
	} {
		assert.InDelta(t, row.want, row.got, 1e-9, row.why)
	}
}

func TestReaches(t *testing.T) {
	all := round(t).reaches(middle)
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
		{"10,000 invocations a second, 2.1 for each event", "Lambda's invocations a second at the account's concurrency", 10_000 / 2.1, 10_000 / 2.1},
		{"1,000 at a time, 30 ms for each event", "Lambda's concurrency of the account", 1000 / 0.030, 1000 / 0.030},
		{"50 batches of ten in 50 ms", "MaximumConcurrency of the queue's poller", 10_000, 10_000},
		{"4,000 units, three for each", "a new table's writes", 4000.0 / 3, 4000.0 / 3},
		{"4,000 units, two for each in the larger index", "a new index's writes", 2000, 2000},
		{"16 partitions for each provider", "partitions of the index of days", 48_000, 16_000},
		{"120,000 messages that stay away for 300 s", "messages in flight while no event can be stored", 400, 400},
	} {
		assert.InEpsilon(t, row.evenly, by[row.what].evenly, 1e-9, row.why)
		assert.InEpsilon(t, row.alone, by[row.what].alone, 1e-9, row.why)
	}
}

// TestConstantsOfTheHandlers compares copies of unexported constants with their sources.
func TestConstantsOfTheHandlers(t *testing.T) {
	for file, constants := range map[string][]string{
		"secret/secret.go": {fmt.Sprintf("refreshAfter = %d * time.Minute\n", secretSeconds/60), fmt.Sprintf("refreshEvery = %d * time.Second\n", refreshSeconds)},
		"table/table.go":   {fmt.Sprintf("const dayShards = %d\n", dayShards)},
	} {
		text, err := os.ReadFile("../../../../handlers/aws/" + file)
		require.NoError(t, err)
		for _, c := range constants {
			assert.Contains(t, string(text), c)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	_, err := New(stack.Stack{}, result.Results{Load: &result.Load{}, Sizes: &result.Sizes{}, ColdStart: &result.ColdStart{}}, figures.Figures{})
	assert.ErrorIs(t, err, ErrMissing)
	assert.True(t, math.IsNaN(prices(nil).cost(usage{key: 1})), "a page with NaN fails TestPagesAreCurrent")
}
