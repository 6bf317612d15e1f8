// Package lab runs the real bootstraps of the functions behind a Runtime API and in
// front of a stub of AWS, and measures them.
package lab

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/performance/internal/stack"
)

// Hello is the name of the program that only takes a request and answers it: what
// aws-lambda-go and the Runtime API cost without paysluice.
const Hello = "hello"

// Revision is the functions of one revision as they are shipped, with their template.
type Revision struct {
	Stack stack.Stack
	// Binaries are by the stem of their zip, and Hello.
	Binaries map[string]Binary
}

// Binary is a bootstrap taken out of its zip. Sizes are in bytes.
type Binary struct {
	Path      string
	Size, Zip int64
}

// Build builds the functions of the repository at root with the operators' command, and
// puts the bootstraps below dir. With symbols it builds them for a profiler.
func Build(ctx context.Context, root, dir string, symbols bool) (Revision, error) {
	r := Revision{Binaries: map[string]Binary{}}
	var err error
	if r.Stack, err = stack.Read(filepath.Join(root, "out", "stack.json")); err != nil {
		return r, err
	}
	zips := filepath.Join(dir, "zips")
	architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	version, err := run(ctx, root, "go", "run", "./cmd/paysluice", "package", "--out", zips, "--arch", architecture)
	if err != nil {
		return r, err
	}
	for _, f := range r.Stack.Functions {
		if _, done := r.Binaries[f.Binary]; done {
			continue
		}
		from, _ := filepath.Glob(filepath.Join(zips, version, f.Binary+"*.zip")) // the pattern is valid
		if len(from) != 1 {
			return r, fmt.Errorf("%d zips of %s in %s, not one", len(from), f.Binary, zips)
		}
		path := filepath.Join(dir, f.Binary)
		if r.Binaries[f.Binary], err = unzip(from[0], path); err == nil && symbols {
			err = goBuild(ctx, root, path, "./cmd/lambdas/"+f.Binary, "")
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// BuildHello builds the program Hello of this module.
func BuildHello(ctx context.Context, root, dir string) (Binary, error) {
	path := filepath.Join(dir, Hello)
	if err := goBuild(ctx, filepath.Join(root, "test", "performance"), path, "./hello", "-s -w"); err != nil {
		return Binary{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Binary{}, err
	}
	return Binary{Path: path, Size: info.Size()}, nil
}

// goBuild builds one program with the flags of the functions.
func goBuild(ctx context.Context, dir, path, program, ldflags string) error {
	_, err := run(ctx, dir, "env", "CGO_ENABLED=0", "go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", ldflags, "-o", path, program)
	return err
}

// BuildAt is Build for another revision of the repository at root, from a worktree that
// it adds below dir and removes again.
func BuildAt(ctx context.Context, root, revision, dir string, symbols bool) (Revision, error) {
	tree := filepath.Join(dir, "worktree")
	if _, err := run(ctx, root, "git", "worktree", "add", "--detach", "--quiet", tree, revision); err != nil {
		return Revision{}, err
	}
	r, err := Build(ctx, tree, dir, symbols)
	_, removed := run(context.WithoutCancel(ctx), root, "git", "worktree", "remove", "--force", tree)
	return r, errors.Join(err, removed)
}

func unzip(path, to string) (Binary, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Binary{}, err
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return Binary{}, err
	}
	defer archive.Close()
	bootstrap, err := fs.ReadFile(archive, "bootstrap")
	if err != nil {
		return Binary{}, fmt.Errorf("%s: %w", path, err)
	}
	return Binary{Path: to, Size: int64(len(bootstrap)), Zip: info.Size()}, os.WriteFile(to, bootstrap, 0o755)
}

// run returns what a program prints, without surrounding space. The error holds what it
// wrote to stderr.
func run(ctx context.Context, dir string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// ThisMachine describes the machine and the revision at root.
func ThisMachine(ctx context.Context, root string, now time.Time) (m result.Machine, err error) {
	m.Go, m.Cores, m.Date = runtime.Version(), runtime.NumCPU(), now.UTC().Format(time.DateOnly)
	if m.Revision, err = run(ctx, root, "git", "describe", "--always", "--dirty"); err != nil {
		return m, err
	}
	cpu, memory := entry("cpuinfo", "model name"), strings.TrimSuffix(entry("meminfo", "MemTotal"), " kB")
	kB, _ := strconv.Atoi(memory)
	m.CPU, m.MemoryGB, m.Kernel = cpu, (kB+1<<19)>>20, entry("sys/kernel/osrelease", "")
	if _, err := fmt.Sscan(entry("loadavg", ""), &m.LoadAverage); err != nil {
		return m, fmt.Errorf("processes are measured on Linux only, by /proc: %w", err)
	}
	return m, nil
}

// entry returns the first value of that name in a file of /proc, or its first line.
func entry(file, name string) string {
	text, _ := os.ReadFile("/proc/" + file)
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); name == "" {
			return strings.TrimSpace(line)
		} else if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
