// Package emulator runs the stack on this machine: MiniStack from .venv, with
// the template and the function zips deployed to it. It serves the demo and the
// tests that cross packages.
//
// # MiniStack 1.5.33
//
// Its behaviour, tried out or read in its sources:
//
//   - With AUTH=true only the root user (key id "test" or a 12-digit account
//     id) needs no policy. A function gets a session of its own role, so a
//     missing permission fails the call with an error that names the role.
//   - A changed policy takes effect at the next call, also in a warm function.
//   - A function inherits the emulator's environment. Its own variables and then
//     AWS_ENDPOINT_URL override it.
//   - Each line that a function writes to standard output or error becomes a log
//     event in /aws/lambda/{function} once the invocation has ended, between
//     START, END and REPORT. It logs a line that it reads late with the next
//     invocation. launch.py lets it read all lines.
//   - A zip that is missing from the code bucket is no error: the function
//     answers 200 to everything. Deploy therefore requires the zips.
//   - Repeated headers reach the API as one header, joined with a comma, so they
//     cannot be tested here.
//   - It does not tag buckets with the stack's id, as CloudFormation does.
//   - It deletes buckets that still hold objects; AWS does not.
//   - It ignores what a function answers about single records of a stream, and the
//     limits of retries. launch.py makes it behave.
//   - All state is in memory or in TMPDIR, so it can be killed at any time.
//   - It starts in half a second and deploys the stack in about one second.
package emulator

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// Errors of Start, beside ErrNoTools.
var (
	ErrPort   = errors.New("cannot listen")
	ErrExited = errors.New("the emulator exited")
	ErrSlow   = errors.New("the emulator did not become ready")
)

// Options configure an emulator. Only Root is required.
type Options struct {
	// Root is the repository. Its .venv holds the tools.
	Root string
	// Dir holds all files of the emulator and is removed when it stops. The
	// default is a new temporary folder.
	Dir string
	// Port is a port of 127.0.0.1. The default is a free one.
	Port int
	// Proxy is the URL of an HTTPS proxy for the functions, through which a test
	// can play hosts of the internet.
	Proxy string
	// Authority issues the emulator's certificate. The functions trust it beside
	// the public authorities. The default is a new one.
	Authority *paypaltest.Authority
	// Roots, PEM, are further authorities that the functions and the clients trust.
	Roots []byte
	// Held stay open in the emulator while it runs.
	Held []*os.File

	plainStreams bool // MiniStack reads streams its own way, not Lambda's
}

// Emulator is a MiniStack that ends with this process, unless Keep is called.
type Emulator struct {
	*Endpoint
	pid    int
	leash  *os.File
	exited <-chan struct{}
}

//go:embed launch.py
var launcher []byte

const (
	logFile = "emulator.log"
	// readyTimeout is far longer than the usual half second, because Python
	// compiles MiniStack at its first start.
	readyTimeout = time.Minute
)

// Start starts an emulator and returns when it is ready. If it fails, it leaves
// no process and no file behind.
func Start(ctx context.Context, o Options) (_ *Emulator, err error) {
	tools, err := findTools(o.Root)
	if err != nil {
		return nil, err
	}
	listener, err := listen(o.Port)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	dir, err := makeDir(o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	if o.Authority == nil {
		o.Authority = paypaltest.NewAuthority(time.Now())
	}
	if err := writeCertificates(dir, tools.publicRoots, o.Authority, o.Roots); err != nil {
		return nil, err
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	endpoint, err := connect(o.Root, dir, "https://127.0.0.1:"+port)
	if err != nil {
		return nil, err
	}
	e := &Emulator{Endpoint: endpoint}
	if err := e.launch(listener, port, o); err != nil {
		return nil, err
	}
	if err := e.waitReady(ctx); err != nil {
		return nil, errors.Join(err, e.Stop())
	}
	return e, nil
}

// listen opens the port before the emulator starts, so that no other process can
// take it in between.
func listen(port int) (*net.TCPListener, error) {
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("%w: port %d does not exist; choose one from 1 to 65535, or 0 for any free port", ErrPort, port)
	}
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w: port %d of 127.0.0.1 is in use; choose another one, or 0 for any free port", ErrPort, port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w: port %d of 127.0.0.1 needs root; choose one above 1023", ErrPort, port)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrPort, err)
	}
	return l, nil
}

func makeDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "paysluice-")
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// launch starts the emulator in a process group of its own. The functions that it
// starts belong to the same group.
func (e *Emulator) launch(listener *net.TCPListener, port string, o Options) error {
	script := filepath.Join(e.Dir, "launch.py")
	if err := os.WriteFile(script, launcher, 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(e.Dir, logFile))
	if err != nil {
		return err
	}
	defer log.Close()
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	held, leash, err := os.Pipe()
	if err != nil {
		return err
	}
	defer held.Close()

	cmd := exec.Command(e.tools.python, "-I", script, e.Dir,
		"ministack.app:app",
		"--bind", "fd://3", // the first of ExtraFiles
		"--workers", "0", // serve in the main process
		"--certfile", filepath.Join(e.Dir, certificateFile),
		"--keyfile", filepath.Join(e.Dir, keyFile),
		"--keep-alive", "75")
	cmd.Dir = e.Dir
	cmd.Env = serverEnvironment(e.URL, port, e.Dir)
	if o.Proxy != "" {
		cmd.Env = append(cmd.Env, "HTTPS_PROXY="+o.Proxy)
	}
	if o.plainStreams {
		cmd.Env = append(cmd.Env, "PLAIN_STREAMS=1")
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = held, log, log
	cmd.ExtraFiles = append([]*os.File{socket}, o.Held...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		leash.Close()
		return fmt.Errorf("start the emulator: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the log has the reason
		close(exited)
	}()
	e.pid, e.leash, e.exited = cmd.Process.Pid, leash, exited
	return nil
}

func (e *Emulator) waitReady(ctx context.Context) error {
	deadline := time.NewTimer(readyTimeout)
	defer deadline.Stop()
	for {
		if e.healthy(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-e.exited:
			return fmt.Errorf("%w during its start; its log ends with:\n%s", ErrExited, e.logTail())
		case <-deadline.C:
			return fmt.Errorf("%w within %s; its log ends with:\n%s", ErrSlow, readyTimeout, e.logTail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (e *Emulator) healthy(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/_ministack/health", nil)
	if err != nil {
		return false
	}
	answer, err := e.HTTP.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is reused
	return answer.StatusCode == http.StatusOK
}

func (e *Emulator) logTail() string {
	log, err := os.ReadFile(filepath.Join(e.Dir, logFile))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(bytes.TrimSpace(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

// Stop kills the emulator and the functions that it started and removes Dir.
func (e *Emulator) Stop() error {
	err := killGroup(e.pid)
	<-e.exited
	if closing := e.leash.Close(); !errors.Is(closing, os.ErrClosed) { // by Keep
		err = errors.Join(err, closing)
	}
	return errors.Join(err, os.RemoveAll(e.Dir))
}

// Keep lets the emulator run on after this process ends.
func (e *Emulator) Keep() error {
	_, err := e.leash.Write([]byte("k"))
	return errors.Join(err, e.leash.Close())
}

// killGroup kills all processes of a group, which may have ended already.
func killGroup(pid int) error {
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop the emulator: %w", err)
	}
	return nil
}
