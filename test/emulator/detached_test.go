package emulator

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
)

func TestDetachedStack(t *testing.T) {
	d := Detached{Dir: filepath.Join(t.TempDir(), "stack")}
	lock, err := d.Claim()
	require.NoError(t, err)
	e, err := Start(t.Context(), Options{Root: repository(t), Dir: d.Dir, Held: []*os.File{lock}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = killGroup(e.pid) })

	_, err = d.Attach(repository(t))
	require.ErrorIs(t, err, ErrRunning, "another make up is deploying")
	require.ErrorContains(t, err, "still deploying")

	require.NoError(t, d.Leave(e, &Stack{Endpoint: e.Endpoint, Name: "n", Suffix: "s", Outputs: map[string]string{"A": "b"}}, local.PayPal{}))
	require.NoError(t, lock.Close())

	_, err = d.Claim()
	require.ErrorIs(t, err, ErrRunning, "the emulator keeps the lock")
	stack, err := d.Attach(repository(t))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"A": "b"}, stack.Outputs)
	_, err = stack.AWS(t.Context(), "sts", "get-caller-identity")
	require.NoError(t, err, "it outlives its starter's pipe")

	require.NoError(t, d.Stop())
	assert.NoDirExists(t, d.Dir)
	assert.Empty(t, alive(t, e.pid))
	require.ErrorIs(t, d.Stop(), ErrNotRunning)
}

func TestStateOfACrashedStackIsIgnored(t *testing.T) {
	// Another process has its process id now.
	other := exec.Command("sleep", "60")
	other.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, other.Start())
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	d := Detached{Dir: filepath.Join(t.TempDir(), "stack")}
	require.NoError(t, os.MkdirAll(d.Dir, 0o700))
	require.NoError(t, local.Write(d.Dir, local.State{PID: other.Process.Pid, URL: "https://127.0.0.1:1"}))

	require.ErrorIs(t, d.Stop(), ErrNotRunning)

	assert.NotEmpty(t, alive(t, other.Process.Pid), "the other process was not killed")
	assert.NoDirExists(t, d.Dir, "the crashed stack's files are removed")
}
