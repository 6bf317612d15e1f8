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
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

// cloud serves a bucket of archived events and a queue.
type cloud struct {
	url      string
	keys     []string
	messages []string // of the keys
	sent     []string
	broken   bool // the queue rejects messages
}

// newCloud starts a cloud with n archived events.
func newCloud(t *testing.T, n int) *cloud {
	t.Helper()
	c := &cloud{}
	for i := range n {
		e := event.Event{Schema: event.Schema, ID: fmt.Sprintf("stripe:evt_%d", i), Provider: "stripe", PayloadSHA256: event.HashPayload(nil)}
		c.keys = append(c.keys, event.Archived{Event: &e}.Key())
		c.messages = append(c.messages, event.Encode(e))
	}
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
		i := slices.IndexFunc(c.keys, func(key string) bool { return strings.HasSuffix(r.URL.Path, "/"+key) })
		_, _ = w.Write(event.EncodeArchived(event.Archived{Schema: event.ArchiveSchema, Message: []byte(c.messages[i])}))
	}
}

func (c *cloud) replay(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	args = append([]string{"replay", "--bucket", "b", "--queue", c.url + "/0/webhook-queue-test", "--prefix", "stripe/", "--rate", "1000"}, args...)
	code = Run(ctx, args, nil, &out, &err)
	return code, out.String(), err.String()
}

func TestReplaySendsAndPrintsKeys(t *testing.T) {
	c := newCloud(t, 2)
	// One message: cloud is not for concurrent use.
	code, stdout, stderr := c.replay(t.Context(), "--after", c.keys[0])

	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, c.keys[1]+"\n", stdout)
	assert.Equal(t, "1 sent, 0 skipped\n", stderr)
	assert.Equal(t, c.messages[1:], c.sent)
}

func TestReplayDryRun(t *testing.T) {
	c := newCloud(t, 2)

	code, stdout, stderr := c.replay(t.Context(), "--dry-run")

	assert.Equal(t, 0, code, stderr)
	assert.Equal(t, c.keys[0]+"\n"+c.keys[1]+"\n", stdout)
	assert.Equal(t, "2 would be sent, 0 skipped\n", stderr)
	assert.Empty(t, c.sent)
}

func TestReplayAfterTheLastKeySendsNothing(t *testing.T) {
	c := newCloud(t, 1)

	code, stdout, stderr := c.replay(t.Context(), "--after", c.keys[0])

	assert.Equal(t, 0, code, stderr)
	assert.Empty(t, stdout)
	assert.Equal(t, "0 sent, 0 skipped\n", stderr)
}

func TestFailedReplayPrintsHowToResume(t *testing.T) {
	c := newCloud(t, 2)
	c.broken = true

	code, stdout, stderr := c.replay(t.Context(), "--after", c.keys[0])

	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	lines := strings.SplitAfter(stderr, "\n")
	require.Len(t, lines, 4, stderr)
	assert.Equal(t, "0 sent, 0 skipped\n", lines[0])
	assert.Equal(t, "to resume: --after '"+c.keys[0]+"'\n", lines[1])
	assert.Regexp(t, `^paysluice replay: send to http.*AccessDenied.*\n$`, lines[2])
}

func TestReplayRejectsFlags(t *testing.T) {
	c := newCloud(t, 1)
	for _, row := range []struct {
		why  string
		args []string
		env  string
		code int
		says string
	}{
		{"no flags", []string{"--bucket=", "--queue=", "--prefix="}, "", 2, "replay: --bucket is missing; --queue is missing; --prefix is missing: see paysluice help"},
		{"the prefix of payloads", []string{"--prefix", "oversize/stripe/"}, "", 2, "--prefix selects large payloads"},
		{"a rate of 0", []string{"--rate", "0"}, "", 2, "--rate must be 1 to 1000"},
		{"too high a rate", []string{"--rate", "1001"}, "", 2, "--rate must be 1 to 1000"},
		{"an unknown flag", []string{"-x"}, "", 2, "unknown shorthand flag"},
		{"control characters", []string{"-\x1b[2K"}, "", 2, `in -\x1b[2K`},
		{"a prefix without objects", []string{"--prefix", "strip/"}, "", 1, `replay: no archived message has the prefix "strip/"`},
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
