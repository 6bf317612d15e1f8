package measured

// HotPaths are the paths of test/workload, timed with AWS in memory. Figures are
// of the fastest of some runs, since whatever else a machine does only adds.
type HotPaths struct {
	Machine Machine `json:"machine"`
	Runs    int     `json:"runs"`
	// Time is how long each run takes, as go test -benchtime has it.
	Time  string    `json:"time"`
	Paths []HotPath `json:"paths"`
}

// HotPath is one of them.
type HotPath struct {
	Name string    `json:"name"` // package workload's
	Work Operation `json:"work"`
	// Floor is the part of the work that no code could do without, where there
	// is one.
	Floor *Operation `json:"floor,omitempty"`
}

// Operation is what one operation takes.
type Operation struct {
	Nanoseconds float64 `json:"nanoseconds"`
	Bytes       float64 `json:"bytes"`
	Allocations float64 `json:"allocations"`
}
