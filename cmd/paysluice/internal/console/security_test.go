package console

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attack sends a request to a console that listens, as given.
func attack(t *testing.T, s *Server, method, target string, change func(*http.Request)) (status int, header http.Header, body string) {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
	require.NoError(t, err)
	r.URL.Path, r.URL.RawPath, r.URL.Opaque = "", "", target
	r.Host = s.guard.hosts[0]
	r.AddCookie(&http.Cookie{Name: s.guard.cookie, Value: s.guard.session})
	if change != nil {
		change(r)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, answer.Header, string(text)
}

// secret is the text of a page that no attack may see.
const secret = "paysluice-test"

func TestAttacksAreRefused(t *testing.T) {
	s := listen(t, &world{})
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	cookie := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Cookie", s.guard.cookie+"="+value) }
	}
	for _, row := range []struct {
		why, method, target string
		change              func(*http.Request)
		status              int
	}{
		{"DNS rebinding: a name of the attacker", "GET", "/", host("attacker.example"), 421},
		{"DNS rebinding: with the port", "GET", "/", host("attacker.example" + strings.TrimPrefix(s.guard.hosts[0], "127.0.0.1")), 421},
		{"DNS rebinding: a name that begins like the host", "GET", "/", host(s.guard.hosts[0] + ".attacker.example"), 421},
		{"another port of this machine", "GET", "/", host("127.0.0.1:1"), 421},
		{"no host", "GET", "/static/style.css", host("127.0.0.1"), 421},
		{"no session", "GET", "/", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"no session: a file that does not exist", "GET", "/static/none", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"no session: the style sheet, by another method", "POST", "/static/style.css", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"a guessed session", "GET", "/", cookie("AAAA"), 403},
		{"an empty session", "GET", "/", cookie(""), 403},
		{"a guessed token", "GET", "/?token=AAAA", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"an empty token", "GET", "/?token=", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"a body without a session", "GET", "/payload?id=stripe:1", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"a post of another site, by its origin", "POST", "/", func(r *http.Request) { r.Header.Set("Origin", "https://attacker.example") }, 403},
		{"a post of another site, by the browser's word", "POST", "/", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"an image of another port that examines", "GET", "/doctor?examine", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		{"the style sheet on a page of another port", "GET", styleSheet, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		{"a page to which another site leads", "GET", "/", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"a post of another port", "POST", "/", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
	} {
		status, header, body := attack(t, s, row.method, row.target, row.change)
		assert.Equal(t, row.status, status, row.why)
		assert.NotContains(t, body, secret, row.why)
		assert.Equal(t, policy, header.Get("Content-Security-Policy"), row.why)
	}
}

// Every page forbids frames, inline scripts and caching.
func TestHeaders(t *testing.T) {
	s := listen(t, &world{})
	for _, target := range []string{"/", "/events", "/static/style.css", "/none"} {
		_, header, _ := attack(t, s, "GET", target, nil)
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			assert.Equal(t, want, header.Get(name), "%s of %s", name, target)
		}
		assert.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		assert.NotContains(t, header.Get("Content-Security-Policy"), "unsafe")
	}
	_, header, _ := attack(t, s, "GET", "/events", nil)
	assert.Regexp(t, `^aws;dur=0\.0;desc="0 calls", own;dur=\d+\.\d$`, header.Get("Server-Timing"), "the world is no AWS")
	for name := range s.pages {
		text, err := assets.ReadFile("templates/" + name + ".html")
		require.NoError(t, err)
		assert.NotRegexp(t, `(?i)<script>|<style|\sstyle=|\son\w+=|https?://`, string(text), "%s: the policy forbids inline code, and no page loads from elsewhere", name)
	}
}

func TestPathTricks(t *testing.T) {
	s := listen(t, &world{})
	for _, target := range []string{
		"/static/../templates/layout.html", "/static/..%2ftemplates%2flayout.html", "/static/%2e%2e/server.go", "/static/..%5cserver.go",
		"/static/....//server.go", "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/style.css%00.html", "//attacker.example/", "/%2f%2fattacker.example",
		"/..", "/static/", "/event/../payload",
	} {
		status, header, body := attack(t, s, "GET", target, nil)
		assert.NotEqual(t, http.StatusOK, status, target)
		_, _, stranger := attack(t, s, "GET", target, func(r *http.Request) { r.Header.Del("Cookie") })
		assert.NotContains(t, stranger, secret, "%s without a session", target)
		assert.NotContains(t, body, "{{define", target)
		assert.NotContains(t, body, "package console", target)
		assert.NotRegexp(t, `^(//|/\\|\w+:)`, header.Get("Location"), "%s leads to another host", target)
	}
	// Nor does a link lead elsewhere.
	_, _, body := attack(t, s, "GET", "//attacker.example/?token="+tokenOf(s.Link()), nil)
	assert.NotContains(t, body, `url=//`)
}

func tokenOf(link string) string {
	_, token, _ := strings.Cut(link, "token=")
	return token
}

func TestLinkWorksOnce(t *testing.T) {
	w := &world{}
	s := listen(t, w)
	target := "/events?provider=stripe&token=" + tokenOf(s.Link())
	none := func(r *http.Request) { r.Header.Del("Cookie") }
	status, header, body := attack(t, s, "GET", target, none)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "url=/events?provider=stripe\"", "without the token")
	assert.Equal(t, s.guard.cookie+"="+s.guard.session+"; Path=/; HttpOnly; SameSite=Strict", header.Get("Set-Cookie"))

	status, _, body = attack(t, s, "GET", target, none)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "This link was used before. The console has printed a new one in its terminal, or in .cache/stack/console.links if make up opened it.")
	status, _, _ = attack(t, s, "GET", styleSheet, none)
	assert.Equal(t, http.StatusOK, status, "of the refusal")
	assert.Regexp(t, `that link was used before; the console prints a new one in its terminal, or in \.cache/stack/console\.links if make up opened it\nhttp://127\.0\.0\.1:\d+/\?token=\w{26}\n$`, w.log.String())
	status, _, _ = attack(t, s, "GET", target, nil)
	assert.Equal(t, http.StatusOK, status, "whoever has the session may use its link again")
	assert.NotEqual(t, s.guard.session, listen(t, w).guard.session, "a session per start")
}

func TestServe(t *testing.T) {
	s := listen(t, &world{})
	assert.Equal(t, "127.0.0.1", strings.Split(s.listener.Addr().String(), ":")[0], "this machine only")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx) }()
	answer, err := http.Get(s.Link())
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	cancel()
	select {
	case err := <-ended:
		assert.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("the console does not end")
	}
	assert.Error(t, s.Serve(t.Context()), "the listener is closed")

	other := listen(t, &world{})
	_, err = Listen(Options{}, other.listener.Addr().(*net.TCPAddr).Port)
	assert.ErrorContains(t, err, "choose another --port")
}
