package operator_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator/senders"
)

// restore restores the secret of a provider after the test.
func restore(t *testing.T, a *account) {
	t.Helper()
	t.Cleanup(func() {
		assert.NoError(t, stack.PutSecret(context.Background(), a.Provider, a.Document(a.secret)))
	})
}

// labels returns the labels that secrets list prints.
func labels(t *testing.T, provider string) (labels []string) {
	t.Helper()
	var rows []struct{ Label string }
	r := paysluice(t, "secrets", "list", provider, "-o", "json")
	require.Equal(t, 0, r.code, r.stderr)
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &rows))
	for _, row := range rows {
		labels = append(labels, row.Label)
	}
	return labels
}

// TestSecretsRotation rotates a secret by the commands alone.
func TestSecretsRotation(t *testing.T) {
	for _, name := range []string{"stripe", "square"} {
		t.Run(name, func(t *testing.T) {
			a := accounts[name]
			restore(t, a)
			do := func(code int, stdin string, args ...string) result {
				t.Helper()
				s := root()
				s.stdin = stdin
				r := s.run(t, append([]string{"secrets"}, args...)...)
				require.Equal(t, code, r.code, r.stdout+r.stderr)
				assert.NotContains(t, r.stdout+r.stderr, senders.Mark, "no key")
				return r
			}
			store(t, a.Provider)
			r := do(0, "", "list", name)
			assert.Regexp(t, name+` +1  test .*  [1-9]\d*  20\d\d-`, r.stdout)
			assert.Regexp(t, `^`+name+`: examined \d+ events?\n$`, r.stderr)

			key := a.NewSecret()
			r = do(0, key+"\n", "add", name, "new", "--environment", "sandbox", "--secret-stdin")
			assert.Contains(t, r.stderr, `added entry 2, "new", to the secret of `+name)
			do(1, key, "add", name, "again", "--environment", "sandbox", "--secret-stdin")
			do(1, " "+key, "add", name, "spaced", "--environment", "sandbox", "--secret-stdin")
			assert.Equal(t, []string{"test", "new"}, labels(t, name))

			r = do(0, "", "test", name)
			assert.Equal(t, 2, strings.Count(r.stdout, "200 OK"), r.stdout)
			body := a.Body(a.NewID(), 100, senders.Created)
			status, _, err := stack.Post(t.Context(), a.Provider, a.Header(body, key, time.Now()), body)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, status)
			assert.Contains(t, do(1, "", "test", name, "none").stderr, "to test does not exist: paysluice secrets list")

			r = do(1, "no\n", "retire", name, "test")
			assert.Regexp(t, `\d+ of \d+ examined events? (is|are) verified with the label "test", the last at`, r.stderr)
			assert.Contains(t, r.stderr, "not confirmed: nothing was done")
			assert.Contains(t, do(1, "", "retire", name, "test").stderr, "--yes confirms without a question")
			assert.Contains(t, do(1, "", "retire", name, "none").stderr, `"none" does not exist`)
			do(0, "y\n", "retire", name, "test")
			assert.Equal(t, []string{"new"}, labels(t, name))
			assert.Contains(t, do(1, "", "retire", name, "new", "--yes").stderr, "is the only one")

			body = a.Body(a.NewID(), 100, senders.Created)
			v := paysluice(t, "verify", name, "--event", captured(t, a, a.Header(body, a.secret, time.Now()), body))
			assert.Equal(t, 3, v.code, v.stderr)
			assert.Contains(t, v.stdout, `key (proven)`)
			assert.Contains(t, v.stdout, `the entry "test" of the secret's previous version`)
		})
	}
}

func TestSecretsThatCannotBeChanged(t *testing.T) {
	a := accounts["stripe"]
	restore(t, a)
	r := paysluice(t, "secrets", "test", "paypal")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "only PayPal can sign its webhooks")
	r = paysluice(t, "secrets", "list", "paypal", "--since", "0s")
	assert.Equal(t, 0, r.code)
	assert.Contains(t, r.stderr, "no event was stored in this time")
	assert.Contains(t, r.stdout, "never")

	denied := user(t, allow("*", "cloudformation:DescribeStacks", "secretsmanager:GetSecretValue", "kms:Decrypt"))
	denied.stdin = a.NewSecret()
	r = denied.run(t, "secrets", "add", "stripe", "new", "--secret-stdin")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "access denied: secretsmanager:PutSecretValue on ")
	nobody, finder := user(t), user(t, allow("*", "cloudformation:DescribeStacks"))
	for _, command := range [][]string{{"list"}, {"retire", "stripe", "test"}, {"test", "stripe"}, {"add", "stripe", "new", "--secret-stdin"}} {
		r = nobody.run(t, append([]string{"secrets"}, command...)...)
		assert.Equal(t, 1, r.code, command)
		assert.Contains(t, r.stderr, "access denied: cloudformation:DescribeStacks")
		r = finder.run(t, append([]string{"secrets"}, command...)...)
		assert.Equal(t, 1, r.code, command)
		assert.Contains(t, r.stderr, "access denied: secretsmanager:GetSecretValue")
	}
	for _, command := range [][]string{{"list", "stripe"}, {"retire", "stripe", "test"}} {
		if command[0] == "retire" {
			require.NoError(t, stack.PutSecret(t.Context(), a.Provider, a.Document(a.secret, a.NewSecret())))
			command = append(command, "--number", "2")
		}
		r = denied.run(t, append([]string{"secrets"}, command...)...)
		assert.Equal(t, 1, r.code, command)
		assert.Contains(t, r.stderr, "access denied: dynamodb:Query")
	}

	require.NoError(t, stack.PutSecret(t.Context(), a.Provider, map[string]any{"endpoints": []any{map[string]string{"label": "a"}}}))
	for _, command := range [][]string{{"list"}, {"add", "stripe", "new", "--secret-stdin"}, {"retire", "stripe", "a", "--yes"}, {"test", "stripe"}} {
		r = paysluice(t, append([]string{"secrets"}, command...)...)
		assert.Equal(t, 1, r.code, command)
		assert.Contains(t, r.stderr, `the secret is malformed: secret_malformed: entry 1 of "endpoints": "secret" is missing`)
	}
}

