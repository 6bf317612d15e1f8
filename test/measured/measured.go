// Package measured holds what the load harness has measured: one file of
// results, written by make load and its like, from which the tables in
// docs/performance.md are made and which other computations read.
//
// Times are milliseconds, sizes bytes, unless a name says otherwise.
package measured

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// File is where the results are committed, from the repository's root.
const File = "test/load/results.json"

// Results are all that was measured. A part that was not measured is absent.
type Results struct {
	// Load has an open-loop run for each speed of AWS.
	Load []Load `json:"load,omitempty"`
	// Batch compares a consumer's batch with one write.
	Batch *Batch `json:"batch,omitempty"`
	// Comparison has the processor beside the two programs to compare with.
	Comparison *Comparison `json:"comparison,omitempty"`
	// Allocations are by function.
	Allocations *Allocations `json:"allocations,omitempty"`
	// ColdStart is make coldstart's.
	ColdStart *ColdStart `json:"coldStart,omitempty"`
	// Ablation is make ablation's, Profile make profile's.
	Ablation *Ablation `json:"ablation,omitempty"`
	Profile  *Profile  `json:"profile,omitempty"`
	// HotPaths is make bench's.
	HotPaths *HotPaths `json:"hotPaths,omitempty"`
}

// Machine is what something was measured on.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	MemoryGB int    `json:"memoryGB"`
	Kernel   string `json:"kernel"`
	Go       string `json:"go"`
	Date     string `json:"date"` // yyyy-mm-dd
	// CodeVersion is that of the zips.
	CodeVersion string `json:"codeVersion"`
}

// Load is one open-loop run.
type Load struct {
	Machine  Machine `json:"machine"`
	Rate     float64 `json:"rate"`     // requests a second, over all providers
	Seconds  float64 `json:"seconds"`  // of the measured window
	Warmup   float64 `json:"warmup"`   // seconds of a growing rate before
	Arrivals string  `json:"arrivals"` // poisson or even
	Seed     uint64  `json:"seed"`     // of what was drawn: when requests came, and whose
	// AWSFactor multiplies the published latencies; 0 is an AWS that answers
	// at once.
	AWSFactor float64 `json:"awsFactor"`
	// AWS is what the calls were drawn from.
	AWS []Call `json:"aws"`
	// Functions are sorted by what a request meets first.
	Functions []Function `json:"functions"`
	// Processors are all processors together.
	Processors Latency `json:"processors"`
	// Request is authorizer and processor together, as one request.
	Request Latency `json:"request"`
	Counts  Counts  `json:"counts"`
	Harness Harness `json:"harness"`
}

// Call is an AWS call's latency.
type Call struct {
	Name string  `json:"name"`
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
}

// Function is one function in a run.
type Function struct {
	Name string `json:"name"` // handlers/contract's
	// MemorySize is the template's, in MB. It does not bound anything here.
	MemorySize  int     `json:"memorySize"`
	Invocations int64   `json:"invocations"`
	Latency     Latency `json:"latency"`
	// CPU is user and system time of one invocation, the start of environments
	// within the window included.
	CPU float64 `json:"cpu"`
	// LogBytes are what one invocation writes.
	LogBytes float64 `json:"logBytes"`
	// PeakMemory is of the environment that used most.
	PeakMemory int64 `json:"peakMemory"`
	// Init is from the process's start to its first request for an invocation,
	// on a machine that is under load.
	Init Latency `json:"init"`
	// Environments are those that had been started at the end; ColdStarts those
	// of them that were started within the window, each by an invocation.
	Environments int `json:"environments"`
	ColdStarts   int `json:"coldStarts"`
	// Busiest is the most invocations at one time, within the window.
	Busiest int `json:"busiest"`
}

// Latency is a distribution of times.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
	// Curve has the time at more percentiles, for a plot.
	Curve []Point `json:"curve,omitempty"`
}

// Point is the time that a percentage of all stays within.
type Point struct {
	Percent float64 `json:"percent"`
	Time    float64 `json:"time"`
}

// Counts are of a whole run, warm-up included. Nothing is lost when all four
// are equal.
type Counts struct {
	Requests int `json:"requests"`
	Accepted int `json:"accepted"` // answered as they must be
	Messages int `json:"messages"` // in the queue
	Items    int `json:"items"`    // distinct ones in the table
}

// Harness is what the measuring itself took.
type Harness struct {
	// CPU is the harness's own time, AWS stub and Runtime API included, for
	// each request.
	CPU float64 `json:"cpu"`
	// Late is by how much requests were sent after their time. Latencies
	// include it.
	Late Latency `json:"late"`
	// Busy is the share of all cores that harness and functions used.
	Busy float64 `json:"busy"`
}

// Errors of Read, by class.
var ErrNotResults = errors.New("not a file of results")

// Read reads a file of results. One that is not there is os.ErrNotExist.
func Read(path string) (Results, error) {
	var r Results
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("%s: %w: %w", path, ErrNotResults, err)
	}
	return r, nil
}

// Write writes a file of results.
func (r Results) Write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
