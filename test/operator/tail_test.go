package operator_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func TestExport(t *testing.T) {
	t.Parallel()
	id, _ := store(t, contract.PayPal())
	file := filepath.Join(t.TempDir(), "events.ndjson")
	r := paysluice(t, "events", "export", "--provider", "paypal", "--payloads", "--file", file)
	require.Equal(t, 0, r.code, r.stderr)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	assert.Regexp(t, `\d+ events?\n`, r.stderr)
	found := false
	for _, line := range lines {
		var e struct {
			EventID string
			Payload []byte
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		found = found || e.EventID == id && len(e.Payload) > 0
	}
	assert.True(t, found)

	r = paysluice(t, "events", "export", "--provider", "paypal", "-o", "csv")
	assert.Contains(t, r.stdout, "timestamp,category,amount,currency,eventId,provider,type")
	r = paysluice(t, "events", "export", "--file", file)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "file exists: choose another --file")
	none := filepath.Join(t.TempDir(), "none.ndjson")
	r = user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "events", "export", "--file", none)
	assert.Contains(t, r.stderr, "access denied: dynamodb:Query")
	assert.NoFileExists(t, none, "the command can be repeated")
}

func TestTailShowsNewEvents(t *testing.T) {
	t.Parallel()
	cmd := root().command(t, "events", "tail", "-o", "ndjson", "--since", "1s")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	id, _ := store(t, contract.Stripe())
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), id) {
	}
	assert.Contains(t, lines.Text(), id)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
}

// hooks is a local server that can die and come back at its address.
type hooks struct {
	address string
	mu      sync.Mutex
	ids     []string
	bodies  map[string]string
	server  *http.Server
}

func (h *hooks) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", h.address)
	require.NoError(t, err)
	h.address = listener.Addr().String()
	h.server = &http.Server{Handler: h}
	go func() { _ = h.server.Serve(listener) }()
}

func (h *hooks) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	id := r.Header.Get("Paysluice-Event-Id")
	h.ids, h.bodies[id] = append(h.ids, id), string(body)
}

func (h *hooks) has(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.bodies[id]
	return ok
}

// The server dies and comes back, the command is killed and started again: no event
// is missing.
func TestTailForwardsWithoutGaps(t *testing.T) {
	t.Parallel()
	h := &hooks{address: "127.0.0.1:0", bodies: map[string]string{}}
	h.start(t)
	place := filepath.Join(t.TempDir(), "place.json")
	bodies := map[string]string{}
	var sent []string
	send := func() string {
		id, body := store(t, contract.Square())
		bodies[id], sent = string(body), append(sent, id)
		return id
	}
	arrives := func(id string) {
		require.Eventually(t, func() bool { return h.has(id) }, waitTime, pollTime)
	}
	args := []string{"events", "tail", "--forward-to", "http://" + h.address + "/hooks", "--place", place}
	cmd := root().command(t, append(args, "--since", "1s")...)
	require.NoError(t, cmd.Start())
	arrives(send())

	require.NoError(t, h.server.Close())
	send()
	while := send()
	h.start(t)
	arrives(while)

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	send()
	gap := send()
	cmd = root().command(t, args...)
	require.NoError(t, cmd.Start())
	arrives(gap)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait()

	h.mu.Lock()
	defer h.mu.Unlock()
	for id, body := range bodies {
		assert.Equal(t, body, h.bodies[id], "the exact bytes")
	}
	// Other tests store events too, and one event may come twice.
	delivered := slices.Clone(sent)
	slices.SortStableFunc(delivered, func(a, b string) int { return slices.Index(h.ids, a) - slices.Index(h.ids, b) })
	assert.Equal(t, sent, delivered, "first deliveries are in the order of arrival")
	_ = h.server.Close()
}
