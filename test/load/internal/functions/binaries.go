// Package functions makes the programs that the load harness measures, and the
// environments they run in.
package functions

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
)

// Programs to compare with.
const (
	Hello = "hello" // answers 200 and does nothing
	Naive = "naive" // Stripe's processor as one would write it in an afternoon
)

// ErrZip is a zip without a bootstrap.
var ErrZip = errors.New("no bootstrap in the zip")

// Binary is a bootstrap that was taken out of its zip, unchanged.
type Binary struct {
	Path string
	// CodeVersion is the zip's.
	CodeVersion string
	// Sizes in bytes.
	Size, ZipSize int64
}

// Build builds what the template's functions run, with the operators' command,
// and the two programs to compare with, with the same command. Bootstraps are
// put below dir. Binaries are by contract's binary names, Hello and Naive.
func Build(ctx context.Context, root, dir string) (map[string]Binary, error) {
	zips, err := emulator.BuildZips(ctx, root)
	if err != nil {
		return nil, err
	}
	binaries := map[string]Binary{}
	for _, name := range contract.Binaries() {
		if binaries[name], err = unzip(filepath.Join(zips, name+".zip"), filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	// The zips' folder is named by its content and stays: it is the build cache
	// of the next run. What follows is not to be deployed.
	others, err := buildOthers(ctx, root, filepath.Join(dir, "module"))
	if err != nil {
		return nil, err
	}
	for name, stand := range standIns() {
		if binaries[name], err = unzip(filepath.Join(others, stand+".zip"), filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return binaries, nil
}

// standIns are the functions in whose place the two are built.
func standIns() map[string]string {
	return map[string]string{Hello: contract.AuthorizerBinary, Naive: contract.ProcessorBinary}
}

// buildOthers builds hello and naive with exactly the flags and the environment
// of the real functions: by the operators' command, in a module where they
// stand in the functions' places. It returns the folder of their zips.
func buildOthers(ctx context.Context, root, module string) (string, error) {
	sources := map[string]string{}
	for _, name := range contract.Binaries() {
		sources[name] = Hello
	}
	for name, stand := range standIns() {
		sources[stand] = name
	}
	for place, source := range sources {
		from := filepath.Join(root, "test", "load", source, "main.go")
		if err := copyFile(from, filepath.Join(module, "cmd", "lambdas", place, "main.go")); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := copyFile(filepath.Join(root, name), filepath.Join(module, name)); err != nil {
			return "", err
		}
	}
	paysluice := filepath.Join(module, "paysluice")
	if err := buildCommand(ctx, root, paysluice); err != nil {
		return "", err
	}
	return packageModule(ctx, paysluice, module)
}

// unzip takes the bootstrap out of a zip.
func unzip(path, dir string) (Binary, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return Binary{}, err
	}
	defer archive.Close()
	in, err := archive.Open("bootstrap")
	if err != nil {
		return Binary{}, fmt.Errorf("%w: %s: %w", ErrZip, path, err)
	}
	defer in.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Binary{}, err
	}
	b := Binary{Path: filepath.Join(dir, "bootstrap"), CodeVersion: filepath.Base(filepath.Dir(path))}
	out, err := os.OpenFile(b.Path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return Binary{}, err
	}
	if b.Size, err = io.Copy(out, in); err != nil {
		return Binary{}, errors.Join(err, out.Close())
	}
	info, err := os.Stat(path)
	if err != nil {
		return Binary{}, errors.Join(err, out.Close())
	}
	b.ZipSize = info.Size()
	return b, out.Close()
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}
