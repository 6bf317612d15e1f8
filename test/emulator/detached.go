package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Errors about the one stack that is left running.
var (
	ErrRunning    = errors.New("a stack is running already")
	ErrNotRunning = errors.New("no stack is running")
)

// Detached is the place of the stack that make up leaves running.
//
// The emulator holds a lock on a file for as long as it lives. So whether it
// runs is never guessed from a process id, which another process may have by
// now.
type Detached struct {
	// Dir is the running stack's folder; beside it lies {Dir}.lock.
	Dir string
}

// detachedState is what lies in Dir.
type detachedState struct {
	PID     int               `json:"pid"` // of the emulator and its process group
	URL     string            `json:"url"`
	Name    string            `json:"name"`
	Suffix  string            `json:"suffix"`
	Outputs map[string]string `json:"outputs"`
}

const stateFile = "state.json"

// Claim makes Dir empty and takes its lock, for Options. The error is
// ErrRunning while an emulator holds it.
func (d Detached) Claim() (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(d.Dir), 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(d.Dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("lock %s.lock: %w", d.Dir, err)
	}
	if err := os.RemoveAll(d.Dir); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// Leave lets the emulator and its stack run on after this process.
func (d Detached) Leave(e *Emulator, s *Stack) error {
	state, err := json.MarshalIndent(detachedState{
		PID: e.pid, URL: e.URL, Name: s.Name, Suffix: s.Suffix, Outputs: s.Outputs,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.Dir, stateFile), state, 0o600); err != nil {
		return err
	}
	return e.Keep()
}

// Attach is the running stack. The error is ErrNotRunning when there is none.
func (d Detached) Attach(root string) (*Stack, error) {
	state, err := d.state()
	if err != nil {
		return nil, err
	}
	endpoint, err := connect(root, d.Dir, state.URL)
	if err != nil {
		return nil, err
	}
	return &Stack{Endpoint: endpoint, Name: state.Name, Suffix: state.Suffix, Outputs: state.Outputs}, nil
}

// Stop ends the running stack and removes all that it made. The error is
// ErrNotRunning when there is none; what a dead one left is removed all the
// same.
func (d Detached) Stop() error {
	state, err := d.state()
	if err != nil {
		return err
	}
	if err := killGroup(state.PID); err != nil {
		return err
	}
	// The lock is free when the last of them is gone.
	for range 100 {
		lock, err := d.Claim()
		if err == nil {
			return lock.Close()
		}
		if !errors.Is(err, ErrRunning) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("process %d of the stack does not end", state.PID)
}

// state is that of the running stack.
func (d Detached) state() (detachedState, error) {
	var state detachedState
	lock, err := d.Claim()
	if err == nil {
		return state, errors.Join(ErrNotRunning, lock.Close())
	}
	if !errors.Is(err, ErrRunning) {
		return state, err
	}
	content, err := os.ReadFile(filepath.Join(d.Dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return state, fmt.Errorf("%w, but is not deployed yet: wait for the make up that is at work", ErrRunning)
	}
	if err != nil {
		return state, err
	}
	return state, json.Unmarshal(content, &state)
}
