package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
)

// consoleLog is the log of the console in the folder of a Detached stack. It has no links.
const consoleLog = "console.log"

// OpenConsole builds paysluice into Dir and starts its console for the running stack. It
// returns a link to it. The console belongs to the emulator's process group, which Stop
// kills, and holds the lock too: Stop ends it also after the emulator has crashed.
func (d Detached) OpenConsole(ctx context.Context, root string, lock *os.File) (link string, err error) {
	state, err := d.state()
	if err != nil {
		return "", err
	}
	program, err := BuildCommand(ctx, root, d.Dir)
	if err != nil {
		return "", err
	}
	links, err := os.OpenFile(filepath.Join(d.Dir, local.ConsoleLinks), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return "", err
	}
	defer links.Close()
	log, err := os.OpenFile(filepath.Join(d.Dir, consoleLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return "", err
	}
	defer log.Close()
	cmd := exec.Command(program, "console", "--local", "--no-open", "--allow-replay", "--stack", state.Name)
	cmd.Dir = filepath.Dir(filepath.Dir(d.Dir)) // from where --local finds Dir
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = links, log, []*os.File{lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: state.PID}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start the console: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for {
		text, err := os.ReadFile(links.Name())
		if err != nil {
			return "", err
		}
		if link, _, ended := strings.Cut(string(text), "\n"); ended {
			return link, nil
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(context.Cause(ctx), cmd.Process.Kill())
		case err := <-exited:
			text, _ := os.ReadFile(log.Name())
			return "", fmt.Errorf("the console ended: %w: %s", err, bytes.TrimSpace(text))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
