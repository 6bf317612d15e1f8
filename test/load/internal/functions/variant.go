package functions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/command"
)

// Errors of variants, by class.
var (
	// ErrStale: what a variant changes is not there any more.
	ErrStale = errors.New("a change no longer applies")
	// ErrNoEffect: the changed sources build the same program.
	ErrNoEffect = errors.New("a change that changes nothing")
)

// Variant is the functions' code with something changed.
type Variant struct {
	Name  string
	Edits []Edit
	// Added are files that the sources do not have, by their paths below the
	// root.
	Added map[string]string
}

// Edit changes one place: From stands in the file, whose path is below the root,
// exactly once.
type Edit struct{ File, From, To string }

// Apply is the text of the edit's file with the edit made. The error is ErrStale
// when From is not there once.
func (e Edit) Apply(text string) (string, error) {
	if n := strings.Count(text, e.From); n != 1 {
		return "", fmt.Errorf("%w: %s has this %d times and not once: %s", ErrStale, e.File, n, e.From)
	}
	return strings.Replace(text, e.From, e.To, 1), nil
}

// BuildVariants builds the processor of each variant with exactly the flags and
// the environment of the real one, by the operators' command in a copy of the
// functions' sources, and puts it below dir. Binaries are by the variants' names.
func BuildVariants(ctx context.Context, root, dir string, asItIs Binary, variants []Variant) (map[string]Binary, error) {
	paysluice := filepath.Join(dir, "paysluice")
	if err := buildCommand(ctx, root, paysluice); err != nil {
		return nil, err
	}
	built := map[string]Binary{}
	for _, v := range variants {
		b, err := v.build(ctx, paysluice, root, filepath.Join(dir, v.Name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
		if same, err := sameContent(b.Path, asItIs.Path); same || err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, errors.Join(ErrNoEffect, err))
		}
		built[v.Name] = b
	}
	return built, nil
}

func (v Variant) build(ctx context.Context, paysluice, root, dir string) (Binary, error) {
	module := filepath.Join(dir, "module")
	defer os.RemoveAll(module) // 50 MB, of which one binary is needed
	if err := copySources(root, module); err != nil {
		return Binary{}, err
	}
	if err := v.change(module); err != nil {
		return Binary{}, err
	}
	zips, err := packageModule(ctx, paysluice, module)
	if err != nil {
		return Binary{}, err
	}
	return unzip(filepath.Join(zips, contract.ProcessorBinary+".zip"), dir)
}

// change changes a copy of the sources.
func (v Variant) change(module string) error {
	for _, e := range v.Edits {
		path := filepath.Join(module, e.File)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: there is no %s", ErrStale, e.File)
		}
		if err != nil {
			return err
		}
		changed, err := e.Apply(string(text))
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			return err
		}
	}
	for file, text := range v.Added {
		if err := os.WriteFile(filepath.Join(module, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copySources copies what the functions are built from.
func copySources(root, module string) error {
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := copyFile(filepath.Join(root, name), filepath.Join(module, name)); err != nil {
			return err
		}
	}
	for _, folder := range []string{filepath.Join("cmd", "lambdas"), "handlers"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case d.IsDir() || strings.HasSuffix(d.Name(), "_test.go"):
				return nil
			}
			below, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			return copyFile(path, filepath.Join(module, below))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// buildCommand builds the operators' command.
func buildCommand(ctx context.Context, root, path string) error {
	_, err := command.Run(ctx, root, nil, "go", "build", "-buildvcs=false", "-o", path, "./cmd/paysluice")
	return err
}

// packageModule packages a module's functions with it, and returns the folder of
// the zips.
func packageModule(ctx context.Context, paysluice, module string) (string, error) {
	arch := runtime.GOARCH // BuildZips has refused all but two
	if arch == "amd64" {
		arch = "x86_64"
	}
	version, err := command.Run(ctx, module, nil, paysluice, "package", "-out", "out", "-arch", arch)
	return filepath.Join(module, "out", version), err
}

func sameContent(a, b string) (bool, error) {
	one, err := os.ReadFile(a)
	if err != nil {
		return false, err
	}
	other, err := os.ReadFile(b)
	return bytes.Equal(one, other), err
}
