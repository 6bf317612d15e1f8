package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Errors of paysluice package, by class.
var (
	errNoGo    = errors.New("no go command on the PATH: install Go (https://go.dev/doc/install)")
	errNotRoot = errors.New("no folder cmd/lambdas here: run this in the root folder of paysluice's sources")
	errBuild   = errors.New("the functions do not compile; go's message is above")
	errOut     = errors.New("cannot write the zips; choose another folder with --out")
)

// packaging builds the deployment packages of the functions. The same sources
// and the same Go release give the same bytes on every machine. So a content
// hash names a version, and a deployment of unchanged code changes nothing.
type packaging struct {
	// out is the folder that receives {CodeVersion}/{binary}-{arch}.zip, the layout of
	// the keys in the code bucket.
	out      string
	arch     architecture
	binaries []string // folders in cmd/lambdas
	progress io.Writer
}

func (a *app) packageCommand() *cobra.Command {
	p := packaging{binaries: contract.Binaries(), arch: arm64, progress: a.err}
	c := &cobra.Command{
		Use:     "package",
		Short:   "Build the functions' zips and print their CodeVersion",
		Example: `  paysluice package --out out --arch arm64`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			version, err := p.build(c.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, version)
			return err
		},
	}
	c.Flags().StringVar(&p.out, "out", "out", "`folder` that receives {CodeVersion}/{binary}-{arch}.zip; it keeps older versions")
	c.Flags().TextVar(&p.arch, "arch", arm64, "`architecture` of the functions, as in the stack's parameter Architecture: arm64 or x86_64 (also amd64)")
	return c
}

// build compiles and zips the functions of the module in the current folder. It
// returns their CodeVersion. The folder of a version appears complete or not at
// all; an existing one is kept.
func (p packaging) build(ctx context.Context) (version string, err error) {
	if _, err := os.Stat(filepath.Join("cmd", "lambdas")); err != nil {
		return "", errNotRoot
	}
	env, err := environment(ctx, p.arch)
	if err != nil {
		return "", err
	}
	// In the out folder, because a rename does not cross file systems.
	tmp, err := makeTemp(p.out)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOut, err)
	}
	defer os.RemoveAll(tmp)

	fmt.Fprintf(p.progress, "building %d functions for %s\n", len(p.binaries), p.arch)
	bin := filepath.Join(tmp, "bin")
	if err := p.compile(ctx, bin, env); err != nil {
		return "", err
	}
	zips, err := zipAll(bin, p.arch, p.binaries)
	if err != nil {
		return "", err
	}
	version = codeVersion(zips)
	dst := filepath.Join(p.out, version)
	if err := place(filepath.Join(tmp, "zips"), dst, zips); err != nil {
		return "", fmt.Errorf("%w: %w", errOut, err)
	}
	for _, z := range zips {
		fmt.Fprintf(p.progress, "%s %.1f MB\n", filepath.Join(dst, z.name), float64(len(z.content))/1e6)
	}
	return version, nil
}

func makeTemp(parent string) (string, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, ".building-")
}

// compile builds all binaries into dir with one go build, which compiles shared
// packages once.
func (p packaging) compile(ctx context.Context, dir string, env []string) error {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, buildFlags()...)
	for _, b := range p.binaries {
		args = append(args, "./cmd/lambdas/"+b)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = p.progress, p.progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %w", errBuild, err)
	}
	return nil
}

// buildFlags returns flags for a small binary without a trace of the builder,
// the folder or the commit.
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
