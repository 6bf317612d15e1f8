package operator_test

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/console/browser"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// axe is axe.min.js of the npm package axe-core 4.14.1, which checks pages for people
// who use other means than eyes and a mouse.
//
//go:embed testdata/axe/axe.min.js
var axe string

const axeSHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"

// inBrowser skips a test that make verify runs. It comes first: other tests count failures.
func inBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("not run: the browser tests are a step of make verify")
	}
}

// visit opens the console of a session in a Chromium.
func visit(t *testing.T, s session, args ...string) (*browser.Browser, *console) {
	t.Helper()
	c := s.openConsole(t, args...)
	b, err := browser.Open(context.WithoutCancel(t.Context()))
	if errors.Is(err, browser.ErrMissing) {
		t.Skip("not run: " + err.Error())
	}
	require.NoError(t, err)
	t.Cleanup(b.Close)
	require.NoError(t, b.Enter(c.newLink()))
	return b, c
}

// newLink returns a link that nobody has used: the console prints one when a spent link is
// opened. Its output comes through a pipe, and may come after its answer.
func (c *console) newLink() string {
	c.t.Helper()
	links := func() []string { return linkPattern().FindAllString(c.log.String(), -1) }
	before := len(links())
	answer, err := http.Get(c.link)
	require.NoError(c.t, err)
	answer.Body.Close()
	require.Eventually(c.t, func() bool { return len(links()) > before }, waitTime, pollTime)
	return links()[before]
}

// evaluate returns the value of an expression on the page.
func evaluate[T any](t *testing.T, b *browser.Browser, expression string) T {
	t.Helper()
	value, err := browser.Run(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(t, err, expression)
	return value
}

// until waits for a condition on the page.
func until(t *testing.T, b *browser.Browser, condition string) {
	t.Helper()
	require.Eventually(t, func() bool {
		met, err := browser.Run(b, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(`+condition+")"))
		return err == nil && met // a page that is being left has no document
	}, waitTime, pollTime, condition)
}

// accessible checks a page with axe, and that a phone shows it without sideways
// scrolling.
func accessible(t *testing.T, b *browser.Browser, target string) {
	t.Helper()
	evaluate[bool](t, b, axe+"\n;true")
	problems := evaluate[[]string](t, b, `axe.run().then(r => r.violations.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ")))`)
	assert.Empty(t, problems, target)
	assert.LessOrEqual(t, evaluate[int](t, b, "document.documentElement.scrollWidth - innerWidth"), 0, "%s scrolls sideways", target)
}

func TestBrowserShowsEachPage(t *testing.T) {
	inBrowser(t)
	hash := sha256.Sum256([]byte(axe))
	require.Equal(t, axeSHA256, hex.EncodeToString(hash[:]))
	var id string
	for _, p := range contract.Providers() {
		id, _ = store(t, p)
	}
	var e struct{ PaymentID string }
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "events", "get", id, "-o", "json").stdout), &e))
	failed := archive(t, 2, contract.ReasonConflict, time.Now().Add(-5*time.Hour).Truncate(time.Millisecond), "")[0].Event.ID
	b, c := visit(t, root())
	for target, want := range map[string]string{
		"/": "Do events arrive?", "/?period=week": "the last week", "/events": "payment.succeeded", "/events?type=none": "No event matches",
		"/event?id=" + url.QueryEscape(id): "49.99", "/event?id=" + url.QueryEscape(id) + "&body=pretty": `"`, "/event?id=" + url.QueryEscape(id) + "&trace&archived": "received; WebhookEvents-",
		"/trace?id=" + url.QueryEscape(id): "The logs were searched", "/event?id=none": "Not found", "/search?q=none": "follow it through the logs", "/search?q=" + url.QueryEscape(failed): "The event is not stored",
		"/payment?provider=square&id=" + e.PaymentID: "Timeline", "/failures": "conflict", "/failures?provider=stripe&reason=conflict&days=7": "Messages",
		"/replay?provider=stripe&reason=conflict&days=7": "Nothing to replay", "/doctor": "Is this deployment right?", "/doctor?examine": "passed", "/send?show=body": "Expected: 200",
	} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1180, 390} {
				require.NoError(t, b.Show(width, 800, scheme))
				require.NoError(t, b.Enter(c.origin+target), target)
				// Later a new relative time can move its row.
				assert.Zero(t, evaluate[float64](t, b, `new Promise(done => new PerformanceObserver(list => done(list.getEntries().reduce((sum, shift) => sum + shift.value, 0)))
					.observe({type: "layout-shift", buffered: true}) || setTimeout(() => done(0), 20))`), "%s jumps while it is loaded", target)
				assert.Contains(t, evaluate[string](t, b, "document.body.innerText"), want, target)
				accessible(t, b, fmt.Sprintf("%s, %s, %d wide", target, scheme, width))
			}
		}
	}
}

