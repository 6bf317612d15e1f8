package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

// A server that fails, answers late or is not there gets the event again; its own
// refusal is an answer.
func TestDeliverUntilAnswered(t *testing.T) {
	statuses := []int{503, 429, 408, 302, 422}
	var bodies []string
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies, header = append(bodies, string(body)), r.Header
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(statuses[len(bodies)-1])
	}))
	out := &canceller{cancel: func() {}, at: "connection refused"}
	f := newForwarder(strings.Replace(server.URL, "//", "//user:hidden@", 1)+"/hooks?token=hidden", out)
	f.first = time.Millisecond
	e := event.Event{ID: "stripe:evt_1", Type: "charge.refunded\u009b2J\x1b", Category: event.RefundSucceeded, Provider: "stripe"}

	require.NoError(t, f.deliver(t.Context(), e, []byte("{ }")))
	assert.Equal(t, []string{"{ }", "{ }", "{ }", "{ }", "{ }"}, bodies, "the exact body")
	assert.Equal(t, "stripe:evt_1", header.Get("Paysluice-Event-Id"))
	assert.Equal(t, `charge.refunded\u009b2J\x1b`, header.Get("Paysluice-Event-Type"), "it stops no delivery")
	assert.Equal(t, strings.ReplaceAll(`stripe:evt_1 TYPE: 503, again in 1ms
stripe:evt_1 TYPE: 429, again in 2ms
stripe:evt_1 TYPE: 408, again in 4ms
stripe:evt_1 TYPE: 302, again in 8ms
stripe:evt_1 TYPE: 422
`, "TYPE", `charge.refunded\u009b2J\x1b`), out.String(), "no redirect is followed, and no type is a command for a terminal")

	server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out.cancel = cancel
	assert.ErrorIs(t, f.deliver(ctx, e, nil), context.Canceled)
	assert.Contains(t, out.String(), `: Post "`+server.URL+`/hooks": dial tcp`)
	assert.Contains(t, out.String(), "connection refused, again in 1ms")
	assert.NotContains(t, out.String(), "hidden")
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, f.deliver(ctx, e, nil), context.Canceled)
	_, err := forwarder{url: ":"}.post(t.Context(), e, nil)
	assert.Error(t, err)
}

func TestPlaceIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "place.json")
	p, err := readPlace(path, "arn")
	require.NoError(t, err)
	assert.Zero(t, p, "the first time")
	want := keptTail{"arn", query.Place{Shards: map[string]string{"s": "1"}, ReceivedAt: 2}}
	require.NoError(t, writePlace(path, want))
	require.NoError(t, writePlace(path, want), "it is replaced")
	p, err = readPlace(path, "arn")
	require.NoError(t, err)
	assert.Equal(t, want.Place, p)
	_, err = readPlace(path, "other")
	require.ErrorIs(t, err, errUsage)
	assert.ErrorContains(t, err, "is the place of a tail of another stack, arn: name another file with --place")

	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = readPlace(path, "arn")
	assert.ErrorContains(t, err, "is not the place of a tail: delete it")
	_, err = readPlace(filepath.Dir(path), "arn")
	assert.Error(t, err, "a folder")
	assert.Error(t, writePlace(filepath.Join(path, "b"), want), "a file in place of the folder")
	require.NoError(t, os.Mkdir(path+".new", 0o700))
	assert.Error(t, writePlace(path, want))
}

func TestDefaultPlace(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", "/config")
	one, err := defaultPlace("stack", "http://localhost:1")
	require.NoError(t, err)
	other, err := defaultPlace("stack", "http://localhost:2")
	require.NoError(t, err)
	assert.NotEqual(t, one, other)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "")
	_, err = defaultPlace("stack", "http://localhost:1")
	assert.ErrorContains(t, err, "name a file with --place")
}

func TestTailRejectsFlags(t *testing.T) {
	for args, says := range map[string]string{
		"tail --since soon":              `--since: "soon" must be`,
		"tail --forward-to localhost":    "--forward-to must be a URL such as http://localhost:3000/hooks",
		"tail --forward-to ftp://host/x": "--forward-to must be a URL",
		"tail --forward-to :":            "--forward-to must be a URL",
		"tail --place x":                 "--place needs --forward-to",
		"export --payloads -o csv":       "--payloads is for NDJSON and JSON",
		"export --since soon":            `--since: "soon" must be`,
	} {
		var out, problems bytes.Buffer
		assert.Equal(t, exitUsage, Run(t.Context(), append([]string{"events"}, strings.Fields(args)...), nil, &out, &problems), args)
		assert.Contains(t, problems.String(), says)
	}
}

func TestProgressOfAnExport(t *testing.T) {
	var shown bytes.Buffer
	rows := func(yield func(event.Event, error) bool) {
		_ = yield(event.Event{Payload: []byte("x")}, nil) && yield(event.Event{}, nil)
	}
	for e := range progress(rows, &shown, false, 0, new(int64)) {
		assert.Nil(t, e.Payload)
		break
	}
	for e := range progress(rows, &shown, true, 0, new(int64)) {
		assert.NotNil(t, e.Payload)
		break
	}
	for range progress(rows, &shown, true, 0, new(int64)) {
	}
	assert.Contains(t, shown.String(), "2 events so far, at ")
	for range progress(rows, &shown, true, time.Hour, new(int64)) {
	}
}
