package emulator

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
)

// Call is one that the policy of a role allowed.
type Call struct {
	Role     string // its name
	Sid      string // of the statement that allowed the call
	Action   string
	Resource string // an ARN
}

// callsFile is in Dir, JSON by line; launch.py writes it.
const callsFile = "calls.jsonl"

// Calls are all that were made in a role's name since the emulator started,
// each once.
func (e *Endpoint) Calls() ([]Call, error) {
	file, err := os.Open(filepath.Join(e.Dir, callsFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var calls []Call
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var c Call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	return calls, lines.Err()
}
