// Command coverage runs the unit tests and fails unless every statement of
// every package outside test/ is executed: by that package's own tests, or, in
// main packages, by the binaries that test/quality/mains runs.
//
//	go run ./test/quality/coverage
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/test/quality/mains"
)

// Errors of the gate, by class.
var (
	errNoModule  = errors.New("there is no go.mod here: run this inside the module")
	errTests     = errors.New("tests fail, see above")
	errUncovered = errors.New("statements are not covered, see above: test them or remove them")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := gate(ctx, ".", os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

// gate checks the module that dir is in.
func gate(ctx context.Context, dir string, stdout, stderr io.Writer) error {
	tmp, err := os.MkdirTemp("", "coverage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	m, err := findModule(ctx, dir, stderr)
	if err != nil {
		return err
	}
	p, err := m.measure(ctx, tmp, stdout, stderr)
	if err != nil {
		return err
	}
	files, err := filesWithStatements(os.DirFS(m.root))
	if err != nil {
		return err
	}
	uncovered := p.uncovered(m.path, files)
	for _, place := range uncovered {
		fmt.Fprintln(stdout, place)
	}
	fmt.Fprintln(stdout, p.summary())
	if len(uncovered) > 0 {
		return errUncovered
	}
	return nil
}

// goModule is the module under test.
type goModule struct{ root, path string }

func findModule(ctx context.Context, dir string, stderr io.Writer) (goModule, error) {
	lines, err := goLines(ctx, dir, stderr, "list", "-m", "-f", "{{.Dir}}\n{{.Path}}")
	if err != nil {
		return goModule{}, err
	}
	if lines[0] == "" {
		return goModule{}, errNoModule
	}
	return goModule{root: lines[0], path: lines[1]}, nil
}

// measure runs all tests whose coverage counts, and merges their profiles.
func (m goModule) measure(ctx context.Context, tmp string, stdout, stderr io.Writer) (profile, error) {
	packages, err := goLines(ctx, m.root, stderr, "list", "./...")
	if err != nil {
		return nil, err
	}
	packages = slices.DeleteFunc(packages, func(p string) bool {
		return strings.HasPrefix(p, m.path+"/test/")
	})
	unit, binaries := filepath.Join(tmp, "unit.txt"), filepath.Join(tmp, "binaries.txt")
	counters := filepath.Join(tmp, "counters")
	if err := os.Mkdir(counters, 0o755); err != nil {
		return nil, err
	}
	run := func(args ...string) error {
		cmd := goCommand(ctx, m.root, stderr, args...)
		cmd.Env = append(os.Environ(), mains.CoverDirVar+"="+counters)
		cmd.Stdout = stdout
		return cmd.Run()
	}
	// The path of the profile is no part of the key in go's test cache.
	if err := run(append([]string{"test", "-coverprofile=" + unit}, packages...)...); err != nil {
		return nil, fmt.Errorf("%w: %w", errTests, err)
	}
	if err := run("test", "-count=1", "./test/quality/mains"); err != nil {
		return nil, fmt.Errorf("%w: %w", errTests, err)
	}
	if err := run("tool", "covdata", "textfmt", "-i="+counters, "-o="+binaries); err != nil {
		return nil, fmt.Errorf("go tool covdata: %w", err)
	}
	return readProfiles(unit, binaries)
}

func goCommand(ctx context.Context, dir string, stderr io.Writer, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stderr = dir, stderr
	return cmd
}

// goLines is what a go command prints, line by line.
func goLines(ctx context.Context, dir string, stderr io.Writer, args ...string) ([]string, error) {
	out, err := goCommand(ctx, dir, stderr, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"), nil
}
