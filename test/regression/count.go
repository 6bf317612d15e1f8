// Package regression compares what the hot paths cost with what they are known
// to cost, in counts that do not depend on how fast a machine is or what else
// it does: allocations, bytes and, where there is valgrind, instructions.
package regression

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// ErrCount is counting that did not come to an end.
var ErrCount = errors.New("the hot paths cannot be counted")

// The figures of one operation. That of instructions is another one on every
// architecture, so its name is in it.
const (
	allocations  = "allocations"
	allocated    = "bytes"
	instructions = "instructions/" + runtime.GOARCH
)

// Figures are what each workload costs: by the workload's name and the figure's.
type Figures map[string]map[string]float64

// program is the built command count.
type program struct {
	file     string
	root     string // of the repository
	valgrind string // empty where there is none
}

// build makes the program as the functions are built, whatever the caller's own
// settings are. valgrind knows functions by the symbol table; what else
// debuggers read may be newer than it.
func build(ctx context.Context, root, dir string) (program, error) {
	p := program{file: filepath.Join(dir, "count"), root: root}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags=-w", "-o", p.file, "./test/regression/count")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("%w: go build: %w\n%s", ErrCount, err, out)
	}
	p.valgrind, _ = exec.LookPath("valgrind")
	return p, nil
}

// count runs the program once, under valgrind where there is one: it counts each
// instruction and shows the program a CPU of its own making, so that the same
// build gives the same counts on other machines. profiles go into dir.
func (p program) count(ctx context.Context, dir string, args ...string) (Figures, error) {
	line := append(append([]string{p.file}, args...), p.root)
	profile := filepath.Join(dir, "profile")
	if p.valgrind != "" {
		// One profile for each time that end is called, from the last call of begin.
		line = append([]string{p.valgrind, "--quiet", "--tool=callgrind", "--callgrind-out-file=" + profile,
			"--compress-strings=no", "--compress-pos=no", "--zero-before=main.begin", "--dump-before=main.end"}, line...)
	}
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	// One CPU, no garbage collector and no preemption by the clock: what
	// happens does not depend on when.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=off", "GODEBUG=asyncpreemptoff=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %w\n%s", ErrCount, err, &stderr)
	}
	return p.read(&stdout, profile)
}

// read is what count printed, with the instructions of the profile that belongs
// to each line.
func (p program) read(stdout io.Reader, profile string) (Figures, error) {
	figures := Figures{}
	lines := json.NewDecoder(stdout)
	for i := 1; ; i++ {
		var counted struct {
			Name                           string
			Operations, Allocations, Bytes float64
		}
		err := lines.Decode(&counted)
		if errors.Is(err, io.EOF) {
			return figures, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCount, err)
		}
		f := map[string]float64{allocations: counted.Allocations, allocated: counted.Bytes}
		if p.valgrind != "" {
			total, err := instructionsIn(profile + "." + strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			f[instructions] = total / counted.Operations
		}
		figures[counted.Name] = f
	}
}
