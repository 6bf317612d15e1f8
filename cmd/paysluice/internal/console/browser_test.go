package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/console/browser"
)

// tab shows a console in Chromium. The timers of its pages run twenty times as fast.
type tab struct {
	*testing.T
	*browser.Browser
	origin  string
	down    atomic.Bool // whether connections break
	strange atomic.Bool // whether the session is that of another console
	old     atomic.Bool // whether the browser does not say which site sends a request
}

func open(t *testing.T, s *Server) *tab {
	t.Helper()
	b, err := browser.Open(context.WithoutCancel(t.Context()))
	if errors.Is(err, browser.ErrMissing) {
		t.Skip("not run: " + err.Error())
	}
	require.NoError(t, err)
	t.Cleanup(b.Close)
	found := &tab{T: t, Browser: b, origin: "http://" + s.guard.hosts[0]}
	pages := s.Handler()
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if found.down.Load() {
			panic(http.ErrAbortHandler)
		}
		if found.strange.Load() {
			r.Header.Del("Cookie")
		}
		if found.old.Load() {
			r.Header.Del("Sec-Fetch-Site")
		}
		pages.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(s.listener) }()
	t.Cleanup(func() { server.Close() })
	require.NoError(t, b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
			Source: "const later = setTimeout; window.setTimeout = (task, wait) => later(task, wait / 20);",
		})
		return err
	})))
	require.NoError(t, b.Enter(s.Link()))
	return found
}

