package bill

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/measured"
)

// ErrMeasured is a file of results that lacks what a bill needs.
var ErrMeasured = errors.New("measured durations")

// Durations are those of the run with AWS at its published latencies, and starts
// and first calls from the runs of cold starts. The error is ErrMeasured.
//
// Waiting is the median's, times what the published tail of the function's AWS
// call adds to a mean: the measured tail is that of a machine that runs
// hundreds of environments on a few cores, which nobody is billed for.
func Durations(r measured.Results) (map[string]Duration, error) {
	durations := map[string]Duration{}
	for _, load := range r.Load {
		if load.AWSFactor != 1 {
			continue
		}
		for _, f := range load.Functions {
			durations[f.Name] = Duration{
				CPUMS:  f.CPU,
				WaitMS: math.Max(0, f.Latency.P50-f.CPU) * tail(load.AWS, f.Name),
				InitMS: f.Init.P50,
				PeakMB: float64(f.PeakMemory) / (1 << 20),
			}
		}
	}
	if d, known := durations[contract.ConsumerName]; known && r.Batch != nil {
		// Batches of a load run are as large as they come.
		d.CPUMS = r.Batch.CPUTen
		durations[contract.ConsumerName] = d
	}
	if r.ColdStart != nil {
		for _, program := range r.ColdStart.Programs {
			if d, known := durations[program.Name]; known {
				d.InitMS = program.Init + secretWait(r, program.Name)
				d.FirstCPUMS = firstCPU(program, d, r.Batch)
				durations[program.Name] = d
			}
		}
	}
	for _, name := range functions() {
		if d := durations[name]; d.CPUMS <= 0 || d.InitMS <= 0 {
			return nil, fmt.Errorf("%w: no run at AWS's published latencies has %s", ErrMeasured, name)
		}
	}
	return durations, nil
}

// single is the consumer's duration with a batch of one. It is that of a full
// batch where this was not measured.
func single(full Duration, r measured.Results) Duration {
	if r.Batch == nil {
		return full
	}
	full.CPUMS, full.WaitMS = r.Batch.CPUOne, math.Max(0, r.Batch.One.P50-r.Batch.CPUOne)
	return full
}

// firstCPU is what a first call takes beside a usual one's CPU. The consumer's
// first call is of a batch of one.
func firstCPU(program measured.ColdProgram, usual Duration, batch *measured.Batch) float64 {
	if program.Name == contract.ConsumerName && batch != nil {
		usual.CPUMS = batch.CPUOne
	}
	return math.Max(0, program.FirstCPU-usual.CPUMS)
}

// functions are those that every event meets.
func functions() []string {
	names := []string{contract.AuthorizerName, contract.ConsumerName}
	for _, p := range contract.Providers() {
		names = append(names, contract.ProcessorName(p))
	}
	return names
}

// secretWait is by how much the start of a processor, which waits for its secret,
// is longer on average than the measured one; no other function has a secret.
func secretWait(r measured.Results, function string) float64 {
	if !slices.ContainsFunc(contract.Providers(), func(p contract.Provider) bool { return function == contract.ProcessorName(p) }) {
		return 0
	}
	for _, load := range r.Load {
		for _, call := range load.AWS {
			if load.AWSFactor == 1 && call.Name == "secretsmanager.GetSecretValue" {
				return call.P50*Tail(call) - r.ColdStart.Call
			}
		}
	}
	return 0
}

// tail is the mean over the median of the AWS call that a function waits for:
// 1 for one that waits for none.
func tail(calls []measured.Call, function string) float64 {
	waitsFor := map[string]string{contract.ConsumerName: "dynamodb.PutItem"}
	for _, p := range contract.Providers() {
		waitsFor[contract.ProcessorName(p)] = "sqs.SendMessage"
	}
	for _, call := range calls {
		if call.Name == waitsFor[function] {
			return Tail(call)
		}
	}
	return 1
}

// Tail is the mean over the median of a latency that is log-normal, as
// test/load draws them.
func Tail(call measured.Call) float64 {
	const p99 = 2.3263 // of the standard normal distribution
	sigma := math.Log(call.P99/call.P50) / p99
	return math.Exp(sigma * sigma / 2)
}
