// Package operator runs the paysluice command against a stack on the emulator, as
// its users do: the built binary, the AWS environment, IAM enforced. The stack is
// deployed once for all tests; each sends events with ids of its own.
package operator_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// coverDirVar names the folder that receives the command's coverage counters.
const coverDirVar = "PAYSLUICE_COVERDIR"

// An expected change is polled for.
const (
	waitTime = 2 * time.Minute // a loaded machine takes long
	pollTime = 100 * time.Millisecond
)

// What all tests share.
var (
	stack    *emulator.Stack
	accounts map[string]*account // by provider
	binary   string              // the built paysluice
	counters string              // folder of coverage counters
	here     string              // folder whose stack --local uses
)

// account is a provider's account: it signs with the secret that the stack has.
type account struct {
	senders.Sender
	secret string
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := emulator.Root()
	if err != nil {
		return 0, err
	}
	tmp, err := os.MkdirTemp("", "operator-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	if err := build(ctx, root, tmp); err != nil {
		return 0, err
	}
	zips, err := emulator.BuildZips(ctx, root)
	if err != nil {
		return 0, err
	}
	shared, err := emulator.Use(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, shared.Stop()) }()
	stack, err = shared.Deploy(ctx, emulator.Deployment{Template: filepath.Join(root, "out", "stack.json"), Zips: zips, Suffix: "operator",
		Parameters: map[string]string{"PublishTo": "topic"}})
	if err != nil {
		return 0, err
	}
	here = filepath.Join(tmp, "here")
	if err := os.MkdirAll(filepath.Join(here, local.Dir), 0o755); err != nil {
		return 0, err
	}
	if err := local.Write(filepath.Join(here, local.Dir), stack.State(shared.PayPal)); err != nil {
		return 0, err
	}
	accounts = map[string]*account{}
	for _, s := range []senders.Sender{
		senders.Stripe(), senders.PayPalWith(shared.PayPal), senders.Square(stack.Outputs["SquareUrl"]),
	} {
		a := &account{s, s.NewSecret()}
		if err := stack.PutSecret(ctx, s.Provider, s.Document(a.secret)); err != nil {
			return 0, err
		}
		accounts[s.Provider.Name] = a
	}
	stop() // from here on a signal ends this process, and its emulator
	return m.Run(), nil
}

// build builds paysluice with coverage counters.
func build(ctx context.Context, root, tmp string) error {
	binary = filepath.Join(tmp, "paysluice")
	if counters = os.Getenv(coverDirVar); counters == "" {
		counters = filepath.Join(tmp, "counters")
		if err := os.Mkdir(counters, 0o755); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-cover", "-covermode=atomic",
		"-coverpkg=./cmd/paysluice/...", "-o", binary, "./cmd/paysluice")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build paysluice: %w\n%s", err, out)
	}
	return nil
}

// template has the parts of the deployed template that tests read.
type template struct {
	Description string
	Resources   map[string]struct{ Properties map[string]any }
}

func readTemplate(t testing.TB) (read template) {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "out", "stack.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &read))
	return read
}

// result describes a finished command.
type result struct {
	code           int
	stdout, stderr string
}

// session is how a user calls paysluice: with an identity and input.
type session struct {
	name     string // of the IAM user
	env      []string
	stdin    string
	terminal *os.File // in place of stdin
	dir      string   // a new one if empty
}

// root returns the session of the account's root user.
func root() session {
	return session{env: append(stack.ClientEnvironment(), "PAYSLUICE_STACK="+stack.Name)}
}

// paysluice runs a command as the account's root user.
func paysluice(t *testing.T, args ...string) result {
	t.Helper()
	return root().run(t, args...)
}

// run runs a command to its end.
func (s session) run(t *testing.T, args ...string) result {
	t.Helper()
	cmd := s.command(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return result{exit.ExitCode(), stdout.String(), stderr.String()}
	}
	require.NoError(t, err)
	return result{0, stdout.String(), stderr.String()}
}

func (s session) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return s.program(t, binary, args...)
}

func (s session) program(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = cmp.Or(s.dir, t.TempDir())
	cmd.Stdin = strings.NewReader(s.stdin)
	if s.terminal != nil {
		cmd.Stdin = s.terminal
	}
	cmd.Env = append([]string{"GOCOVERDIR=" + counters, "PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir,
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull}, s.env...)
	return cmd
}

// interrupted runs a command until ready says that its output so far is enough,
// and sends it SIGINT.
func (s session) interrupted(t *testing.T, ready func(stdout, stderr string) bool, args ...string) result {
	t.Helper()
	cmd := s.command(t, args...)
	var stdout, stderr locked
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return ready(stdout.String(), stderr.String()) }, waitTime, pollTime, "%s", &stderr)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// user returns the session of a new IAM user with a policy of the given
// statements.
func user(t *testing.T, statements ...map[string]any) session {
	t.Helper()
	name := "operator-" + rand.Text()
	var created struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	_, err := stack.AWS(t.Context(), "iam", "create-user", "--user-name", name)
	require.NoError(t, err)
	if len(statements) > 0 {
		putPolicy(t, name, statements)
	}
	require.NoError(t, stack.Query(t.Context(), &created, "iam", "create-access-key", "--user-name", name))
	s := root()
	s.name = name
	s.env = append(s.env, "AWS_ACCESS_KEY_ID="+created.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+created.AccessKey.SecretAccessKey)
	return s
}

// putPolicy replaces the policy of a user.
func putPolicy(t *testing.T, name string, statements []map[string]any) {
	t.Helper()
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	require.NoError(t, err)
	_, err = stack.AWS(t.Context(), "iam", "put-user-policy", "--user-name", name, "--policy-name", "p", "--policy-document", string(policy))
	require.NoError(t, err)
}

// allow returns a policy statement.
func allow(resource string, actions ...string) map[string]any {
	return map[string]any{"Effect": "Allow", "Action": actions, "Resource": resource}
}

// store sends a webhook of a provider and waits until its event is stored. It
// returns the event's id and the body.
func store(t *testing.T, p contract.Provider) (id string, body []byte) {
	t.Helper()
	a := accounts[p.Name]
	number := a.NewID()
	id, body = a.EventID(number), a.Body(number, 4999, senders.Created)
	deliver(t, a, id, body)
	return id, body
}

// deliver sends a webhook and waits until its event is stored.
func deliver(t *testing.T, a *account, id string, body []byte) {
	t.Helper()
	require.Eventually(t, func() bool { // a provider repeats what a busy machine answers 503
		status, _, err := stack.Post(t.Context(), a.Provider, a.Header(body, a.secret, time.Now()), body)
		return err == nil && status == http.StatusOK
	}, waitTime, pollTime)
	require.Eventually(t, func() bool { return paysluice(t, "events", "get", id).code == 0 }, waitTime, pollTime)
}

// with returns the session with other input.
func (s session) with(stdin string) session {
	s.stdin = stdin
	return s
}
