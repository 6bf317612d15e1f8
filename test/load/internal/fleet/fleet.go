// Package fleet keeps the environments of one function: real processes, and
// what they use.
package fleet

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/paysluice/paysluice/test/load/internal/pool"
	"github.com/paysluice/paysluice/test/load/internal/process"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

// ErrStopped: the fleet starts no more environments.
var ErrStopped = errors.New("the environments are being stopped")

// Fleet is every environment of one function.
type Fleet struct {
	options runtimeapi.Options
	// output takes what all of them write: a file, which costs this process
	// nothing. Lambda has a pipe there.
	output *os.File

	mu           sync.Mutex
	environments []*runtimeapi.Environment
	stopped      bool
}

// New has no environment yet. What they write goes to a file in dir.
func New(name, binary string, env []string, dir string) (*Fleet, error) {
	output, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_TRUNC|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &Fleet{options: runtimeapi.Options{Binary: binary, Env: env, Output: output}, output: output}, nil
}

// Launch is the pool.Launch of this function.
func (f *Fleet) Launch(idle func(pool.Environment), gone func(error)) error {
	e, err := f.Start(func(e *runtimeapi.Environment) { idle(e) })
	if err != nil {
		return err
	}
	go func() {
		<-e.Exited()
		gone(runtimeapi.ErrExited)
	}()
	return nil
}

// Start starts one environment.
func (f *Fleet) Start(idle func(*runtimeapi.Environment)) (*runtimeapi.Environment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return nil, ErrStopped
	}
	options := f.options
	options.Idle = idle
	var e *runtimeapi.Environment
	err := process.AtLowerPriority(func() (err error) {
		e, err = runtimeapi.Launch(options)
		return err
	})
	if err != nil {
		return nil, err
	}
	f.environments = append(f.environments, e)
	return e, nil
}

// Usage is what the environments have used so far.
type Usage struct {
	CPU        time.Duration // of all
	PeakMemory int64         // of the one that used most, bytes
	Inits      []time.Duration
	LogBytes   int64
}

// Usage reads it. Environments that have ended are not counted.
func (f *Fleet) Usage() (Usage, error) {
	f.mu.Lock()
	environments := f.environments[:len(f.environments):len(f.environments)]
	f.mu.Unlock()
	var u Usage
	for _, e := range environments {
		select {
		case <-e.Exited():
			continue
		default:
		}
		cpu, err := process.CPU(e.PID())
		if err != nil {
			return u, err
		}
		memory, err := process.PeakMemory(e.PID())
		if err != nil {
			return u, err
		}
		u.CPU += cpu
		u.PeakMemory = max(u.PeakMemory, memory)
		if init := e.Init(); init > 0 {
			u.Inits = append(u.Inits, init)
		}
	}
	info, err := f.output.Stat()
	if err != nil {
		return u, err
	}
	u.LogBytes = info.Size()
	return u, nil
}

// Logged is all that the environments wrote.
func (f *Fleet) Logged() ([]byte, error) { return os.ReadFile(f.output.Name()) }

// ErrorLines are those with level ERROR, which no run may have.
func (f *Fleet) ErrorLines() ([][]byte, error) {
	text, err := f.Logged()
	if err != nil {
		return nil, err
	}
	var lines [][]byte
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(`"level":"ERROR"`)) {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// Kill ends all environments and starts no more.
func (f *Fleet) Kill() {
	f.mu.Lock()
	f.stopped = true
	environments := f.environments
	f.mu.Unlock()
	var wg sync.WaitGroup
	for _, e := range environments {
		wg.Go(e.Kill)
	}
	wg.Wait()
	// It was written by others, and read by who wanted to.
	_ = f.output.Close()
	_ = os.Remove(f.output.Name())
}
