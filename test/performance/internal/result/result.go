// Package result holds what was measured: the file that the commands write, and the
// pages and the plot that are made of it.
//
// Times are in milliseconds and sizes in bytes unless a name says otherwise.
package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// ErrFile is returned for a file of results of another shape.
var ErrFile = errors.New("not a file of results")

// Results are all measurements. A part that was not measured is absent.
type Results struct {
	Load      *Load      `json:"load,omitempty"`
	ColdStart *ColdStart `json:"coldStart,omitempty"`
	Sizes     *Sizes     `json:"sizes,omitempty"`
	Compare   *Compare   `json:"compare,omitempty"`
}

// Machine says where, when and on what something was measured.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	MemoryGB int    `json:"memoryGB"`
	Kernel   string `json:"kernel"`
	Go       string `json:"go"`
	Date     string `json:"date"`     // yyyy-mm-dd
	Revision string `json:"revision"` // of the repository
	// LoadAverage is that of the minute before: more than 0.5 of a machine that is shared.
	LoadAverage float64 `json:"loadAverage"`
}

// Load is one open-loop run.
type Load struct {
	Machine  Machine `json:"machine"`
	Rate     float64 `json:"rate"`    // requests a second, over all providers
	Seconds  float64 `json:"seconds"` // of the measured window
	BodySize int     `json:"bodySize"`
	Seed     uint64  `json:"seed"`
	// Functions are in the order in which a request meets them.
	Functions []Function `json:"functions"`
	// Request is authorizer and processor together.
	Request Latency `json:"request"`
	// Requests were sent, Accepted answered with 200, Messages are in the queue and
	// Items in the table. Nothing is lost when all are equal.
	Requests, Accepted, Messages, Items int
	// HarnessCPU is the harness's own for each request, stub and Runtime API included.
	HarnessCPU float64 `json:"harnessCPU"`
	// Late is by how much requests were sent after their time.
	Late Latency `json:"late"`
	// Busy is the share of all cores that harness and functions used.
	Busy float64 `json:"busy"`
}

// Function is one function in a run.
type Function struct {
	Name        string  `json:"name"`
	Invocations int64   `json:"invocations"`
	Latency     Latency `json:"latency"`
	CPU         float64 `json:"cpu"` // user and system, of one invocation
	LogBytes    float64 `json:"logBytes"`
	// Memory is the most that any environment had resident.
	Memory       int64 `json:"memory"`
	Environments int   `json:"environments"`
	ColdStarts   int   `json:"coldStarts"` // within the window
}

// Latency is a distribution.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
	// Curve has more percentiles, for the plot.
	Curve []Point `json:"curve,omitempty"`
}

// Point is the time that a percentage of all stays within.
type Point struct {
	Percent float64 `json:"percent"`
	Time    float64 `json:"time"`
}

// ColdStart has a row for each program.
type ColdStart struct {
	Machine  Machine   `json:"machine"`
	Rounds   int       `json:"rounds"`
	Call     float64   `json:"call"` // what an AWS call takes
	Programs []Program `json:"programs"`
}

// Program is one program: medians over processes.
type Program struct {
	Name      string  `json:"name"`
	Init      float64 `json:"init"` // until it asks for an invocation
	InitCPU   float64 `json:"initCPU"`
	FirstCall float64 `json:"firstCall"`
	FirstCPU  float64 `json:"firstCPU"`
	WarmCall  float64 `json:"warmCall"`
	WarmCPU   float64 `json:"warmCPU"`
	Memory    float64 `json:"memory"`
	Binary    int64   `json:"binary"`
	Zip       int64   `json:"zip"`
}

// Compare has two revisions, measured in turn.
type Compare struct {
	Machine     Machine    `json:"machine"`
	Base        string     `json:"base"`
	Rounds      int        `json:"rounds"`
	Invocations int        `json:"invocations"` // of each process
	Functions   []Compared `json:"functions"`
}

// Compared is one function of both revisions.
type Compared struct {
	Base Program `json:"base"`
	Head Program `json:"head"`
}

// Sizes are what a webhook becomes on its way.
type Sizes struct {
	Machine Machine `json:"machine"`
	Events  []Event `json:"events"`
	Lines   Lines   `json:"lines"`
}

// Event is one provider's webhook of one size.
type Event struct {
	Provider string `json:"provider"`
	Body     int    `json:"body"`
	Message  int    `json:"message"`
	Item     int    `json:"item"`
	// Entries are the item's in the indexes, by name; 0 is none.
	Entries  map[string]int `json:"entries"`
	Response int            `json:"response"`
	// Deflated is the size of such a body after compression.
	Deflated int `json:"deflated"`
}

// Lines are what the functions log, means over the providers.
type Lines struct {
	Processor         float64 `json:"processor"`
	ProcessorRefused  float64 `json:"processorRefused"`
	AuthorizerRefused float64 `json:"authorizerRefused"`
	ConsumerBatch     float64 `json:"consumerBatch"` // of ten
	ConsumerSingle    float64 `json:"consumerSingle"`
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
		return r, fmt.Errorf("%w: %s: %w", ErrFile, path, err)
	}
	return r, nil
}

// Update replaces the parts of the file at path that part has.
func Update(path string, part Results) error {
	r, err := Read(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if part.Load != nil {
		r.Load = part.Load
	}
	if part.ColdStart != nil {
		r.ColdStart = part.ColdStart
	}
	if part.Sizes != nil {
		r.Sizes = part.Sizes
	}
	if part.Compare != nil {
		r.Compare = part.Compare
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
