package operator_test

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// console is a running paysluice console.
type console struct {
	t      testing.TB
	link   string
	origin string
	log    *locked
	client *http.Client
	stop   func() (code int)
}

// linkPattern matches the links that a console prints.
func linkPattern() *regexp.Regexp {
	return regexp.MustCompile(`http://127\.0\.0\.1:\d+/\?token=\w+`)
}

// openConsole starts a console and its session.
func (s session) openConsole(t testing.TB, args ...string) *console {
	t.Helper()
	cmd := s.command(t, append([]string{"console", "--no-open"}, args...)...)
	c := &console{t: t, log: &locked{}}
	cmd.Stdout, cmd.Stderr = c.log, c.log
	require.NoError(t, cmd.Start())
	c.stop = func() int {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
	t.Cleanup(func() { c.stop() })
	require.Eventually(t, func() bool {
		c.link = linkPattern().FindString(c.log.String())
		return c.link != ""
	}, waitTime, pollTime, "%s", c.log)
	u, err := url.Parse(c.link)
	require.NoError(t, err)
	c.origin = "http://" + u.Host
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	c.client = &http.Client{Jar: jar}
	c.get("/?" + u.RawQuery)
	return c
}

// get returns a page.
func (c *console) get(target string) (status int, text string) {
	c.t.Helper()
	answer, err := c.client.Get(c.origin + target)
	require.NoError(c.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	return answer.StatusCode, string(body)
}

func TestConsole(t *testing.T) {
	t.Parallel()
	id, body := store(t, contract.PayPal())
	c := root().openConsole(t)
	for target, want := range map[string]string{
		"/": "Do events arrive?", "/events?provider=paypal": id, "/event?id=" + url.QueryEscape(id): "49.99", "/search?q=" + url.QueryEscape(id): "The body has",
		"/trace?id=" + url.QueryEscape(id): "The logs were searched",
	} {
		status, text := c.get(target)
		assert.Equal(t, http.StatusOK, status, target)
		assert.Contains(t, text, want, target)
	}
	_, text := c.get("/payload?id=" + url.QueryEscape(id))
	assert.Equal(t, string(body), text, "the exact bytes")
	assert.Eventually(t, func() bool { return strings.Contains(c.log.String(), "the body of "+id+" was downloaded") }, waitTime, pollTime)
	assert.Equal(t, 0, c.stop(), "Ctrl-C is how a console ends")
}

// The charts count log lines on an emulator, and CloudWatch's metrics of the same lines
// on AWS. Both must agree with the table.
func TestConsoleCountsWhatTheTableHas(t *testing.T) {
	c := root().openConsole(t)
	counted := func() (sum int) {
		_, text := c.get("/")
		for _, found := range regexp.MustCompile(`aria-label="([\d,]+) Stored in`).FindAllStringSubmatch(text, -1) {
			n, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
			require.NoError(t, err)
			sum += n
		}
		return sum
	}
	rows := func() int {
		all, err := stack.Events(t.Context())
		require.NoError(t, err)
		return len(all)
	}
	countBefore, rowsBefore := counted(), rows()
	for _, p := range contract.Providers() {
		store(t, p)
	}
	require.Eventually(t, func() bool {
		return counted()-countBefore == len(contract.Providers()) && rows()-rowsBefore == len(contract.Providers())
	}, waitTime, pollTime)
}

func TestConsoleShowsWhatIsDenied(t *testing.T) {
	t.Parallel()
	c := user(t, allow("*", "cloudformation:*", "dynamodb:*", "sqs:*")).openConsole(t)
	status, text := c.get("/")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "may not call logs:FilterLogEvents on")
	assert.Contains(t, text, "webhook-dlq-operator", "the rest works")
	_, text = c.get("/events")
	assert.NotContains(t, text, "Access denied")
	for target, want := range map[string]string{
		"/failures": "may not call s3:ListBucket on", "/run?id=x": "may not call s3:", "/send": "may not call secretsmanager:GetSecretValue on", "/doctor?examine": "could not be made.",
	} {
		_, text := c.get(target)
		assert.Contains(t, text, want, target)
	}
}

// A console stays open when AWS cannot be reached.
func TestConsoleWithoutAWS(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(stack.Endpoint.URL)
	require.NoError(t, err)
	way := newWay(t, u.Host, 0)
	s := root()
	s.env = append(s.env, "AWS_ENDPOINT_URL=https://"+way.listener.Addr().String(), "AWS_MAX_ATTEMPTS=1")
	c := s.openConsole(t)
	_, text := c.get("/events")
	assert.NotContains(t, text, "cannot be reached")
	way.close()
	for _, target := range []string{"/", "/events", "/event?id=stripe:x", "/payment?id=x", "/failures", "/run?id=x", "/send"} {
		_, text := c.get(target)
		assert.Contains(t, text, "AWS cannot be reached.", target)
	}
	_, text = c.get("/doctor?examine")
	assert.Contains(t, text, "could not be made.")
	assert.NotContains(t, text, "Nothing is wrong.")
}

// way forwards connections until it is closed.
type way struct {
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn
	passed   atomic.Int64 // bytes of answers
	most     int64        // it holds further ones, unless it is 0
}

// answers is the side of a way's client.
type answers struct {
	net.Conn
	way *way
}

func (a answers) Write(p []byte) (int, error) {
	if passed := a.way.passed.Add(int64(len(p))); a.way.most > 0 && passed > a.way.most {
		return len(p), nil
	}
	return a.Conn.Write(p)
}

func newWay(t *testing.T, to string, most int64) *way {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &way{listener: listener, most: most}
	t.Cleanup(w.close)
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			w.mu.Lock()
			w.open = append(w.open, in, out)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(out, in) }()
			go func() { _, _ = io.Copy(answers{in, w}, out) }()
		}
	}()
	return w
}

func (w *way) close() {
	w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		c.Close()
	}
}

func TestConsoleRefusesItsFlags(t *testing.T) {
	t.Parallel()
	r := paysluice(t, "console", "--port", "99999")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "--port must be 0 to 65535")
	c := root().openConsole(t)
	u, err := url.Parse(c.origin)
	require.NoError(t, err)
	r = paysluice(t, "console", "--port", u.Port())
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "choose another --port")
}
