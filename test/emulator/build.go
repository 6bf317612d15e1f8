package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
)

// ErrPlatform: functions are Linux programs, and the emulator runs them as
// processes of this machine.
var ErrPlatform = errors.New("the local stack runs on Linux, amd64 or arm64 (elsewhere in a container or virtual machine of it)")

// architecture is this machine's as the stack's parameter Architecture spells
// it.
func architecture() (string, error) {
	switch runtime.GOOS + "/" + runtime.GOARCH {
	case "linux/amd64":
		return "x86_64", nil
	case "linux/arm64":
		return "arm64", nil
	}
	return "", fmt.Errorf("%w; this is %s/%s", ErrPlatform, runtime.GOOS, runtime.GOARCH)
}

// BuildZips builds the functions for this machine into root's out/, with the
// command that operators use, and returns the folder of the zips, which is
// named by their CodeVersion.
func BuildZips(ctx context.Context, root string) (dir string, err error) {
	arch, err := architecture()
	if err != nil {
		return "", err
	}
	out, err := run(ctx, command{
		name: "paysluice package",
		dir:  root,
		args: []string{"go", "run", "./cmd/paysluice", "package", "-out", "out", "-arch", arch},
	})
	return filepath.Join(root, "out", string(bytes.TrimSpace(out))), err
}

// GenerateTemplate is what root's gentemplate prints.
func GenerateTemplate(ctx context.Context, root string) ([]byte, error) {
	return run(ctx, command{
		name: "gentemplate",
		dir:  root,
		args: []string{"go", "run", "./cmd/gentemplate"},
	})
}
