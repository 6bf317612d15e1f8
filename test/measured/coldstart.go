package measured

// ColdStart has every program's first steps, from processes that were started
// one at a time in turn.
type ColdStart struct {
	Machine Machine `json:"machine"`
	Rounds  int     `json:"rounds"` // figures are medians over them
	// Call is what each AWS call took, ms.
	Call     float64       `json:"call"`
	Programs []ColdProgram `json:"programs"`
}

// ColdProgram is one program, as ColdStart has it.
type ColdProgram struct {
	Name string `json:"name"` // hello, naive or a function's
	// Init is from the process's start to its first request for an invocation.
	Init float64 `json:"init"`
	// Answer is from the process's start to its first answer, when the first
	// invocation waits for it.
	Answer float64 `json:"answer"`
	// FirstCall is the first invocation alone, when it comes at the end of
	// init, as on Lambda; WarmCall is one after many.
	FirstCall float64 `json:"firstCall"`
	WarmCall  float64 `json:"warmCall"`
	// InitCPU and FirstCPU are the CPU of init and of the first call.
	InitCPU  float64 `json:"initCPU"`
	FirstCPU float64 `json:"firstCPU"`
	// Memory is the most that was resident.
	Memory int64 `json:"memory"`
	// BinarySize and ZipSize are in bytes.
	BinarySize int64 `json:"binarySize"`
	ZipSize    int64 `json:"zipSize"`
	// PackageInit is what package initialisation took in all, and Packages the
	// ten that took most (GODEBUG=inittrace=1).
	PackageInit float64       `json:"packageInit"`
	Packages    []PackageInit `json:"packages"`
	// Steps are what happened at AWS, in order, from the process's start on.
	Steps []Step `json:"steps,omitempty"`
}

// PackageInit is what the initialisation of one package took.
type PackageInit struct {
	Package string  `json:"package"`
	Time    float64 `json:"time"`
	Bytes   int64   `json:"bytes"`
}

// Step is something that happened in a cold start.
type Step struct {
	What string `json:"what"`
	// At is when, from the process's start.
	At float64 `json:"at"`
}