func TestBrowserByKeyboard(t *testing.T) {
	inBrowser(t)
	for range 2 {
		store(t, contract.Stripe())
	}
	b, c := visit(t, root())
	press := func(keys string) {
		t.Helper()
		require.NoError(t, b.Do(chromedp.KeyEvent(keys)))
	}
	press("ge")
	until(t, b, `location.pathname === "/events" && document.readyState === "complete"`)
	row := `[...document.querySelectorAll("[data-row]")].findIndex(r => r.contains(document.activeElement))`
	for _, step := range []struct {
		key  string
		want int
	}{{"j", 0}, {"j", 1}, {"k", 0}} {
		press(step.key)
		assert.Equal(t, step.want, evaluate[int](t, b, row), step.key)
	}
	press("\r")
	until(t, b, `location.pathname === "/event" && document.readyState === "complete"`)
	id := evaluate[string](t, b, "new URL(location).searchParams.get('id')")
	press("go")
	until(t, b, `location.pathname === "/" && document.readyState === "complete"`)
	require.NoError(t, b.Keys(
		input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "/", Text: "/"},
		input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: "/"},
	))
	press(strings.TrimPrefix(id, "stripe:"))
	assert.Equal(t, strings.TrimPrefix(id, "stripe:"), evaluate[string](t, b, "document.querySelector('.search input').value"))
	press("\r")
	until(t, b, `location.pathname === "/event" && document.readyState === "complete"`)
	assert.Equal(t, id, evaluate[string](t, b, "new URL(location).searchParams.get('id')"))
	assert.NotEmpty(t, c.origin)
}

// Without JavaScript all pages can be read, and their links and forms work.
func TestBrowserWithoutJavaScript(t *testing.T) {
	inBrowser(t)
	id, body := store(t, contract.Stripe())
	archive(t, 1, contract.ReasonReceivesExhausted, time.Now().Add(-5*time.Hour).Truncate(time.Millisecond), "")
	b, c := visit(t, root())
	require.NoError(t, b.WithoutScripts())
	shows := func(want string) {
		t.Helper()
		until(t, b, fmt.Sprintf("document.readyState === 'complete' && document.body.innerText.includes(%q)", want))
	}
	press := func(selector, want string) {
		t.Helper()
		require.NoError(t, b.Do(chromedp.Click(chromedp.CSS(selector))), selector)
		shows(want)
	}
	require.NoError(t, b.Enter(c.origin+"/"))
	require.Equal(t, 1, evaluate[int](t, b, "document.scripts.length"))
	press("nav a[href='/events']", "Amount")
	assert.True(t, evaluate[bool](t, b, "document.querySelector('[data-live]').hidden"), "console.js, which shows the button, did not run")
	press("tr[data-id='"+id+"'] a", "Stages")
	press("a[href$='body=pretty#payload']", "Download the exact bytes")
	_, exact := c.get("/payload?id=" + id)
	assert.Equal(t, string(body), exact)
	press("nav a[href='/failures']", "Plan a replay")
	press("a[href='/failures?days=7&provider=stripe&reason=receives-exhausted']", "Messages")
	press("a[data-select]", "Select none")
	press("form[action^='/replay/plan'] button", "They go to the queue again.")
	press("nav a[href='/failures']", "Plan a replay")
	press("a[href='/failures?days=7&provider=stripe&reason=receives-exhausted']", "Messages")
	press("a[href^='/replay']", "paysluice replay")
	press("nav a[href='/doctor']", "Examine the stack")
	press("nav a[href='/send']", "Expected: 200")
	press("main button[formmethod]", "stripe:evt_")
	require.Eventually(t, func() bool {
		require.NoError(t, b.Do(chromedp.Navigate(evaluate[string](t, b, "location.href"))))
		return strings.Contains(evaluate[string](t, b, "document.body.innerText"), "The event is stored")
	}, waitTime, pollTime)
}

