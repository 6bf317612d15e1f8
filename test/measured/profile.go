package measured

// Profile says where CPU time goes.
type Profile struct {
	Machine      Machine `json:"machine"`
	Environments int     `json:"environments"` // of each function flat out
	Seconds      float64 `json:"seconds"`      // of each environment's profile
	// Functions are whole functions, flat out; Handlers what is in them beside
	// the Lambda runtime and the network.
	Functions []Profiled `json:"functions"`
	Handlers  []Profiled `json:"handlers"`
}

// Profiled is where the CPU time of one program goes.
type Profiled struct {
	Name string `json:"name"` // the function's
	// Time is the CPU time that was sampled, seconds.
	Time float64 `json:"time"`
	// Areas are by where the time was spent, and make up all of it.
	Areas []Share `json:"areas"`
	// Stages are by what it was spent for, what was called included. Some are
	// parts of others.
	Stages []Share `json:"stages"`
}

// Share is a part of a program's CPU time.
type Share struct {
	Name string `json:"name"`
	// Part is of 1.
	Part float64 `json:"part"`
}
