package emulator

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// starterVariable turns this test binary into a program that starts an emulator
// and waits to be killed.
const starterVariable = "PAYSLUICE_TEST_STARTER"

func TestMain(m *testing.M) {
	if os.Getenv(starterVariable) != "" {
		starter()
		return
	}
	os.Exit(m.Run())
}

func starter() {
	root, err := Root()
	if err != nil {
		panic(err)
	}
	e, err := Start(context.Background(), Options{Root: root})
	if err != nil {
		panic(err)
	}
	fmt.Println(e.pid, e.Dir)
	time.Sleep(time.Hour)
	runtime.KeepAlive(e) // or a garbage collection closes e.leash, which ends the emulator
}

func repository(t *testing.T) string {
	t.Helper()
	root, err := Root()
	require.NoError(t, err)
	return root
}

func start(t *testing.T) *Emulator {
	t.Helper()
	e, err := Start(t.Context(), Options{Root: repository(t)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Stop() }) // a second Stop fails without effect
	return e
}

func TestStartServesAndStopLeavesNothing(t *testing.T) {
	e := start(t)

	identity, err := e.AWS(t.Context(), "sts", "get-caller-identity", "--query", "Arn")
	require.NoError(t, err)
	assert.JSONEq(t, `"arn:aws:iam::000000000000:root"`, string(identity))

	require.NoError(t, e.Stop())
	assert.NoDirExists(t, e.Dir)
	assert.Empty(t, alive(t, e.pid))
}

func TestEmulatorEndsWithItsStarter(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), starterVariable+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	number, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
	pid, err := strconv.Atoi(number)
	require.NoError(t, err)
	require.NotEmpty(t, alive(t, pid), "the emulator runs")
	require.DirExists(t, dir)

	require.NoError(t, cmd.Process.Kill(), "SIGKILL: no deferred call runs")
	_ = cmd.Wait()

	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Empty(c, alive(t, pid))
		assert.NoDirExists(c, dir)
	}, time.Minute, 50*time.Millisecond)
}

// alive returns the processes of a group, without zombies, which have ended.
func alive(t *testing.T, group int) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	var found []string
	for _, file := range all {
		if p := readProcess(file); p.group == strconv.Itoa(group) && p.state != "Z" {
			found = append(found, file)
		}
	}
	return found
}

// process holds fields of /proc/{pid}/stat (man 5 proc). It is empty for a
// process that has ended.
type process struct{ state, group string }

func readProcess(file string) process {
	text, err := os.ReadFile(file)
	if err != nil {
		return process{}
	}
	// The name, in parentheses, may hold any character.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	return process{state: fields[0], group: fields[2]}
}

func TestStartFailures(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	takenPort := taken.Addr().(*net.TCPAddr).Port

	for _, row := range []struct {
		why     string
		options Options
		want    error
		says    string
	}{
		{"tools not installed", Options{Root: t.TempDir()}, ErrNoTools, "run make tools"},
		{"tools half installed", Options{Root: fakeVenv(t, "exit 0", "hypercorn")}, ErrNoTools, "ministack is missing"},
		{
			"port in use", Options{Root: repository(t), Port: takenPort},
			ErrPort, fmt.Sprintf("port %d of 127.0.0.1 is in use", takenPort),
		},
		{"no such port", Options{Root: repository(t), Port: 65536}, ErrPort, "port 65536 does not exist"},
		{
			"the error quotes the log, which is removed",
			Options{Root: fakeVenv(t, "echo no module named x >&2; exit 1", allPackages...)},
			ErrExited, "no module named x",
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			row.options.Dir = filepath.Join(t.TempDir(), "stack")

			_, err := Start(t.Context(), row.options)

			require.ErrorIs(t, err, row.want)
			assert.ErrorContains(t, err, row.says)
			assert.NoDirExists(t, row.options.Dir)
		})
	}
}

func TestStartHonoursItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "stack")

	_, err := Start(ctx, Options{Root: fakeVenv(t, "exec sleep 60", allPackages...), Dir: dir})

	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.NoDirExists(t, dir)
}

var allPackages = []string{"ministack", "hypercorn", "awscli", "botocore"}

// fakeVenv returns a root whose .venv has a shell script as its Python and these
// packages, all empty.
func fakeVenv(t *testing.T, script string, packages ...string) (root string) {
	t.Helper()
	root = t.TempDir()
	bin := filepath.Join(root, ".venv", "bin")
	require.NoError(t, os.MkdirAll(bin, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "python"), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	for _, name := range packages {
		dir := filepath.Join(root, ".venv", "lib", "python3.11", "site-packages", name)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cacert.pem"), nil, 0o644))
	}
	return root
}

func TestUserEnvironmentIsNotInherited(t *testing.T) {
	for _, name := range []string{
		"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SQS", "AWS_ACCESS_KEY_ID", "AWS_REGION",
		"HTTPS_PROXY", "https_proxy", "SERVICES", "PERSIST_STATE", "PYTHONPATH", "HOME",
	} {
		t.Setenv(name, "the-users-own")
	}
	e := &Endpoint{URL: "https://127.0.0.1:1", Dir: "/stack"}

	for why, env := range map[string][]string{
		"emulator and functions": serverEnvironment(e.URL, "1", e.Dir),
		"aws command line":       e.cliEnvironment(),
	} {
		assert.NotContains(t, strings.Join(env, "\n"), "the-users-own", why)
	}
	for _, variable := range serverEnvironment(e.URL, "1", e.Dir) {
		assert.NotContains(t, variable, "AWS_ACCESS_KEY_ID", "functions must not find root's credentials")
		assert.NotContains(t, variable, "AWS_SECRET_ACCESS_KEY", "functions must not find root's credentials")
	}
}

func TestUseSharesOneEmulator(t *testing.T) {
	t.Setenv(SharedVariable, "")
	first, err := Use(t.Context())
	require.NoError(t, err)
	defer first.Stop()
	t.Setenv(SharedVariable, first.Dir)

	second, err := Use(t.Context())

	require.NoError(t, err)
	assert.Equal(t, first.URL, second.URL)
	assert.Equal(t, first.PayPal, second.PayPal)
	require.NoError(t, second.Stop())
	_, err = second.AWS(t.Context(), "sts", "get-caller-identity")
	require.NoError(t, err, "only the program that started the emulator stops it")
	require.NoError(t, first.Stop())
	_, err = Use(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist, "the emulator has stopped")
}
