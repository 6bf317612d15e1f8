package operator_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openTerminal returns both ends of a pseudo-terminal (pty(7)).
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	var unlocked, number int32
	control(t, keyboard, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	control(t, keyboard, syscall.TIOCGPTN, unsafe.Pointer(&number))
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = keyboard.Close(); _ = terminal.Close() })
	return keyboard, terminal
}

func control(t *testing.T, f *os.File, request uintptr, value unsafe.Pointer) {
	t.Helper()
	_, _, failure := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(value))
	require.Zero(t, failure)
}

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	var state syscall.Termios
	control(t, terminal, syscall.TCGETS, unsafe.Pointer(&state))
	return state.Lflag&syscall.ECHO != 0
}

// TestSecretIsAskedFor: it is not shown, and an interrupt leaves the terminal as it
// was.
func TestSecretIsAskedFor(t *testing.T) {
	a := accounts["stripe"]
	restore(t, a)
	from, command := root(), []string{"secrets", "add", "stripe", "typed"}
	ask := func(do func(keyboard *os.File, cmd *os.Process)) (code int, shown, stderr string) {
		keyboard, terminal := openTerminal(t)
		cmd := from.command(t, command...)
		var out locked
		cmd.Stdin, cmd.Stderr = terminal, &out
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return strings.Contains(out.String(), "(not shown): ") && !echoes(t, terminal) }, 30*time.Second, 10*time.Millisecond)
		do(keyboard, cmd.Process)
		_ = cmd.Wait()
		assert.True(t, echoes(t, terminal), "the terminal is as it was")
		_, err := terminal.WriteString("end")
		require.NoError(t, err)
		text := make([]byte, 1024)
		n, err := keyboard.Read(text)
		require.NoError(t, err)
		return cmd.ProcessState.ExitCode(), string(text[:n]), out.String()
	}
	key := a.NewSecret()
	code, shown, stderr := ask(func(keyboard *os.File, _ *os.Process) { _, _ = keyboard.WriteString(key + "\n") })
	assert.Equal(t, 0, code, stderr)
	assert.NotContains(t, shown, key)
	assert.Contains(t, stderr, "The signing secret of Stripe (not shown): \nadded entry 2")

	code, _, stderr = ask(func(_ *os.File, p *os.Process) { _ = p.Signal(os.Interrupt) })
	assert.Equal(t, 130, code)
	assert.Contains(t, stderr, "interrupt")
	code, _, stderr = ask(func(keyboard *os.File, _ *os.Process) { _, _ = keyboard.WriteString("\n") })
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "the secret is empty")
	assert.Equal(t, []string{"test", "typed"}, labels(t, "stripe"))

	from, command = neverFilled(t), []string{"send", "stripe", "charge.refunded"}
	code, shown, stderr = ask(func(keyboard *os.File, _ *os.Process) { _, _ = keyboard.WriteString(a.secret + "\n") })
	assert.Equal(t, 0, code, stderr)
	assert.NotContains(t, shown+stderr, a.secret)
	assert.Contains(t, stderr, "The stack's secret is empty. The signing secret of Stripe (not shown): \nsigned with the entry given\n")
}