// From a group of failures to stored rows: a message that is selected, then the plan of the group, the run,
// and a page that is left.
func TestBrowserReplays(t *testing.T) {
	inBrowser(t)
	failed := archive(t, 3, contract.ReasonReceivesExhausted, time.Now().Add(-5*time.Hour).Truncate(time.Millisecond), "")
	b, c := visit(t, root(), "--allow-replay")
	require.NoError(t, b.Enter(c.origin+"/failures?days=7&provider=stripe&reason=receives-exhausted"))
	selected := fmt.Sprintf("input[value=%q]", failed[0].Key())
	until(t, b, `document.readyState === "complete"`) // before, the link would lead to another page
	press := func(selector, key string) {
		t.Helper()
		evaluate[bool](t, b, fmt.Sprintf("document.querySelector(%q).focus() ?? true", selector))
		require.NoError(t, b.Do(chromedp.KeyEvent(key)))
	}
	press("[data-select]", "\r")
	until(t, b, `document.readyState === "complete" && document.querySelector("[name=key]:not(:checked)") === null`)
	press("[data-select]", "\r")
	press("tr:has("+selected+") a", "x")
	until(t, b, fmt.Sprintf("document.querySelector(%q).checked", selected))
	press(selected, "/")
	until(t, b, `document.activeElement.matches(".search input")`)
	press("form[action^='/replay/plan'] button", "\r")
	until(t, b, `document.body.innerText.includes("Replay 1 message")`)
	assert.Contains(t, evaluate[string](t, b, "document.querySelector('main table').innerText"), failed[0].Key())
	require.NoError(t, b.Enter(c.origin+"/failures"))
	group := `a[href="/replay?days=7&provider=stripe&reason=receives-exhausted"]`
	require.NoError(t, b.Do(chromedp.Click(chromedp.CSS(group))))
	until(t, b, `document.body.innerText.includes("go to the queue again")`)
	accessible(t, b, "the plan")
	require.NoError(t, b.Do(chromedp.Click(chromedp.CSS("main button"))))
	until(t, b, `location.pathname === "/run"`)
	run := evaluate[string](t, b, "location.href")
	require.NoError(t, b.Enter(c.origin+"/events"), "leaving the page does not stop the run")
	require.NoError(t, b.Enter(run))
	until(t, b, `document.body.innerText.includes("all events are stored")`)
	accessible(t, b, "the run")
	for _, m := range failed {
		assert.Equal(t, string(m.Event.Payload), paysluice(t, "events", "payload", m.Event.ID).stdout)
	}
	assert.Equal(t, 1, strings.Count(c.log.String(), "was started"))
}

