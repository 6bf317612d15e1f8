// Package bench measures: it runs the functions' bootstraps behind the Runtime
// API and in front of the AWS stub, and turns what they do into results.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/fleet"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/machine"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/measured"
)

// Errors of runs, by class.
var (
	// ErrWrong: something was not answered as it must be, or got lost. What was
	// measured of such a run means nothing.
	ErrWrong = errors.New("the run went wrong")
	// ErrNotDone: requests were still unanswered long after the last one.
	ErrNotDone = errors.New("the functions do not come to an end")
)

// Bench has everything that a run needs.
type Bench struct {
	// Machine describes this machine.
	Machine measured.Machine
	// Figures are the published latencies.
	Figures map[string]latency.Figures
	// Binaries are what is measured.
	Binaries map[string]functions.Binary

	dir, logs string
	stack     functions.Stack
	authority *paypaltest.Authority
	hosts     *paypaltest.Hosts
	source    *traffic.Source
	stub      *awsstub.Stub
	progress  io.Writer

	mu     sync.Mutex
	fleets []*fleet.Fleet
}

// New builds the functions of the repository at root and starts what they
// talk to. progress takes messages for people.
func New(ctx context.Context, root string, progress io.Writer) (*Bench, error) {
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return nil, err
	}
	logs, err := os.MkdirTemp(memoryDir(), "load-")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	b := &Bench{dir: dir, logs: logs, progress: progress}
	if err := b.prepare(ctx, root); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Bench) prepare(ctx context.Context, root string) (err error) {
	if b.Figures, err = latency.Read(filepath.Join(root, "test", "load", "latency.json")); err != nil {
		return err
	}
	if b.stack, err = functions.ReadStack(filepath.Join(root, "out", "stack.json")); err != nil {
		return err
	}
	fmt.Fprintln(b.progress, "building the functions …")
	if b.Binaries, err = functions.Build(ctx, root, filepath.Join(b.dir, "bin")); err != nil {
		return err
	}
	if b.Machine, err = machine.This(ctx, time.Now(), b.Binaries[contract.ProcessorBinary].CodeVersion); err != nil {
		return err
	}
	b.authority = paypaltest.NewAuthority(time.Now())
	b.hosts = paypaltest.NewHosts(b.authority)
	if b.source, err = traffic.New(b.authority, b.hosts); err != nil {
		return err
	}
	secrets, err := b.source.Secrets()
	if err != nil {
		return err
	}
	if b.stub, err = awsstub.Start(secrets, functions.DeadLetterQueueURL); err != nil {
		return err
	}
	return b.writeRoots()
}

// memoryDir is a folder without a disk behind it, where there is one: what the
// functions log must not make them wait for one.
func memoryDir() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return ""
}

// Close ends every process and removes every file.
func (b *Bench) Close() error {
	b.killAll()
	var errs []error
	if b.stub != nil {
		errs = append(errs, b.stub.Close())
	}
	if b.hosts != nil {
		b.hosts.Close()
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir), os.RemoveAll(b.logs))...)
}

// killAll ends the environments of a run.
func (b *Bench) killAll() {
	b.mu.Lock()
	fleets := b.fleets
	b.fleets = nil
	b.mu.Unlock()
	for _, f := range fleets {
		f.Kill()
	}
}

// lean keeps this program to one core until the returned function is called: it
// takes a fifth less of the machine then, which the functions need. Signing
// takes all cores.
func lean() (restore func()) {
	all := runtime.GOMAXPROCS(1)
	return func() { runtime.GOMAXPROCS(all) }
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
