package bill

import "math"

// Duration is how long an invocation of a function takes. A consumer's is of a
// full batch.
type Duration struct {
	// CPUMS is the processor time, in ms at the speed of one vCPU.
	CPUMS float64
	// WaitMS is the time spent waiting for AWS services.
	WaitMS float64
	// InitMS is the start of an environment, with a whole vCPU; of a processor, the
	// wait for its secret with it.
	InitMS float64
	// FirstCPUMS is the processor time that an environment's first call takes
	// beside what every call does.
	FirstCPUMS float64
	// PeakMB is the most memory that was in use.
	PeakMB float64
}

// VCPUMB is the memory at which a function has a whole vCPU (Lambda Developer
// Guide, "Configure Lambda function memory").
const VCPUMB = 1769

// rounding is what rounding up to a whole millisecond adds on average.
const rounding = 0.5

// BilledMS is what is billed of an invocation with that much memory. It is an
// upper bound: the CPU's share is counted as if Lambda spread it evenly, while
// work that is shorter than a time slice may have the whole CPU. More than one
// vCPU is of no use to a single request.
func (d Duration) BilledMS(memoryMB float64) float64 {
	return d.Millis(memoryMB) + rounding
}

// Millis is how long it takes with that much memory.
func (d Duration) Millis(memoryMB float64) float64 {
	return d.WaitMS + d.CPUMS*math.Max(1, VCPUMB/memoryMB)
}

// FirstMillis is by how much the first call is longer with that much memory.
func (d Duration) FirstMillis(memoryMB float64) float64 {
	return Duration{CPUMS: d.FirstCPUMS}.Millis(memoryMB)
}

// GBSeconds are those of one invocation.
func (d Duration) GBSeconds(memoryMB float64) float64 {
	return memoryMB / 1024 * d.BilledMS(memoryMB) / 1000
}

// Concurrency is how many environments that many invocations a second keep
// busy on average (Little's law).
func (d Duration) Concurrency(perSecond, memoryMB float64) float64 {
	return perSecond * d.Millis(memoryMB) / 1000
}
