// Package command runs other programs to their end.
package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// killAfter is how long a program that was asked to end may take.
const killAfter = 5 * time.Second

// Run runs a program in dir, with env beside this program's own environment, and
// returns what it printed. An error has what it said. When ctx ends, the program
// ends and those that it started.
func Run(ctx context.Context, dir string, env []string, args ...string) (stdout string, err error) {
	var printed, said bytes.Buffer
	if err := run(ctx, dir, env, &printed, &said, args); err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, bytes.TrimSpace(said.Bytes()))
	}
	return strings.TrimSpace(printed.String()), nil
}

// Show is Run for a program that people watch: what it prints and what it says
// goes to output as it comes.
func Show(ctx context.Context, dir string, output io.Writer, args ...string) error {
	if err := run(ctx, dir, nil, output, output, args); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(args[0]), err)
	}
	return nil
}

func run(ctx context.Context, dir string, env []string, stdout, stderr io.Writer, args []string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, slices.Concat(os.Environ(), env)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
