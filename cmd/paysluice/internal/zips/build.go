// Package zips builds the deployment packages of the Lambda functions. The
// same sources and the same Go release give the same bytes, wherever and by
// whomever they are built, so that a version can be named by its content and
// unchanged code deploys nothing.
package zips

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Errors of Build, by class.
var (
	// ErrNoGo: there is no go command to build with.
	ErrNoGo = errors.New("no go command on the PATH: install Go (https://go.dev/doc/install)")
	// ErrNotRoot: the current folder does not hold the functions' sources.
	ErrNotRoot = errors.New("cmd/lambdas is not here: run this in the root folder of paysluice's sources")
	// ErrBuild: the go command refused; what it said is on Options.Progress.
	ErrBuild = errors.New("the functions do not build, see go's own message above")
	// ErrOut: the folder for the zips cannot be used.
	ErrOut = errors.New("cannot write the zips; choose another folder with -out")
)

// Options say what to build.
type Options struct {
	// Out takes the zips as {CodeVersion}/{binary}.zip, the layout of their
	// keys in the code bucket.
	Out string
	// Arch is what the functions run on.
	Arch Arch
	// Binaries are folders of cmd/lambdas.
	Binaries []string
	// Progress takes messages for people, go's own among them.
	Progress io.Writer
}

// Build compiles and zips the binaries of the module whose root is the current
// folder, and returns their CodeVersion. The folder of a version appears whole
// or not at all; one that is there already is kept.
func Build(ctx context.Context, o Options) (version string, err error) {
	if _, err := os.Stat(filepath.Join("cmd", "lambdas")); err != nil {
		return "", ErrNotRoot
	}
	env, err := environment(ctx, o.Arch)
	if err != nil {
		return "", err
	}
	// Inside Out, since a rename does not cross file systems.
	tmp, err := tempDir(o.Out)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrOut, err)
	}
	defer os.RemoveAll(tmp)

	fmt.Fprintf(o.Progress, "building %d functions for %s\n", len(o.Binaries), o.Arch)
	bin := filepath.Join(tmp, "bin")
	if err := compile(ctx, bin, env, o); err != nil {
		return "", err
	}
	packed, err := pack(bin, o.Binaries)
	if err != nil {
		return "", err
	}
	version = codeVersion(packed)
	dst := filepath.Join(o.Out, version)
	if err := place(filepath.Join(tmp, "zips"), dst, packed); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOut, err)
	}
	for _, p := range packed {
		fmt.Fprintf(o.Progress, "%s %.1f MB\n", filepath.Join(dst, p.name), float64(len(p.content))/1e6)
	}
	return version, nil
}

func tempDir(parent string) (string, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, ".building-")
}

// compile builds all binaries into dir with one go build, which then compiles
// what they share once.
func compile(ctx context.Context, dir string, env []string, o Options) error {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, buildFlags()...)
	for _, b := range o.Binaries {
		args = append(args, "./cmd/lambdas/"+b)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = o.Progress, o.Progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %w", ErrBuild, err)
	}
	return nil
}

// buildFlags make a small binary that says nothing about who built it, where,
// or from which commit.
func buildFlags() []string {
	return []string{
		"-mod=readonly",
		"-trimpath",
		"-buildvcs=false",
		"-ldflags=-s -w -buildid=",
		// Leaves out the RPC mode of the retired go1.x runtime
		// (aws-lambda-go, lambda/rpc_function.go).
		"-tags=lambda.norpc",
	}
}
