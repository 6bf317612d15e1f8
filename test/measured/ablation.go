package measured

// Ablation has what each optimisation of the processor is worth: the processor
// as it is, and without one of them at a time.
type Ablation struct {
	Machine      Machine `json:"machine"`
	Provider     string  `json:"provider"`     // whose processor
	Rounds       int     `json:"rounds"`       // interleaved; figures are medians
	Processes    int     `json:"processes"`    // cold starts of each
	Environments int     `json:"environments"` // of each flat out
	Seconds      float64 `json:"seconds"`      // of each round flat out
	// Rate is of Steady, requests a second. AWS calls take Call ms then and in
	// cold starts.
	Rate float64 `json:"rate"`
	Call float64 `json:"call"`
	// Rows begin with the processor as it is, once and again: what differs
	// between these two is chance.
	Rows []Ablated `json:"rows"`
}

// Ablated is the processor without one optimisation.
type Ablated struct {
	// Name is the optimisation's, "" for the processor as it is.
	Name string `json:"name,omitempty"`
	// What the optimisation is.
	What string `json:"what,omitempty"`
	// Init, FirstCall and Answer are as in ColdProgram.
	Init       float64 `json:"init"`
	FirstCall  float64 `json:"firstCall"`
	Answer     float64 `json:"answer"`
	FlatOut    FlatOut `json:"flatOut"`
	Steady     Steady  `json:"steady"`
	BinarySize int64   `json:"binarySize"`
}
