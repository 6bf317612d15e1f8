package bill_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/measured"
)

// flat is always the same.
func flat(ms float64) measured.Latency {
	return measured.Latency{P50: ms, P90: ms, P99: ms, P999: ms, Max: ms}
}

func TestTail(t *testing.T) {
	for _, row := range []struct {
		why  string
		call measured.Call
		want float64
	}{
		{"no tail: the mean is the median", measured.Call{P50: 10, P99: 10}, 1},
		{"e times the median at 2.3263 deviations: sigma is 1/2.3263", measured.Call{P50: 1, P99: 2.718281828}, 1.09680},
	} {
		t.Run(row.why, func(t *testing.T) { assert.InDelta(t, row.want, bill.Tail(row.call), 1e-4) })
	}
}

func TestDurations(t *testing.T) {
	names := []string{contract.AuthorizerName, contract.ConsumerName}
	for _, p := range contract.Providers() {
		names = append(names, contract.ProcessorName(p))
	}
	run := func(factor, ms float64) measured.Load {
		load := measured.Load{AWSFactor: factor, AWS: []measured.Call{
			{Name: "dynamodb.PutItem", P50: 9, P99: 20}, {Name: "secretsmanager.GetSecretValue", P50: 170, P99: 170},
		}}
		for _, name := range names {
			load.Functions = append(load.Functions, measured.Function{Name: name, CPU: 1, Latency: flat(ms), Init: flat(30), PeakMemory: 20 << 20})
		}
		return load
	}
	results := measured.Results{
		Load:      []measured.Load{run(0, 2), run(1, 20), run(3, 60)},
		ColdStart: &measured.ColdStart{Programs: []measured.ColdProgram{{Name: "hello", Init: 3}, {Name: contract.ConsumerName, Init: 10, FirstCPU: 5}, {Name: contract.ProcessorName(contract.Stripe()), Init: 10}}, Call: 5},
	}

	durations, err := bill.Durations(results)
	require.NoError(t, err)
	assert.Equal(t, bill.Duration{CPUMS: 1, WaitMS: 19, InitMS: 30, PeakMB: 20}, durations[contract.AuthorizerName], "the run at AWS's own latencies")
	assert.InDelta(t, 19*bill.Tail(results.Load[1].AWS[0]), durations[contract.ConsumerName].WaitMS, 1e-9, "with the tail of its writes")
	assert.InDelta(t, 10, durations[contract.ConsumerName].InitMS, 0, "of a process that had the machine to itself")
	assert.NotContains(t, durations, "hello")
	assert.InDelta(t, 5-1, durations[contract.ConsumerName].FirstCPUMS, 1e-9, "without what every call takes")
	assert.InDelta(t, 10+170-5, durations[contract.ProcessorName(contract.Stripe())].InitMS, 1e-9, "it waits for its secret at the published latency")

	results.Batch = &measured.Batch{CPUOne: 2, CPUTen: 4}
	durations, err = bill.Durations(results)
	require.NoError(t, err)
	assert.InDelta(t, 4, durations[contract.ConsumerName].CPUMS, 0, "of a full batch, whatever the load run's were")
	assert.InDelta(t, 5-2, durations[contract.ConsumerName].FirstCPUMS, 1e-9, "the first call was of a batch of one")

	_, err = bill.Durations(measured.Results{Load: results.Load[2:]})
	require.ErrorIs(t, err, bill.ErrMeasured, "three times AWS's latencies are not what is billed")
}
