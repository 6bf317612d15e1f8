package emulator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
)

// Errors about the stack that make up leaves running.
var (
	ErrRunning    = errors.New("a stack is running already")
	ErrNotRunning = errors.New("no stack is running")
)

// Detached is the stack that make up leaves running.
//
// The emulator and its console lock a file while they run. A process id would not show
// whether they run, since another process may have the same id later.
type Detached struct {
	// Dir is the running stack's folder. The lock file is {Dir}.lock.
	Dir string
}

// Claim locks Dir and empties it. The caller passes the lock to Start as
// one of Options.Held. The error is ErrRunning while an emulator holds the lock.
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

// Leave keeps the emulator and its stack running after this process ends. paypal
// signs for the stack.
func (d Detached) Leave(e *Emulator, s *Stack, paypal local.PayPal) error {
	state := s.State(paypal)
	state.PID = e.pid
	if err := local.Write(d.Dir, state); err != nil {
		return err
	}
	return e.Keep()
}

// Attach returns the running stack, or ErrNotRunning.
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

// Stop ends the running stack and removes its files. The error is ErrNotRunning
// when none is running; the files of a crashed one are then removed too.
func (d Detached) Stop() error {
	state, err := d.state()
	if err != nil {
		return err
	}
	if err := killGroup(state.PID); err != nil {
		return err
	}
	// The kernel releases the lock when the last process of the group ends.
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
	return fmt.Errorf("process %d of the stack is still running", state.PID)
}

// state reads the running stack's state.
func (d Detached) state() (local.State, error) {
	var state local.State
	lock, err := d.Claim()
	if err == nil {
		return state, errors.Join(ErrNotRunning, lock.Close())
	}
	if !errors.Is(err, ErrRunning) {
		return state, err
	}
	state, err = local.Read(d.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return state, fmt.Errorf("%w, but make up is still deploying it: wait for it to finish", ErrRunning)
	}
	return state, err
}