// until waits for a condition on a page that has loaded: before that, no script hears an event.
func (b *tab) until(condition string) {
	b.Helper()
	require.Eventually(b, func() bool {
		met, err := browser.Run(b.Browser, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(`+condition+")"))
		return err == nil && met
	}, time.Minute, 20*time.Millisecond, condition)
}

const says = `document.getElementById("state").innerText`

// A list that follows new events loses none, and says so when it cannot follow.
func TestBrowserFollowsEvents(t *testing.T) {
	w := &world{}
	add := func(name string, ago time.Duration) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for n := range pageSize + 10 {
			w.events = append([]event.Event{paid(fmt.Sprintf("stripe:%s%02d", name, n), ago-time.Duration(n)*time.Second)}, w.events...)
		}
	}
	fail := func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.fail = map[string]error{"Events": err}
	}
	add("old", time.Hour)
	s := listen(t, w)
	b := open(t, s)
	require.NoError(t, b.Enter(b.origin+"/events"))
	const button = `document.querySelector("[data-live]").textContent`
	last := `[...document.querySelectorAll("[data-id]")].at(-1).dataset.id`
	b.until(button + ` === "Live" && ` + last + ` === "stripe:old10"`)

	add("new", time.Minute)
	b.until(last + ` === "stripe:new10"`)
	b.until(`new URL(document.querySelector("[rel=next]").href).searchParams.get("before").endsWith("stripe:new10")`)

	b.until(`!document.querySelector("[data-id] a").focus()`)
	add("held", 0)
	b.until(button + ` === "Live: 50 new when you leave the list" && ` + last + ` === "stripe:new10"`)
	b.until(`!document.activeElement.blur()`)
	b.until(button + ` === "Live" && ` + last + ` === "stripe:held10"`)

	b.until(`scrollTo(0, 500), scrollY === 500`)
	add("late", 0)
	b.until(button + ` === "Live: 50 new at the top" && ` + last + ` === "stripe:held10"`)
	b.until(`scrollTo(0, 0), scrollY === 0`)
	b.until(button + ` === "Live" && ` + last + ` === "stripe:late10"`)

	for _, focus := range []string{`document.querySelector("[data-id] a").focus()`, `document.activeElement.blur()`} {
		b.until(`!` + focus)
		fail(denied())
		b.until(button + ` === "Not live" && ` + says + `.startsWith("Access denied.") && ` + says + `.endsWith("This is the state of 13:00:00.") && ` + last + ` === "stripe:late10"`)
		fail(nil)
		b.until(button + ` === "Live" && ` + says + ` === ""`)
	}

	b.down.Store(true)
	b.until(button + ` === "Not live" && ` + says + ` === "The console does not answer. This is the state of 13:00:00."`)
	b.until(last + ` === "stripe:late10"`)
	b.until(`!document.querySelector("[data-live]").click() && ` + button + ` === "Paused" && ` + says + ` === ""`)
	b.until(`!document.querySelector("[data-live]").click() && ` + button + ` === "Live"`)
	b.until(button + ` === "Not live"`)
	b.down.Store(false)
	b.until(button + ` === "Live" && ` + says + ` === ""`)

	// A list that failed has nothing to keep.
	fail(denied())
	require.NoError(t, b.Enter(b.origin+"/events"))
	b.until(button + ` === "Not live" && ` + says + ` === "" && document.querySelector("#rows .problem pre")`)
	fail(nil)
	b.until(button + ` === "Live" && document.querySelector("#rows [data-id]")`)

	b.strange.Store(true)
	b.until(says + `.startsWith("Open the link that the console has printed")`)
}

// The page of a replay does not say that it runs when the console or AWS no longer answers. It
// announces the end, and keeps the focus.
func TestBrowserFollowsARun(t *testing.T) {
	a := &archive{}
	s, _ := withArchive(t, a)
	post(t, s, "/replay", planned(t, s))
	b := open(t, s)
	require.NoError(t, b.Enter(b.origin+"/run?id=run1"))
	b.until(`document.querySelector("h1").innerText === "The replay is running"`)
	b.down.Store(true)
	b.until(says + ` === "The console does not answer. This is the state of 13:00:00."`)
	b.down.Store(false)
	b.until(says + ` === ""`)
	b.until(`!document.querySelector(".run button").focus()`)
	close(a.sending)
	const ended = `"Replay ended, all events are stored"`
	b.until(`document.querySelector("h1").innerText === ` + ended)
	b.until(says + ` === ` + ended + ` && document.activeElement === document.querySelector("h1")`)
	assert.Len(t, a.started, 1)
}

// A heading is visible when a link leads to it, also on a phone.
func TestBrowserShowsWhereALinkLeads(t *testing.T) {
	e := paid("stripe:e", time.Minute)
	body := `{"a":[` + strings.Repeat("1,", 500) + "1]}"
	s := listen(t, &world{events: []event.Event{e}, bodies: map[string][]byte{e.ID: []byte(body)}})
	b := open(t, s)
	for _, width := range []int64{390, 1180} {
		require.NoError(t, b.Show(width, 500, "light"))
		require.NoError(t, b.Enter(b.origin+"/events")) // leaves the place in the page
		require.NoError(t, b.Enter(b.origin+eventURL(e)+"&body=pretty#payload"))
		b.until(`scrollY > 0`)
		b.until(`(({left, top}) => document.elementFromPoint(left + 5, top + 5).id === "body")(document.getElementById("body").getBoundingClientRect())`)
	}
}

// On a German keyboard the slash is Shift and 7. The key that goes up is 7 if Shift goes up before it.
func TestBrowserSearchesWithTheSlash(t *testing.T) {
	b := open(t, listen(t, &world{}))
	const down, up, shift = input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp, 8 // a bit of Modifiers
	require.NoError(t, b.Keys(
		input.DispatchKeyEventParams{Type: down, Key: "Shift", Modifiers: shift},
		input.DispatchKeyEventParams{Type: down, Key: "/", Text: "/", Modifiers: shift},
		input.DispatchKeyEventParams{Type: up, Key: "Shift"},
		input.DispatchKeyEventParams{Type: up, Key: "7"},
		input.DispatchKeyEventParams{Type: down, Key: "x", Text: "x"},
		input.DispatchKeyEventParams{Type: up, Key: "x"},
	))
	b.until(`document.querySelector(".search input").value === "x"`)
}

// What is copied has the bytes of the body, or the page says that nothing was copied.
func TestBrowserCopies(t *testing.T) {
	e := paid("stripe:e", time.Minute)
	w := &world{events: []event.Event{e}}
	b := open(t, listen(t, w))
	for body, want := range map[string]string{"\ufeff{\"é\":1}\r\n": "Copied", "{\"\xff\":1}": "Not copied: download it"} {
		w.bodies = map[string][]byte{e.ID: []byte(body)}
		require.NoError(t, b.Enter(b.origin+eventURL(e)+"&body=raw"))
		b.until(`navigator.clipboard.writeText = async (text) => { window.copied = [...new TextEncoder().encode(text)].join() }`)
		require.NoError(t, b.Do(chromedp.Click(chromedp.CSS("[data-copy]"))))
		b.until(`document.querySelector("[data-copy]").textContent === "` + want + `"`)
		if want == "Copied" {
			b.until(`window.copied === "` + strings.Trim(strings.ReplaceAll(fmt.Sprint([]byte(body)), " ", ","), "[]") + `"`)
		}
	}
}

// The browser sends the session with the requests of another port's page. Such a page leads to the console with a
// new link alone, and embeds nothing of it.
func TestBrowserRefusesOtherSites(t *testing.T) {
	s := listen(t, &world{})
	s.Examine = func(context.Context) ([]doctor.Result, error) {
		t.Error("another site examined the stack")
		return nil, nil
	}
	b := open(t, s)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<main><img src="%[1]s/doctor?examine"><a id="page" href="%[1]s/doctor?examine">page</a><a id="link" href="%[2]s">link</a></main>`, b.origin, s.Link())
	}))
	defer other.Close()
	for _, site := range []string{other.URL, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)} {
		require.NoError(t, b.Enter(site))
		b.until(`document.querySelector("img").complete`)
		require.NoError(t, b.Do(chromedp.Click(chromedp.CSS("#page"))))
		b.until(`document.body.innerText.includes("Another site led to this page. Enter its address yourself")`)
		require.NoError(t, b.Enter(site))
		require.NoError(t, b.Do(chromedp.Click(chromedp.CSS("#link"))))
		b.until(`location.href === "` + b.origin + `/" && document.querySelector("h1").innerText === "Overview"`)
	}
}

// Safari before 16.4 sends an origin, and no Sec-Fetch-Site.
func TestBrowserThatSendsOnlyAnOrigin(t *testing.T) {
	a := &archive{}
	s, _ := withArchive(t, a)
	b := open(t, s)
	b.old.Store(true)
	require.NoError(t, b.Enter(b.origin+group))
	require.NoError(t, b.Do(chromedp.Click(chromedp.CSS("main button"))))
	b.until(`document.querySelector("h1").innerText === "The replay is running"`)
	close(a.sending)
	s.runner.all.Wait()
}

// What a form would send follows the selection, before it is sent.
func TestBrowserDescribesTheForm(t *testing.T) {
	s := sends(t, &api{status: 200})
	b := open(t, s)
	require.NoError(t, b.Enter(b.origin+"/send"))
	const rows, command = `document.getElementById("rows").innerText`, `document.querySelector(".command pre").innerText`
	b.until(rows + `.includes("Expected: 200")`)
	choose := func(name, value string) {
		b.until(`(field => { field.value = "` + value + `"; return field.dispatchEvent(new Event("change", { bubbles: true })) })(document.querySelector(".compose [name=` + name + `]"))`)
	}
	choose("type", "charge.refunded")
	choose("tamper", "timestamp")
	b.until(rows + `.includes("Expected: 401") && ` + command + ` === "paysluice send stripe charge.refunded --tamper timestamp --wait"`)
	choose("set", "x")
	b.until(rows + `.includes("Check the form.")`)
	choose("set", "data.object.amount=5")
	b.until(command + `.includes("--set data.object.amount=5")`)
	require.NoError(t, b.Do(chromedp.Click(chromedp.CSS("[name=show]"))))
	b.until(rows + `.includes('"amount": 5,')`)
	choose("type", "charge.captured")
	b.until(rows + `.includes('"charge.captured"')`)
}

// On a group's page j leads to the first message, which x selects. A button stands clear of what is below it.
func TestBrowserSelectsAMessage(t *testing.T) {
	lost := paid("stripe:evt_1", time.Hour)
	s, _ := withArchive(t, &archive{failures: []failure.Failure{
		{Key: "stripe/2026/03/10/a.json", Provider: "stripe", Reason: "receives-exhausted", EventID: lost.ID, Event: &lost, ArchivedAt: now.UnixMilli()},
	}})
	b := open(t, s)
	require.NoError(t, b.Enter(b.origin+"/failures?provider=stripe&reason=receives-exhausted&days=7"))
	require.NoError(t, b.Do(chromedp.KeyEvent("jx")))
	b.until(`document.querySelector("[name=key]").checked`)
	for _, width := range []int64{1200, 390} {
		require.NoError(t, b.Show(width, 800, "light"))
		require.NoError(t, b.Enter(b.origin+"/search?q="+lost.ID))
		b.until(`document.querySelector(".pick").getBoundingClientRect().top - document.querySelector("main form button").getBoundingClientRect().bottom > 10`)
	}
	b.until(`getComputedStyle(document.querySelector("[data-label=Received]"), "::before").display !== "none"`)
}