// What takes long says so before it answers, and is asked for once.
func TestBrowserSaysThatItWorks(t *testing.T) {
	inBrowser(t)
	archive(t, 1, contract.ReasonReceivesExhausted, time.Now().Add(-5*time.Hour).Truncate(time.Millisecond), "")
	b, c := visit(t, root())
	for target, label := range map[string]string{"/failures": "Planning …", "/failures?provider=stripe&reason=receives-exhausted&days=7": "Planning …", "/doctor": "Examining …"} {
		require.NoError(t, b.Enter(c.origin+target))
		for _, asks := range []int{1, 0} {
			require.Equal(t, fmt.Sprintf("%d %s The console is at work. The answer can take some minutes.", asks, label), evaluate[string](t, b, `(() => {
				let asked = 0; // nothing is answered
				for (const kind of ["click", "submit"]) addEventListener(kind, (e) => { asked += !e.defaultPrevented; e.preventDefault() }, { once: true });
				const control = [...document.querySelectorAll("[data-working]")].at(-1);
				control.form ? control.form.requestSubmit(control) : control.click();
				return asked + " " + control.textContent + " " + document.getElementById("state").textContent;
			})()`), target)
		}
		accessible(t, b, target+": at work")
	}
}

// A hostile event goes the whole way and stays text.
func TestBrowserShowsAHostileEventHarmless(t *testing.T) {
	inBrowser(t)
	a := accounts[contract.Stripe().Name]
	number := a.NewID()
	hostile := `</pre></textarea><script>window.attacked=1</script><img src=x onerror=\"window.attacked=1\">\u202egnp.exe\u0000\u0007\u001b[2J`
	body := string(a.Body(number, 4999, senders.Created))
	end := strings.LastIndex(body, "}")
	deep := strings.Repeat("[", 9_000) + "0" + strings.Repeat(",0", 30_000) + strings.Repeat("]", 9_000) // indented, it has 500 MB
	body = body[:end] + `,"hostile":"` + hostile + `","status":"` + hostile + `","raw":"` + "\u202egnp\u2028" + `","deep":` + deep + `,"array":[0` + strings.Repeat(",0", 1_000_000) + `],"long":"` + strings.Repeat("x", 2_000_000) + `"}`
	status, answer, err := stack.Post(t.Context(), a.Provider, a.Header([]byte(body), a.secret, time.Now()), []byte(body))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	id := a.EventID(number)
	require.Eventually(t, func() bool { return paysluice(t, "events", "get", id).code == 0 }, waitTime, pollTime)

	b, c := visit(t, root())
	for _, target := range []string{"/events", "/event?id=" + id, "/event?id=" + id + "&body=raw", "/event?id=" + id + "&body=pretty", "/search?q=" + url.QueryEscape(`<script>window.attacked=1</script>`)} {
		require.NoError(t, b.Enter(c.origin+target), target)
		assert.False(t, evaluate[bool](t, b, "'attacked' in window"), target)
		assert.Equal(t, 1, evaluate[int](t, b, "document.scripts.length"), target)
		assert.False(t, evaluate[bool](t, b, `/[\u202e\u2028\u0000\u0007\u001b]/.test(document.documentElement.outerHTML)`), target)
		accessible(t, b, target)
	}
	require.NoError(t, b.Enter(c.origin+"/event?id="+id+"&body=raw"))
	text := evaluate[string](t, b, "document.querySelector('pre.body').innerText")
	assert.Contains(t, text, `<script>window.attacked=1</script>`)
	assert.Contains(t, text, `"raw":"\u202egnp\u2028"`, "shown as escapes")
	_, pretty := c.get("/event?id=" + id + "&body=pretty")
	assert.Contains(t, pretty, "This is the beginning of")
	assert.Less(t, len(pretty), 2_000_000)
	_, exact := c.get("/payload?id=" + id)
	assert.Equal(t, body, exact)
}

