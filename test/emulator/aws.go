package emulator

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

//go:embed aws.py
var awsRunner string

// errAWS reports an aws command that failed.
var errAWS = errors.New("the aws command failed")

// AWS runs the real aws command line as the account's root user and returns its
// output, which is JSON for most commands.
func (e *Endpoint) AWS(ctx context.Context, args ...string) ([]byte, error) {
	socket, err := e.runner()
	if err != nil {
		return nil, err
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	var answer struct {
		Code           int
		Stdout, Stderr string
	}
	if err := json.NewEncoder(connection).Encode(append([]string{"--endpoint-url", e.URL}, args...)); err != nil {
		return nil, err
	}
	name := "aws " + strings.Join(args[:min(2, len(args))], " ")
	if err := json.NewDecoder(connection).Decode(&answer); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if answer.Code != 0 {
		return nil, fmt.Errorf("%w: %s: exit status %d: %s", errAWS, name, answer.Code, strings.TrimSpace(answer.Stderr))
	}
	return []byte(answer.Stdout), nil
}

// Query runs an aws command and decodes the JSON that it prints.
func (e *Endpoint) Query(ctx context.Context, into any, args ...string) error {
	out, err := e.AWS(ctx, args...)
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// AWSCommand returns an aws command for a process of its own, and its environment.
func (e *Endpoint) AWSCommand(args ...string) (argv, env []string) {
	argv = append([]string{e.tools.python, "-I", "-m", "awscli", "--endpoint-url", e.URL}, args...)
	return argv, e.cliEnvironment()
}

// startRunner starts the process that runs the aws commands of this program, and returns
// its socket. It ends with this program.
func (e *Endpoint) startRunner() (socket string, err error) {
	dir, err := os.MkdirTemp("", "aws-") // a socket's path has at most 107 characters
	if err != nil {
		return "", err
	}
	socket = filepath.Join(dir, "socket")
	cmd := exec.Command(e.tools.python, "-I", "-c", awsRunner, socket)
	cmd.Dir, cmd.Env = e.root, e.cliEnvironment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var problems strings.Builder
	cmd.Stderr = &problems
	// The kernel closes the pipe when this program ends, and the garbage collector when
	// nothing refers to it.
	if e.held, err = cmd.StdinPipe(); err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return "", fmt.Errorf("start the aws command: %w: %w: %s", err, cmd.Wait(), problems.String())
	}
	return socket, nil
}
