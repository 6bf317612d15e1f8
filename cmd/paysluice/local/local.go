// Package local describes the stack that make up leaves running on this machine.
// The emulator's launcher writes the description, and paysluice --local reads it.
package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Dir is the folder of the running stack, relative to the root of the sources.
const Dir = ".cache/stack"

// ConsoleLinks is the name of the file in Dir that gets the links of the stack's console.
const ConsoleLinks = "console.links"

// stateFile is the description's name in the folder of the stack.
const stateFile = "state.json"

// ErrNotRunning reports that no stack was left running.
var ErrNotRunning = errors.New("no local stack is running; make up starts one, and --local finds it only inside its checkout")

// State describes the running stack.
type State struct {
	PID     int               `json:"pid"`    // of the emulator and its process group
	URL     string            `json:"url"`    // of the emulator
	Bundle  string            `json:"bundle"` // file with the authorities that the emulator's clients trust
	KeyID   string            `json:"keyId"`  // of the account's root user
	Secret  string            `json:"secret"`
	Name    string            `json:"name"` // of the CloudFormation stack
	Suffix  string            `json:"suffix"`
	Outputs map[string]string `json:"outputs"`
	// PayPal signs webhooks for this stack.
	PayPal *PayPal `json:"payPal,omitempty"`
}

// PayPal is a certificate that a local stack accepts as PayPal's, because another
// program plays PayPal's hosts.
type PayPal struct {
	CertURL      string `json:"certUrl"`      // where the hosts serve it
	Key          []byte `json:"key"`          // PKCS #8
	Certificate  []byte `json:"certificate"`  // PEM, as the hosts serve it
	Intermediate []byte `json:"intermediate"` // PEM of its issuer, which PayPal does not serve
	Root         []byte `json:"root"`         // PEM; the local functions trust it
}

// Write stores the description in the folder of the stack.
func Write(dir string, s State) error {
	text, _ := json.MarshalIndent(s, "", "  ") // strings and numbers cannot fail
	return os.WriteFile(filepath.Join(dir, stateFile), text, 0o600)
}

// Read returns the description in the folder of the stack. The error is
// fs.ErrNotExist without one.
func Read(dir string) (State, error) {
	var s State
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return State{}, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return State{}, fmt.Errorf("%s: %w", filepath.Join(dir, stateFile), err)
	}
	return s, nil
}

// Find returns the description of the stack that belongs to a folder of the
// sources or to one of its parents. The error is ErrNotRunning without one.
func Find(folder string) (State, error) {
	for {
		s, err := Read(filepath.Join(folder, Dir))
		if !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return State{}, ErrNotRunning
		}
		folder = parent
	}
}