// A webhook of each outcome, from the form to the row or the archived object.
func TestBrowserSends(t *testing.T) {
	inBrowser(t)
	b, c := visit(t, root())
	for _, row := range []struct{ why, form, becomes, leads, shows string }{
		{"stored", "?provider=stripe&type=charge.captured&set=data.object.id%3Dch_sent", "The event is stored", "a[href^='/event?']", "ch_sent"},
		{"archived", "?provider=square&type=payment.updated&set=type%3D1", "The body is no event", "a[href^='/failures?']", "envelope_unreadable"},
		{"rejected", "?provider=stripe&tamper=timestamp", "The request was rejected", "", "401 Unauthorized"},
	} {
		require.NoError(t, b.Enter(c.origin+"/send"+row.form))
		accessible(t, b, row.why+": the form")
		require.NoError(t, b.Do(chromedp.Focus(chromedp.CSS("main button[formmethod]")), chromedp.KeyEvent("\r")))
		until(t, b, `document.body.innerText.includes("`+row.becomes+`")`)
		accessible(t, b, row.why+": what became of it")
		assert.Contains(t, evaluate[string](t, b, "document.body.innerText"), row.shows, row.why)
		if row.leads != "" {
			require.NoError(t, b.Do(chromedp.Click(chromedp.CSS(row.leads))))
			until(t, b, `location.pathname !== "/sent" && document.readyState === "complete"`)
			assert.Contains(t, evaluate[string](t, b, "document.body.innerText"), row.shows, row.why)
		}
	}
	require.NoError(t, b.Enter(c.origin+"/send?provider=paypal"))
	assert.Contains(t, evaluate[string](t, b, "document.body.innerText"), "Nothing is sent from here", "the session has not PayPal's key")
	accessible(t, b, "refused")
	assert.Equal(t, 3, strings.Count(c.log.String(), "a webhook was sent: "))
}

// The page takes its own pictures.
func TestBrowserTakesPictures(t *testing.T) {
	inBrowser(t)
	_, c := visit(t, atHome(), "--local")
	const link = "http://127.0.0.1:8080/?token=…"
	pictures := t.TempDir()
	replace := map[string]string{
		link: c.newLink(), "-out docs": "-out " + pictures,
		"--local send": "send", "body.json": filepath.Join(pictures, "body.json"),
	}
	renew := func() { replace[link] = c.newLink() }
	const named = "go run ./test/console/screenshot -out docs -name "
	inRoot(t).play(t, "docs/console.md", plan{
		replace: replace,
		before:  map[string]func(){named + "console-failures …": renew, named + "console-send …": renew},
		elsewhere: map[string]string{
			"paysluice console  …": "TestConsole", "paysluice console --local …": "TestBrowserTakesPictures",
			"paysluice console --allow-replay": "TestBrowserReplays",
			"go build -o .cache/local …":       ".cache/local", ".cache/local run …": "console",
		},
	})
	for _, name := range []string{"console-light", "console-dark", "console-failures-light", "console-failures-dark", "console-send-light", "console-send-dark"} {
		assert.FileExists(t, filepath.Join(pictures, name+".png"))
	}
}

func TestBrowserShowsWhatIsDenied(t *testing.T) {
	inBrowser(t)
	b, c := visit(t, user(t, allow("*", "cloudformation:*", "sqs:*")))
	for _, target := range []string{"/", "/events", "/failures", "/payment?id=x"} {
		require.NoError(t, b.Enter(c.origin+target), target)
		assert.Contains(t, evaluate[string](t, b, "document.body.innerText"), "Access denied.", target)
		accessible(t, b, target)
	}
}

// A page of another port is of the same site, so the browser would send the session.
func TestBrowserRefusesAFrame(t *testing.T) {
	inBrowser(t)
	b, c := visit(t, root())
	attacker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<main>attacker<iframe src="%s/events"></iframe></main>`, c.origin)
	}))
	defer attacker.Close()
	require.NoError(t, b.Enter(attacker.URL))
	require.NoError(t, b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return err
		}
		require.Len(t, tree.FrameTree.ChildFrames, 1)
		assert.Equal(t, "chrome-error://chromewebdata/", tree.FrameTree.ChildFrames[0].Frame.URL)
		return nil
	})))
}
