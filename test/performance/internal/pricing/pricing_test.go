package pricing

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	secretcache "github.com/paysluice/paysluice/handlers/aws/secret"
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
			VisibilitySeconds: 300, LogDays: 30, DataKeySeconds: 300, Alarms: 10, Dashboards: 1, Secrets: 3, Keys: 1,
			Mappings: map[string]stack.Mapping{contract.ConsumerName: {BatchSize: 10, MaximumConcurrency: 50}},
			API:      stack.API{Methods: 3, ThrottleRate: 1000, Traced: true},
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

func TestUsage(t *testing.T) {
	m := round(t)
	e := m.event(middle, load{100, 10})
	assert.InDelta(t, 3+2+1, e[writeUnit], 1e-9, "the item and two entries")
	assert.InDelta(t, 1+2.0/10, e[queueRequest], 1e-9, "sent, and received and deleted in a batch")
	assert.InDelta(t, 2+1.0/10, e[invocation], 1e-9)
	assert.InDelta(t, 0.05+0.95*0.01, e[trace], 1e-9, "5 % and the first of each second")
	single := m.event(middle, load{100, 1})
	assert.InDelta(t, 3, single[queueRequest], 1e-9)
	month := m.fixed()
	delete(month, queueRequest)
	assert.InDelta(t, 10*0.1+3+3*0.4+1, m.prices.cost(month), 1e-9, "a month of nothing")
	assert.InDelta(t, 1.25, m.prices.cost(usage{writeUnit: 2 * million}), 1e-9, "$0.625 a million")
	assert.InDelta(t, 0.4, m.prices.free(usage{queueRequest: 5 * million}), 1e-9, "the first million is free")
}

func TestPublishing(t *testing.T) {
	m := round(t)
	m.stack.PublishingAlarms, m.published = 3, 1e6
	u := m.publish(topicPublish)
	assert.InDelta(t, 0.01, u[invocation], 1e-9, "a batch of 100")
	assert.InDelta(t, 1e4/gb, u["logs.ingest"], 1e3/gb, "a hundredth of what a batch logs")
	assert.InDelta(t, 1, u[topicPublish], 1e-9)
	assert.InDelta(t, 0.5, m.prices.cost(usage{topicPublish: million}), 1e-9)
	assert.InDelta(t, 3*0.1+20*0.3, m.prices.cost(m.publishing()), 1e-9, "three alarms; five metrics of three providers and of all")
}

func TestDuration(t *testing.T) {
	d := duration{cpu: 1, wait: 10}
	assert.InDelta(t, 10+vCPU/256.0, d.millis(256), 1e-9, "a share of a vCPU")
	assert.InDelta(t, 11, d.millis(2*vCPU), 1e-9, "a second vCPU is of no use")
	assert.InDelta(t, 2*(11+rounding)/1000, duration{cpu: 1, wait: 10}.gbSeconds(2048), 1e-9)
}

func TestNeeds(t *testing.T) {
	m := round(t)
	assert.InDelta(t, 5, m.busy(contract.AuthorizerName, 1000), 1e-9, "Little's law")
	assert.InDelta(t, 20, m.busyProcessors(1000), 1e-9)
	assert.InDelta(t, 5, m.busyConsumers(1000), 1e-9, "100 batches a second of 50 ms")
	assert.InDelta(t, 210, m.quota(1000), 1e-9, "2,100 invocations at ten for each unit, more than the 30 that are busy")
	assert.InDelta(t, 10, m.lambdaSeconds(10_000), 1e-9, "1,000 authorizers for ten requests a second each, 1,000 in 10 s")
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
		t.Run(row.why, func(t *testing.T) {
			require.Contains(t, by, row.what)
			assert.InEpsilon(t, row.evenly, by[row.what].evenly, 1e-9)
			assert.InEpsilon(t, row.alone, by[row.what].alone, 1e-9)
		})
	}
}

// TestSecretSeconds compares the constants with the cache of secrets.
func TestSecretSeconds(t *testing.T) {
	for _, row := range []struct {
		why     string
		forged  bool
		seconds float64
	}{{"webhooks that are genuine", false, secretSeconds}, {"forged ones", true, refreshSeconds}} {
		t.Run(row.why, func(t *testing.T) {
			const hour = 3600
			reads, at := 0, time.Unix(1_780_000_000, 0)
			read := func(context.Context) ([]byte, error) { reads++; return []byte("s"), nil }
			parse := func(document []byte) (string, error) { return string(document), nil }
			cache := secretcache.New(read, parse, func() time.Time { return at }, func(context.Context, error) {})
			for range hour {
				_, err := cache.Get(t.Context())
				require.NoError(t, err)
				if row.forged {
					cache.Refresh(t.Context())
				}
				at = at.Add(time.Second)
			}
			assert.InEpsilon(t, hour/row.seconds, reads, 0.1)
		})
	}
}

func TestNewRefuses(t *testing.T) {
	_, err := New(stack.Stack{}, result.Results{Load: &result.Load{}, Sizes: &result.Sizes{}, ColdStart: &result.ColdStart{}}, figures.Figures{})
	assert.ErrorIs(t, err, ErrMissing)
	assert.True(t, math.IsNaN(prices(nil).cost(usage{key: 1})), "a page with NaN fails TestPagesAreCurrent")
	assert.True(t, math.IsNaN(Model{}.limit(apiRate)))
}
