package cli

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

// cloud serves a bucket of archived events and a queue.
type cloud struct {
	url     string
	keys    []string
	message string // of every key
	sent    []string
	broken  bool // the queue rejects messages
}

func newCloud(t *testing.T, keys ...string) *cloud {
	t.Helper()
	c := &cloud{keys: keys, message: event.Encode(event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe", PayloadSHA256: event.HashPayload(nil),
	})}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": c.url, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage" && c.broken:
		http.Error(w, `{"__type":"AccessDenied"}`, http.StatusForbidden)
	case r.Header.Get("X-Amz-Target") == "AmazonSQS.SendMessage":
		var in struct{ MessageBody string }
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &in)
		c.sent = append(c.sent, in.MessageBody)
		sum := md5.Sum([]byte(in.MessageBody)) // the SDK compares it
		fmt.Fprintf(w, `{"MessageId":"1","MD5OfMessageBody":%q}`, hex.EncodeToString(sum[:]))
	case r.URL.Query().Has("list-type"):
		_, _ = io.WriteString(w, "<ListBucketResult>")
		for _, key := range c.keys {
			if strings.HasPrefix(key, r.URL.Query().Get("prefix")) && key > r.URL.Query().Get("start-after") {
				fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", key)
			}
		}
		_, _ = io.WriteString(w, "</ListBucketResult>")
	default:
		_, _ = w.Write(event.EncodeArchived(event.Archived{Schema: event.ArchiveSchema, Message: []byte(c.message)}))
	}
}

func (c *cloud) replay(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	args = append([]string{"replay", "-bucket", "b", "-queue", c.url + "/0/webhook-queue-test", "-prefix", "stripe/", "-rate", "1000"}, args...)
	code = Run(ctx, args, &out, &err)
	return code, out.String(), err.String()
}

func TestReplaySendsAndPrintsKeys(t *testing.T) {
	c := newCloud(t, "stripe/1.json", "stripe/2.json")
	// One message: cloud is not for concurrent use.
	code, stdout, stderr := c.replay(t.Context(), "-after", "stripe/1.json")

	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "stripe/2.json\n", stdout)
	assert.Equal(t, "1 sent, 0 skipped\n", stderr)
	assert.Equal(t, []string{c.message}, c.sent)
}

func TestReplayDryRun(t *testing.T) {
	c := newCloud(t, "stripe/1.json", "stripe/2.json")

	code, stdout, stderr := c.replay(t.Context(), "-dry-run")

	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, "stripe/1.json\nstripe/2.json\n", stdout)
	assert.Equal(t, "2 would be sent, 0 skipped\n", stderr)
	assert.Empty(t, c.sent)
}

func TestReplayAfterTheLastKeySendsNothing(t *testing.T) {
	c := newCloud(t, "stripe/1.json")

	code, stdout, stderr := c.replay(t.Context(), "-after", "stripe/1.json")

	assert.Equal(t, 0, code, stderr)
	assert.Empty(t, stdout)
	assert.Equal(t, "0 sent, 0 skipped\n", stderr)
}

func TestFailedReplayPrintsHowToResume(t *testing.T) {
	c := newCloud(t, "stripe/1.json", "stripe/2.json")
	c.broken = true

	code, stdout, stderr := c.replay(t.Context(), "-after", "stripe/1.json")

	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	lines := strings.SplitAfter(stderr, "\n")
	require.Len(t, lines, 4, stderr)
	assert.Equal(t, "0 sent, 0 skipped\n", lines[0])
	assert.Equal(t, "to resume: -after 'stripe/1.json'\n", lines[1])
	assert.Regexp(t, `^paysluice: replay: send to http.*AccessDenied.*\n$`, lines[2])
}

func TestReplayRejectsFlags(t *testing.T) {
	c := newCloud(t, "stripe/1.json")
	for _, row := range []struct {
		why  string
		args []string
		env  string
		code int
		says string
	}{
		{"no flags", []string{"-bucket=", "-queue=", "-prefix="}, "", 2, "replay: -bucket is missing; -queue is missing; -prefix is missing: see 'paysluice help'"},
		{"the prefix of payloads", []string{"-prefix", "oversize/stripe/"}, "", 2, "-prefix selects large payloads"},
		{"a rate of 0", []string{"-rate", "0"}, "", 2, "-rate must be 1 to 1000"},
		{"too high a rate", []string{"-rate", "1001"}, "", 2, "-rate must be 1 to 1000"},
		{"an unknown flag", []string{"-x"}, "", 2, "flag provided but not defined"},
		{"a prefix without objects", []string{"-prefix", "strip/"}, "", 1, `replay: no archived message has the prefix "strip/"`},
		{"an invalid SDK setting", nil, "many", 1, "AWS configuration"},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Setenv("AWS_MAX_ATTEMPTS", row.env)
			code, stdout, stderr := c.replay(t.Context(), row.args...)
			assert.Equal(t, row.code, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, row.says)
			assert.Equal(t, 1, strings.Count(stderr, "\n"))
		})
	}
}