// TestSecretsMeanwhile: what happens while a command asks.
func TestSecretsMeanwhile(t *testing.T) {
	a := accounts["stripe"]
	restore(t, a)
	require.NoError(t, stack.PutSecret(t.Context(), a.Provider, a.Document(a.secret, a.NewSecret())))
	ask := func(do func(answer io.Writer, p *os.Process)) (code int, stderr string) {
		cmd := root().command(t, "secrets", "retire", "stripe", "test", "--number", "2")
		cmd.Stdin = nil
		answer, err := cmd.StdinPipe()
		require.NoError(t, err)
		var out locked
		cmd.Stderr = &out
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return strings.Contains(out.String(), "[y/N]") }, waitTime, 10*time.Millisecond)
		do(answer, cmd.Process)
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode(), out.String()
	}
	code, stderr := ask(func(_ io.Writer, p *os.Process) { _ = p.Signal(os.Interrupt) })
	assert.Equal(t, 130, code)
	assert.Contains(t, stderr, "interrupt")
	assert.Len(t, labels(t, "stripe"), 2)

	code, stderr = ask(func(answer io.Writer, _ *os.Process) {
		assert.NoError(t, stack.PutSecret(t.Context(), a.Provider, a.Document(a.secret)))
		_, _ = answer.Write([]byte("y\n"))
	})
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "somebody else changed the secret at the same time: nothing was changed, run the command again")
	assert.Len(t, labels(t, "stripe"), 1)
}

// through returns a session whose calls pass a proxy. answer answers some of them,
// and the emulator the others.
func through(t *testing.T, answer func(http.ResponseWriter, *http.Request) (answered bool)) session {
	return root().proxied(t, stack.HTTP.Transport, answer)
}

// proxied returns the session with calls that pass a proxy. transport passes those to the
// emulator that answer leaves.
func (s session) proxied(t testing.TB, transport http.RoundTripper, answer func(http.ResponseWriter, *http.Request) (answered bool)) session {
	t.Helper()
	to, err := url.Parse(stack.Endpoint.URL)
	require.NoError(t, err)
	rest := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // AWS signs it
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			rest.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	s.env = append(s.env, "AWS_ENDPOINT_URL="+proxy.URL)
	return s
}

// TestSecretsTestOfAStackThatRefuses: the answers of the API are the proxy's.
func TestSecretsTestOfAStackThatRefuses(t *testing.T) {
	t.Parallel()
	status, refused := http.StatusForbidden, atomic.Bool{}
	s := through(t, func(w http.ResponseWriter, r *http.Request) bool {
		ours := strings.Contains(r.URL.Path, "/execute-api/")
		if ours {
			w.WriteHeader(status)
			refused.Store(true)
		}
		return ours
	})
	r := s.run(t, "secrets", "test", "stripe")
	assert.Equal(t, 3, r.code, r.stderr)
	assert.Contains(t, r.stdout, "403 Forbidden")
	assert.Contains(t, r.stderr, "refused: 1 of 1; the log of /aws/lambda/stripe-processor-operator says why")

	status = http.StatusUnauthorized
	refused.Store(false)
	r = s.interrupted(t, func(string, string) bool { return refused.Load() }, "secrets", "test", "stripe")
	assert.Equal(t, 130, r.code, "while it waits to send the webhook again")
}

// neverFilled returns a session to which Secrets Manager answers as it does for a secret
// without a version.
func neverFilled(t *testing.T) session {
	t.Helper()
	return through(t, func(w http.ResponseWriter, r *http.Request) bool {
		ours := r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue"
		if ours {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException"}`)
		}
		return ours
	})
}

func TestSecretsThatWereNeverFilled(t *testing.T) {
	t.Parallel()
	s := neverFilled(t)
	r := s.run(t, "secrets", "list", "stripe")
	assert.Equal(t, result{0, "", "stripe: the secret was never filled: paysluice secrets add stripe LABEL\n"}, r)
	for want, command := range map[string][]string{
		"to test does not exist: paysluice secrets list": {"secrets", "test", "stripe"}, `"a" does not exist`: {"secrets", "retire", "stripe", "a"},
		"the secret of stripe was never filled": {"verify", "stripe", "--curl", "-"},
	} {
		s.stdin = "curl https://x -H 'Stripe-Signature: t=1,v1=00' -d x"
		r = s.run(t, command...)
		assert.Equal(t, 1, r.code, command)
		assert.Contains(t, r.stderr, want)
	}
}
