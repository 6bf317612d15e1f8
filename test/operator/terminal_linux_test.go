package operator_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
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

// TestEndedExport ends an export whose next answer does not arrive. The file has whole
// lines, the terminal is as it was, and after a signal that can be caught the command
// says how to get the rest.
func TestEndedExport(t *testing.T) {
	const n = 120
	var rows []types.WriteRequest
	begin := time.Now().Add(-time.Hour).Truncate(time.Second)
	want := map[string]bool{}
	for i := range n {
		e := event.Event{
			Schema: event.Schema, ID: event.NewID("stripe", rand.Text()), Timestamp: begin.UnixMilli() + int64(i), ReceivedAt: begin.UnixMilli(), Provider: "stripe",
			Type: "x", Category: event.PaymentUpdated, Account: "ended", Payload: []byte(strings.Repeat(rand.Text(), 100)),
		}
		e.PayloadSHA256 = event.HashPayload(e.Payload)
		want[e.ID] = true
		rows = append(rows, types.WriteRequest{PutRequest: &types.PutRequest{Item: table.ToItem(e)}})
	}
	for batch := range slices.Chunk(rows, 25) { // the most that DynamoDB takes
		_, err := dynamodb.NewFromConfig(stack.Config()).BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{stack.Outputs["TableName"]: batch}})
		require.NoError(t, err)
	}
	u, err := url.Parse(stack.Endpoint.URL)
	require.NoError(t, err)
	folder := t.TempDir()
	until := begin.Add(time.Minute).Format(time.RFC3339)
	export := func(name, until string, most int64, end os.Signal, more ...string) (w *way, code int, shown string) {
		w = newWay(t, u.Host, most)
		s := root()
		s.env = append(s.env, "AWS_ENDPOINT_URL=https://"+w.listener.Addr().String())
		_, terminal := openTerminal(t)
		cmd := s.command(t, append([]string{"events", "export", "--payloads", "--account", "ended", "--since", begin.Format(time.RFC3339), "--until", until, "--file", filepath.Join(folder, name)}, more...)...)
		var stderr locked
		cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, &stderr
		require.NoError(t, cmd.Start())
		if most > 0 {
			require.Eventually(t, func() bool { return w.passed.Load() > most }, waitTime, pollTime)
			require.NoError(t, cmd.Process.Signal(end))
		}
		_ = cmd.Wait()
		assert.True(t, echoes(t, terminal))
		return w, cmd.ProcessState.ExitCode(), stderr.String()
	}
	read := func(name string) (ids map[string]bool) {
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		ids = map[string]bool{}
		for line := range strings.Lines(string(content)) {
			var e event.Event
			require.NoError(t, json.Unmarshal([]byte(line), &e), name)
			ids[e.ID] = true
		}
		return ids
	}
	w, code, _ := export("all", until, 0, nil)
	require.Equal(t, 0, code)
	require.Equal(t, want, read("all"))
	for i, end := range []os.Signal{os.Interrupt, syscall.SIGTERM, os.Kill} {
		_, code, stderr := export(end.String(), until, w.passed.Load()*2/3, end)
		begun := read(end.String())
		assert.NotEmpty(t, begun, end)
		assert.Less(t, len(begun), n, end)
		if end == os.Kill {
			continue
		}
		assert.Equal(t, 130, code, end)
		rest := regexp.MustCompile(`^\d+ events?\nto continue: the same command with --until (\S+) --since \S+ --continued and another --file\n`).FindStringSubmatch(stderr)
		require.NotNil(t, rest, stderr)
		if i > 0 {
			continue
		}
		_, code, _ = export("rest", rest[1], 0, nil, "--continued")
		assert.Equal(t, 0, code)
		maps.Copy(begun, read("rest"))
		assert.Equal(t, want, begun, "nothing is left out")
	}
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
		require.Eventually(t, func() bool { return strings.Contains(out.String(), "(not shown): ") && !echoes(t, terminal) }, waitTime, 10*time.Millisecond)
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
