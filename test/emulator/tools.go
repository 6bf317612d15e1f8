package emulator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoTools: .venv does not hold the pinned tools.
var ErrNoTools = errors.New("the local tools are not installed in .venv: run make tools")

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
	// The roots that the AWS SDK ships, which are the same on every machine.
	roots, _ := filepath.Glob(filepath.Join(packages, "botocore", "cacert.pem"))
	if roots == nil {
		return tools{}, fmt.Errorf("%w (botocore is missing)", ErrNoTools)
	}
	return tools{python: python, publicRoots: roots[0]}, nil
}

// Root is the repository's root folder, which is the current one or above it.
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
