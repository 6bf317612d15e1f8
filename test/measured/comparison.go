package measured

// Batch compares the consumer's batch of ten with a batch of one, each write
// taking the same fixed time.
type Batch struct {
	Machine Machine `json:"machine"`
	Write   float64 `json:"write"` // the fixed latency of a write
	One     Latency `json:"one"`
	Ten     Latency `json:"ten"`
	// CPU is of an invocation.
	CPUOne float64 `json:"cpuOne"`
	CPUTen float64 `json:"cpuTen"`
}

// Comparison has every program of one run.
type Comparison struct {
	Machine      Machine `json:"machine"`
	Environments int     `json:"environments"` // of each program flat out
	Rounds       int     `json:"rounds"`       // interleaved; figures are medians
	Seconds      float64 `json:"seconds"`      // of each round
	// Rate is of Steady, requests a second, with AWS calls of Call ms.
	Rate     float64   `json:"rate"`
	Call     float64   `json:"call"`
	Programs []Program `json:"programs"`
}

// Program is one program of a comparison.
type Program struct {
	Name string `json:"name"` // hello, naive or a function's
	// FlatOut is with as many requests as the environments take, and an AWS
	// that answers at once.
	FlatOut FlatOut `json:"flatOut"`
	// Steady is at Comparison's rate.
	Steady Steady `json:"steady"`
}

// FlatOut is the most that a program takes.
type FlatOut struct {
	PerSecond  float64 `json:"perSecond"`
	P99        float64 `json:"p99"`
	CPU        float64 `json:"cpu"`
	HarnessCPU float64 `json:"harnessCPU"`
	PeakMemory int64   `json:"peakMemory"`
	// Connections are TLS handshakes with AWS for 1,000 invocations, once the
	// environments are warm.
	Connections float64 `json:"connections"`
}

// Steady is a program at a low rate.
type Steady struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	CPU float64 `json:"cpu"`
}

// Allocations are bytes on the heap for one invocation.
type Allocations struct {
	Machine Machine `json:"machine"`
	// Programs are sorted by name.
	Programs []Allocation `json:"programs"`
}

// Allocation is of one program.
type Allocation struct {
	Name        string  `json:"name"`
	Invocations int     `json:"invocations"`
	Bytes       float64 `json:"bytes"`
}
