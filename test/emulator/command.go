package emulator

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// command is a program to be run to its end.
type command struct {
	name string // in errors
	dir  string
	env  []string // nil for this program's own
	args []string
}

// commandError is a command that failed. Its text holds all that the command
// wrote to standard error.
type commandError struct {
	name   string
	stderr string
	cause  error
}

func (e *commandError) Error() string {
	if e.stderr == "" {
		return fmt.Sprintf("%s: %v", e.name, e.cause)
	}
	return fmt.Sprintf("%s: %v: %s", e.name, e.cause, e.stderr)
}

func (e *commandError) Unwrap() error { return e.cause }

// run returns what the command wrote to standard output. When ctx ends, the
// command is ended with all that it started, and the error is ctx's cause.
func run(ctx context.Context, c command) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = c.dir, c.env
	// A process group of its own can be ended as a whole, and a Ctrl-C in the
	// terminal reaches this program alone.
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
		return nil, &commandError{
			name:   c.name,
			stderr: string(bytes.TrimSpace(stderr.Bytes())),
			cause:  err,
		}
	}
	return stdout.Bytes(), nil
}
