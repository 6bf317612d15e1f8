package operator_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator/gateway"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// captured writes the event that API Gateway passes to a processor into a file.
func captured(t *testing.T, a *account, header http.Header, body []byte) string {
	t.Helper()
	event, err := json.Marshal(gateway.Webhook{
		Account: "123456789012", API: "abc", Path: "/" + a.Provider.Path, RequestID: "r", At: time.Now(), Header: header,
	}.ProxyEvent(body))
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "event.json")
	require.NoError(t, os.WriteFile(name, event, 0o600))
	return name
}

// check verifies a genuine webhook, and one with a line break at its end.
func check(t *testing.T, s session, a *account, secret ...string) {
	t.Helper()
	body := a.Body(a.NewID(), 4999, senders.Created)
	header := a.Header(body, a.secret, time.Now())
	args := append([]string{"verify", a.Provider.Name}, secret...)

	r := s.run(t, append(args, "--event", captured(t, a, header, body))...)
	assert.Equal(t, 0, r.code, r.stdout+r.stderr)
	assert.Contains(t, r.stdout, "endpoint  test")

	r = s.run(t, append(args, "--event", captured(t, a, header, append(body, '\n')), "-o", "json")...)
	assert.Equal(t, 3, r.code, r.stderr)
	assert.Contains(t, r.stdout, `"cause": "body_end"`)
	assert.Contains(t, r.stdout, `"certainty": "proven"`)
	assert.NotContains(t, r.stdout, senders.Mark, "neither a key nor the payload")
}

func TestVerifyWithTheStacksSecret(t *testing.T) {
	t.Parallel()
	check(t, root(), accounts["stripe"])
	check(t, root(), accounts["square"])
}

// TestVerifyFetchesPayPalsCertificate from hosts that stand in for PayPal's.
func TestVerifyFetchesPayPalsCertificate(t *testing.T) {
	t.Parallel()
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	t.Cleanup(hosts.Close)
	a := &account{Sender: senders.PayPal(authority, hosts)}
	a.secret = a.NewSecret()
	document, err := json.Marshal(a.Document(a.secret))
	require.NoError(t, err)
	dir := t.TempDir()
	for name, content := range map[string][]byte{"secret.json": document, "roots.pem": authority.Root.PEM()} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	check(t, session{env: []string{"HTTPS_PROXY=" + hosts.URL, "SSL_CERT_FILE=" + filepath.Join(dir, "roots.pem"), "SSL_CERT_DIR=" + dir}},
		a, "--secret-file", filepath.Join(dir, "secret.json"))
}

// TestVerifyDenied: the error names the permission.
func TestVerifyDenied(t *testing.T) {
	t.Parallel()
	a := accounts["stripe"]
	body := a.Body(a.NewID(), 4999, senders.Created)
	capture := captured(t, a, a.Header(body, a.secret, time.Now()), body)
	r := user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "verify", "stripe", "--event", capture)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "access denied: secretsmanager:GetSecretValue on ")

	s := root()
	s.stdin = a.secret
	s.env = nil
	r = s.run(t, "verify", "stripe", "--event", capture, "--secret-stdin")
	assert.Equal(t, 0, r.code, "without credentials: no call of AWS is made\n"+r.stderr)
	assert.True(t, strings.HasPrefix(r.stdout, "result    accepted\n"))
}
