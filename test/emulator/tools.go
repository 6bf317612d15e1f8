package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Errors about this machine.
var (
	// ErrNoTools reports that .venv does not hold the pinned tools.
	ErrNoTools = errors.New("the local tools are not installed in .venv: run make tools")
	// ErrPlatform reports that this machine cannot run the functions, which
	// are Linux programs.
	ErrPlatform = errors.New("the local stack runs on Linux, amd64 or arm64 (elsewhere in a Linux container or virtual machine)")
)

// tools are the files of the project's virtual environment that the local
// stack uses.
type tools struct {
	python      string
	publicRoots string // PEM
}

func findTools(root string) (tools, error) {
	venv := filepath.Join(root, ".venv")
	python := filepath.Join(venv, "bin", "python")
	if _, err := os.Stat(python); err != nil {
		return tools{}, fmt.Errorf("%w (%w)", ErrNoTools, err)
	}
	packages := filepath.Join(venv, "lib", "python3*", "site-packages")
	for _, needed := range []string{"ministack", "hypercorn", "awscli"} {
		if found, _ := filepath.Glob(filepath.Join(packages, needed)); found == nil {
			return tools{}, fmt.Errorf("%w (%s is missing)", ErrNoTools, needed)
		}
	}
	// botocore ships the same roots to every machine.
	roots, _ := filepath.Glob(filepath.Join(packages, "botocore", "cacert.pem"))
	if roots == nil {
		return tools{}, fmt.Errorf("%w (botocore is missing)", ErrNoTools)
	}
	return tools{python: python, publicRoots: roots[0]}, nil
}

// Root returns the repository's root folder: the working directory or the
// nearest folder above it with a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod here or above: run this inside paysluice's sources")
		}
		dir = parent
	}
}

// BuildZips builds the functions for this machine into root's out/ with the
// command that operators use. It returns the folder of the zips, named by their
// CodeVersion.
func BuildZips(ctx context.Context, root string) (dir string, err error) {
	arch, err := architecture()
	if err != nil {
		return "", err
	}
	out, err := run(ctx, command{
		name: "paysluice package",
		dir:  root,
		args: []string{"go", "run", "./cmd/paysluice", "package", "--out", "out", "--arch", arch},
	})
	return filepath.Join(root, "out", string(bytes.TrimSpace(out))), err
}

// BuildCommand builds the operators' command into a folder and returns its path.
func BuildCommand(ctx context.Context, root, dir string) (string, error) {
	program := filepath.Join(dir, "paysluice")
	_, err := run(ctx, command{
		name: "go build paysluice",
		dir:  root,
		args: []string{"go", "build", "-buildvcs=false", "-o", program, "./cmd/paysluice"},
	})
	return program, err
}

// GenerateTemplate returns the template that root's gentemplate prints.
func GenerateTemplate(ctx context.Context, root string) ([]byte, error) {
	return run(ctx, command{
		name: "gentemplate",
		dir:  root,
		args: []string{"go", "run", "./cmd/gentemplate"},
	})
}

// architecture returns this machine's architecture as the stack's parameter
// Architecture spells it.
func architecture() (string, error) {
	switch runtime.GOOS + "/" + runtime.GOARCH {
	case "linux/amd64":
		return "x86_64", nil
	case "linux/arm64":
		return "arm64", nil
	}
	return "", fmt.Errorf("%w; this is %s/%s", ErrPlatform, runtime.GOOS, runtime.GOARCH)
}

// command is a program to run to its end.
type command struct {
	name string // in errors
	dir  string
	env  []string // nil for this program's own
	args []string
}

// run returns what the command writes to standard output. When ctx ends, run
// terminates the command and its children and returns ctx's cause.
func run(ctx context.Context, c command) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = c.dir, c.env
	// In a process group of its own, the command can be terminated with its
	// children, and Ctrl-C in the terminal reaches only this program.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", c.name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
