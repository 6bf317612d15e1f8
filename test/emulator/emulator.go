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
)

// Errors of Start, by class; ErrNoTools is another.
var (
	ErrPort   = errors.New("cannot listen")
	ErrExited = errors.New("the emulator ended")
	ErrSlow   = errors.New("the emulator does not answer")
)

// Options say how to start an emulator. The zero value of all but Root is
// fine.
type Options struct {
	// Root is the repository, whose .venv holds the tools.
	Root string
	// Dir takes all files of the emulator and is removed when it stops; by
	// default a new folder for temporary files.
	Dir string
	// Port of 127.0.0.1; by default a free one.
	Port int
	// Proxy is the URL of an HTTPS proxy for the functions, and Roots, in PEM,
	// the authorities beside the public ones that they trust. Both serve to
	// play hosts of the internet.
	Proxy string
	Roots []byte
	// Lock, if any, stays open in the emulator for as long as it runs.
	Lock *os.File
}

// Emulator is a MiniStack of this process's own: it does not outlive it, unless
// Keep is called.
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
	// readyWithin is far above the half second that it takes, for the first
	// start on a busy machine compiles all of MiniStack.
	readyWithin = time.Minute
)

// Start runs an emulator and returns when it answers. Nothing is left when it
// fails.
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
	if err := writeCertificate(dir, tools.publicRoots, o.Roots, time.Now()); err != nil {
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

// listen claims the port before the emulator starts, so that it cannot be
// taken meanwhile.
func listen(port int) (*net.TCPListener, error) {
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("%w: there is no port %d; choose one from 1 to 65535, or none for a free one", ErrPort, port)
	}
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w: port %d of 127.0.0.1 is in use; choose another, or none for a free one", ErrPort, port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w: port %d of 127.0.0.1 is not for everybody; choose one above 1023", ErrPort, port)
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

// launch starts the emulator in a process group of its own, which the functions
// that it starts belong to.
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
		"--workers", "0", // none beside this process
		"--certfile", filepath.Join(e.Dir, certificateFile),
		"--keyfile", filepath.Join(e.Dir, keyFile),
		"--keep-alive", "75")
	cmd.Dir = e.Dir
	cmd.Env = serverEnvironment(e.URL, port, e.Dir)
	if o.Proxy != "" {
		cmd.Env = append(cmd.Env, "HTTPS_PROXY="+o.Proxy)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = held, log, log
	cmd.ExtraFiles = []*os.File{socket}
	if o.Lock != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, o.Lock)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		leash.Close()
		return fmt.Errorf("start the emulator: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its log says why
		close(exited)
	}()
	e.pid, e.leash, e.exited = cmd.Process.Pid, leash, exited
	return nil
}

func (e *Emulator) waitReady(ctx context.Context) error {
	deadline := time.NewTimer(readyWithin)
	defer deadline.Stop()
	for {
		if e.healthy(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-e.exited:
			return fmt.Errorf("%w while it started; its log ends with:\n%s", ErrExited, e.logTail())
		case <-deadline.C:
			return fmt.Errorf("%w after %s; its log ends with:\n%s", ErrSlow, readyWithin, e.logTail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (e *Emulator) healthy(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
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
	_, _ = io.Copy(io.Discard, answer.Body) // lets the connection be used again
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

// Stop ends the emulator and the functions that it started, and removes Dir.
// What they held is in memory or in Dir, so there is nothing to wait for.
func (e *Emulator) Stop() error {
	err := killGroup(e.pid)
	<-e.exited
	return errors.Join(err, e.leash.Close(), os.RemoveAll(e.Dir))
}

// Keep leaves the emulator running when this process ends.
func (e *Emulator) Keep() error {
	_, err := e.leash.Write([]byte("k"))
	return errors.Join(err, e.leash.Close())
}

// killGroup ends all processes of a group; there may be none left.
func killGroup(pid int) error {
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the emulator: %w", err)
	}
	return nil
}
