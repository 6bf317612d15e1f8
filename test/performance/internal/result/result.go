// Package result holds what was measured: the file that the commands write, and the
// pages and the plot that are made of it.
//
// Times are in milliseconds and sizes in bytes unless a name says otherwise.
package result

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Results are all measurements. A part that was not measured is nil.
type Results struct {
	Load      *Load
	Flood     *Flood
	ColdStart *ColdStart
	Sizes     *Sizes
	Compare   *Compare
}

// Machine says where, when and on what something was measured.
type Machine struct {
	CPU, Kernel, Go string
	Cores, MemoryGB int
	Date            string  // yyyy-mm-dd
	Revision        string  // of the repository
	LoadAverage     float64 // of the minute before: more than 0.5 of a machine that is shared
}

// Load is one open-loop run.
type Load struct {
	Machine       Machine `json:",omitzero"` // a part of another measurement has none
	Rate, Seconds float64 // requests a second, over all providers, and length of the measured window
	BodySize      int
	Seed          uint64
	// Functions are in the order in which a request meets them.
	Functions []Function
	// Request is authorizer and processor together. Late is by how much requests were
	// sent after their time.
	Request, Late Latency
	// Requests were sent, Accepted answered with 200, Messages are in the queue and
	// Items in the table. Nothing is lost when all are equal.
	Requests, Accepted, Messages, Items int
	// Repeats are further requests, all with one delivery, and Copies the messages of it.
	Repeats, Copies int `json:",omitempty"`
}

// Flood is one run of all providers but one, without and with a flood: one delivery of
// that provider, repeated Rate times a second.
type Flood struct {
	Machine       Machine
	Provider      string
	Rate          float64
	Without, With Load // of the other providers, without Functions
}

// Function is one function in a run.
type Function struct {
	Name                     string
	Invocations              int64
	Latency                  Latency
	CPU, LogBytes            float64 // of one invocation
	Memory                   int64   // the most that any environment had resident
	Environments, ColdStarts int     // the latter within the window
}

// Latency is a distribution. Curve has more percentiles, for the plot.
type Latency struct {
	Count                    int64
	P50, P90, P99, P999, Max float64
	Curve                    []Point `json:",omitempty"`
}

// Point is the time that a percentage of all stays within.
type Point struct{ Percent, Time float64 }

// ColdStart has a row for each program. Call is how long an AWS call takes.
type ColdStart struct {
	Machine  Machine
	Rounds   int
	Call     float64
	Programs []Program
}

// Program has one value of several processes of a program for each figure.
type Program struct {
	Name                string
	Init, InitCPU       float64 // until it asks for an invocation
	FirstCall, FirstCPU float64
	WarmCall, WarmCPU   float64
	Memory              float64
	Binary, Zip         int64
}

// Compare has two revisions, measured in turn, with Invocations of each process.
type Compare struct {
	Machine             Machine
	Base                string
	Rounds, Invocations int
	Functions           []Compared
}

// Compared is one function of both revisions.
type Compared struct{ Base, Head Program }

// Sizes are what a webhook becomes on its way.
type Sizes struct {
	Machine Machine
	Events  []Event
	Lines   Lines
}

// Event is one provider's webhook of one size: its body, also compressed, and what is
// made of it. Entries are in the indexes, by name; 0 is none.
type Event struct {
	Provider                                string
	Body, Message, Item, Response, Deflated int
	Entries                                 map[string]int
}

// Lines are what the functions log, means over the providers. A batch has ten messages.
type Lines struct {
	Processor, ProcessorRefused, AuthorizerRefused, ConsumerBatch, ConsumerSingle float64
}

// Read reads a file of results. If it does not exist, the error is os.ErrNotExist.
func Read(path string) (Results, error) {
	var r Results
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Update replaces the parts of the file at path that part has.
func Update(path string, part Results) error {
	r, err := Read(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	text, err := json.MarshalIndent(Results{
		Load: cmp.Or(part.Load, r.Load), Flood: cmp.Or(part.Flood, r.Flood), ColdStart: cmp.Or(part.ColdStart, r.ColdStart),
		Sizes: cmp.Or(part.Sizes, r.Sizes), Compare: cmp.Or(part.Compare, r.Compare),
	}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
