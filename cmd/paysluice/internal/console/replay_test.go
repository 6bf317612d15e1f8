package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// archive answers what the pages ask of the archive and the replays.
type archive struct {
	failures []failure.Failure
	runs     []replay.Summary
	entries  []replay.Entry // of each plan and run
	recorded replay.Summary // what the record of run1 says besides its plan
	planned  int
	started  []string // ids
	dropped  int      // of the first message of a run
	proof    replay.Proof
	stored   map[string]bool // by the messages' keys
	fail     map[string]error
	// sending lets a run go on.
	sending chan struct{}
	proving chan struct{} // lets a proof go on, nil for at once
	load    func()        // runs while a record is read to resume the run
}

func (a *archive) List(_ context.Context, f failure.Filter) iter.Seq2[failure.Failure, error] {
	return func(yield func(failure.Failure, error) bool) {
		left := f.Limit
		for _, found := range a.failures {
			if f.Provider != "" && f.Provider != found.Provider || found.Key <= f.After || !strings.HasPrefix(found.Key, f.Prefix) || f.Reason != "" && f.Reason != found.Reason || time.UnixMilli(found.ArchivedAt).Before(f.Since) {
				continue
			}
			if left--; !yield(found, nil) || left == 0 {
				return
			}
		}
		if err := a.fail["List"]; err != nil {
			yield(failure.Failure{}, err)
		}
	}
}

func (a *archive) Search(_ context.Context, id, after string, goOn func() bool) (found []failure.Failure, rest string, err error) {
	of, _, _ := strings.Cut(id, ":")
	for _, f := range a.failures {
		if f.Provider != of || f.Key <= after {
			continue
		}
		if f.EventID == id {
			found = append(found, f)
		}
		if !goOn() {
			return found, f.Key, nil
		}
	}
	return found, "", a.fail["Search"]
}

func (a *archive) Plan(_ context.Context, s replay.Selection, progress func(replay.Progress)) (replay.Plan, error) {
	progress(replay.Progress{Stage: replay.Planning})
	if len(s.Keys) > 0 {
		return replay.Plan{Selection: s, Groups: []replay.Group{{Provider: "stripe", Count: len(s.Keys), Samples: s.Keys}}}, cmp.Or(a.fail["Plan"], s.Check())
	}
	return replay.Plan{Selection: s, Entries: a.entries, Groups: []replay.Group{
		{Provider: "stripe", Reason: s.Reason, Count: 2, Samples: []string{"stripe/a.json"}}, {Provider: "stripe", Reason: s.Reason, Count: 1, Skipped: "the table has it"},
	}}, a.fail["Plan"]
}

func (a *archive) Stored(_ context.Context, messages []failure.Failure) (map[string]bool, error) {
	found := map[string]bool{}
	for _, m := range messages {
		if a.stored[m.Key] {
			found[m.Key] = true
		}
	}
	return found, a.fail["Stored"]
}

func (a *archive) NewID() string {
	a.planned++
	return fmt.Sprint("run", a.planned)
}

func (a *archive) Start(ctx context.Context, id string, p replay.Plan, who string) (*replay.Run, error) {
	a.started = append(a.started, id)
	return a.record(who), cmp.Or(a.fail["Start"], ctx.Err())
}

func (a *archive) record(who string) *replay.Run {
	return &replay.Run{Record: replay.Record{ID: "run1", Who: who, Total: 2, StartedAt: now, Plan: replay.Plan{Entries: a.entries}}}
}

func (a *archive) Load(_ context.Context, id string) (*replay.Run, error) {
	if id != "run1" {
		return nil, replay.ErrNotFound
	}
	if do := a.load; do != nil {
		a.load = nil
		do()
	}
	return a.record("arn:me"), a.fail["Load"]
}

func (a *archive) Summary(_ context.Context, id string) (replay.Summary, error) {
	if at := slices.IndexFunc(a.runs, func(s replay.Summary) bool { return s.ID == id }); at >= 0 {
		return a.runs[at], a.fail["Summary"]
	}
	if id != "run1" {
		return replay.Summary{}, replay.ErrNotFound
	}
	s := a.recorded
	s.Record = a.record("arn:me").Record
	return s, a.fail["Summary"]
}

func (a *archive) Run(ctx context.Context, _ *replay.Run, progress func(replay.Progress)) error {
	progress(replay.Progress{Stage: replay.Sending, Done: 1, Total: 2, Failed: a.dropped})
	select {
	case <-a.sending:
		return a.fail["Run"]
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *archive) Prove(_ context.Context, _ *replay.Run, progress func(replay.Progress)) (replay.Proof, error) {
	progress(replay.Progress{Stage: replay.Proving, Total: 2})
	if a.proving != nil {
		<-a.proving
	}
	a.recorded.Done, a.recorded.NotSent, a.recorded.Proof = 2, a.dropped, new(a.proof)
	return a.proof, a.fail["Prove"]
}

func (a *archive) Runs(context.Context, time.Time) ([]replay.Summary, error) {
	return a.runs, a.fail["Runs"]
}

// withArchive returns a console that may replay.
func withArchive(t *testing.T, a *archive) (*Server, *world) {
	t.Helper()
	w := &world{}
	s := listen(t, w)
	a.sending = make(chan struct{})
	if a.fail == nil {
		a.fail = map[string]error{}
	}
	s.Archive, s.Replays, s.AllowReplay = a, a, true
	s.Who = func(context.Context) (string, error) { return "arn:me", a.fail["Who"] }
	return s, w
}

// post submits a form of the console's own page.
func post(t *testing.T, s *Server, target string, form url.Values, changes ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.guard.hosts[0]+target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: s.guard.cookie, Value: s.guard.session})
	for _, change := range changes {
		change(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

const group = "/replay?provider=stripe&reason=receives-exhausted&days=7"

// planGroup plans a replay of the group and returns the address of the plan.
func planGroup(t *testing.T, s *Server) string {
	t.Helper()
	r := get(t, s, group)
	require.Equal(t, http.StatusSeeOther, r.Code, r.Body)
	return r.Header().Get("Location")
}

// planned returns the form of a plan.
func planned(t *testing.T, s *Server) url.Values {
	t.Helper()
	found := regexp.MustCompile(`name="plan" value="(\w+)"`).FindStringSubmatch(page(t, s, planGroup(t, s)))
	require.NotNil(t, found)
	return url.Values{"plan": {found[1]}}
}

// eventually waits until the page of the run shows a text.
func eventually(t *testing.T, s *Server, want string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(page(t, s, "/run?id=run1"), want) }, time.Minute, time.Millisecond, want)
}

func TestEveryArchivedReasonIsExplained(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/reasons.md")
	require.NoError(t, err)
	documented, _, _ := strings.Cut(string(text), "## Why was an event not published?")
	reasons := regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (200)? ?\\|").FindAllStringSubmatch(documented, -1)
	require.Len(t, reasons, 8)
	for _, reason := range reasons {
		assert.NotEmpty(t, explain(reason[1]), reason[1])
	}
}

func TestFailures(t *testing.T) {
	old := now.Add(-24 * time.Hour)
	a := &archive{failures: []failure.Failure{
		{Key: "stripe/2026/03/10/a.json", Provider: "stripe", Reason: "conflict", ArchivedAt: now.UnixMilli(), EventID: "stripe:evt_1", Type: "charge.refunded"},
		{Key: "stripe/2026/03/09/b.json", Provider: "stripe", Reason: "receives-exhausted", ArchivedAt: old.UnixMilli(), Storage: failure.Glacier},
		{Key: "stripe/2026/03/09/c.json", Provider: "stripe", Reason: "receives-exhausted", ArchivedAt: now.UnixMilli()},
	}}
	a.runs = []replay.Summary{
		{Record: replay.Record{ID: "r1", Total: 2}}, {Record: replay.Record{ID: "r2"}, Proof: &replay.Proof{}}, {Record: replay.Record{ID: "r3"}, Proof: &replay.Proof{Missing: make([]replay.Missing, 1)}},
	}
	s, _ := withArchive(t, a)
	text := page(t, s, "/failures")
	for _, want := range []string{"3 archived messages", "1 in Glacier", "<title>2 on 2026-03-09</title>", "not finished", "all stored", "1 event not stored", "Plan a replay"} {
		assert.Contains(t, text, want)
	}
	assert.Less(t, strings.Index(text, "receives-exhausted"), strings.Index(text, "conflict"), "the largest group first")
	group := page(t, s, "/failures?provider=stripe&reason=conflict&days=1")
	for _, want := range []string{`<a href="/search?q=stripe%3aevt_1">`, explain("conflict").What, explain("conflict").Do, "paysluice failures list --provider stripe --reason conflict --since 1d"} {
		assert.Contains(t, group, want)
	}

	many := make([]failure.Failure, countedFailures)
	for n := range many { // in the order of their keys
		many[n] = failure.Failure{Key: fmt.Sprintf("stripe/2026/03/10/%04d.json", n), Provider: "stripe", Reason: "conflict", ArchivedAt: now.UnixMilli() - int64(n)}
	}
	a.failures = many
	assert.Contains(t, page(t, s, "/failures?days=30"), "Only the first 1,000 messages of a provider are read, whatever their reason, the oldest day (UTC) first: Stripe may have more. Choose fewer days to see newer ones. The command below counts all, and")
	group = page(t, s, "/failures?provider=stripe&reason=conflict&days=1")
	assert.Contains(t, group, "The command below lists the rest, and a replay of the group has all of its messages.")
	assert.Contains(t, group, "paysluice failures list --provider stripe --reason conflict --since 1d --limit 0 --after stripe/2026/03/10/0999.json")
	a.failures = slices.Repeat(many, 2)
	for n := range many { // they come before
		a.failures[n].Provider = "paypal"
	}
	text = page(t, s, "/failures?days=1")
	assert.Contains(t, text, "first: Stripe, PayPal may have more. The command", "fewer days than one cannot be chosen")
	assert.Contains(t, text, "provider=stripe", "the messages of another provider hide none")
	a.failures = many[:1]
	assert.Contains(t, page(t, s, "/failures"), "1 archived message, counted")
	text = page(t, s, "/failures?provider=stripe&reason=receives-exhausted&days=1")
	assert.Contains(t, text, `The archive has no message of Stripe with the reason <code>receives-exhausted</code> that was received in the last 24 hours. <a href="/failures?days=1">All failures</a>`)
	assert.NotContains(t, text, "No event failed.", "another group has one")
	s.Now = func() time.Time { return now.Add(12*time.Hour + 5*time.Minute) }
	assert.Contains(t, page(t, s, "/failures?days=1"), "1 on 2026-03-10", "a day is 24 hours, also after midnight")
	a.failures, a.fail["Runs"] = nil, denied()
	assert.Contains(t, page(t, s, "/failures"), "No event failed.")
	a.fail["List"] = denied()
	assert.NotContains(t, page(t, s, "/failures"), "No event failed.")
	a.failures = many[:3]
	assert.Contains(t, page(t, s, "/failures"), "Only 3 of the messages could be read.")
	for _, target := range []string{"/failures?days=2", "/failures?provider=adyen", "/failures?after=x", "/replay?provider=stripe&days=7"} {
		assert.Equal(t, http.StatusBadRequest, get(t, s, target).Code, target)
	}
}

// The page of a group that no replay sends has no button for one, and names the command with a key.
func TestFailuresThatNoReplaySends(t *testing.T) {
	a := &archive{}
	s, _ := withArchive(t, a)
	for _, row := range []struct{ reason, id string }{{"conflict", "stripe:evt_1"}, {"event_id_invalid", ""}} {
		a.failures = []failure.Failure{{Key: "stripe/2026/03/10/a.json", Provider: "stripe", Reason: row.reason, ArchivedAt: now.UnixMilli(), EventID: row.id}}
		text := page(t, s, "/failures?provider=stripe&days=7&reason="+row.reason)
		assert.Contains(t, text, `<code class="block">stripe/2026/03/10/a.json</code>`, row.reason)
		assert.Contains(t, text, "--since 7d\npaysluice failures show stripe/2026/03/10/a.json<", row.reason)
		for _, target := range []string{"/failures", "/failures?provider=stripe&days=7&reason=" + row.reason, "/search?q=stripe:evt_1"} {
			text := get(t, s, target).Body.String()
			assert.NotContains(t, text, "Plan a replay", target)
			assert.NotContains(t, text, "checkbox", target)
			assert.NotContains(t, text, "paysluice replay stripe", target)
		}
	}
}

// An event that only the archive has is found by its id, with the reason and what to do.
func TestSearchFindsAnArchivedEvent(t *testing.T) {
	lost := paid("stripe:evt_lost", 60*time.Hour)
	a := &archive{failures: []failure.Failure{
		{Key: "stripe/2026/03/08/cold.json", Provider: "stripe", Reason: "expired", EventID: lost.ID, ArchivedAt: now.Add(-48 * time.Hour).UnixMilli(), Storage: failure.Glacier},
		{Key: "stripe/2026/03/08/lost.json", Provider: "stripe", Reason: "receives-exhausted", EventID: lost.ID, ArchivedAt: now.Add(-47 * time.Hour).UnixMilli(), Event: &lost},
	}}
	s, _ := withArchive(t, a)
	for _, q := range []string{lost.ID, "evt_lost"} {
		text := page(t, s, "/search?q="+q)
		for _, want := range []string{
			"The event is not stored", `<a href="/failures?days=30&amp;provider=stripe&amp;reason=receives-exhausted">`, explain("receives-exhausted").What, explain("receives-exhausted").Do,
			`value="stripe/2026/03/08/lost.json" aria-label="Select stripe/2026/03/08/lost.json" checked`, `<td data-label="Select"></td>`,
			"paysluice failures show stripe:evt_lost\npaysluice replay stripe/2026/03/08/lost.json\npaysluice trace stripe:evt_lost", "20.00",
		} {
			assert.Contains(t, text, want, q)
		}
		assert.NotContains(t, text, `value="stripe/2026/03/08/cold.json"`, "no replay sends it")
	}
	text := get(t, s, "/search?q=stripe:evt_other").Body.String()
	assert.Contains(t, text, "Neither an event nor a payment has the id <code>stripe:evt_other</code>, and no message that was read in the archive has it.")
}

// A search in the archive that takes long stops, here after each message, and can go on.
func TestSearchInALargeArchive(t *testing.T) {
	a := &archive{failures: []failure.Failure{
		{Key: "paypal/2026/03/06/a.json", Provider: "paypal"}, {Key: "stripe/2026/03/07/a.json", Provider: "stripe"},
		{Key: "stripe/2026/03/08/b.json", Provider: "stripe", Reason: "receives-exhausted", EventID: "stripe:evt_lost"}, {Key: "stripe/2026/03/09/c.json", Provider: "stripe"},
	}}
	s, _ := withArchive(t, a)
	minute := 0
	s.Now = func() time.Time { minute++; return now.Add(time.Duration(minute) * time.Minute) }
	for q, pages := range map[string][]string{
		"stripe:evt_lost": {
			"Nothing found yet|The archive of Stripe was searched from its oldest day to 2026-03-07.|>paysluice failures show stripe:evt_lost\npaysluice trace stripe:evt_lost<",
			"The event is not stored|The archive of Stripe was searched from 2026-03-07 to 2026-03-08.|paysluice replay stripe/2026/03/08/b.json",
			"Nothing found yet|from 2026-03-08 to 2026-03-09.",
			"Nothing found yet|1 archived message was read for a payment, up to 2026-03-07 of Stripe.",
			"Nothing found yet|read for a payment, from 2026-03-07 on, up to 2026-03-08 of Stripe.",
			"Nothing found yet|from 2026-03-08 on, up to 2026-03-09 of Stripe.",
			"<h1>Not found</h1>|0 archived messages were read for a payment, from 2026-03-09 on.",
		},
		"evt_none": {
			"to 2026-03-07.", "to 2026-03-08.", "to 2026-03-09.", "The archive of PayPal was searched from its oldest day to 2026-03-06.",
			"1 archived message was read for a payment, up to 2026-03-06 of PayPal.",
		},
	} {
		target := "/search?q=" + q
		for _, says := range pages {
			text := get(t, s, target).Body.String()
			for _, want := range strings.Split(says, "|") {
				assert.Contains(t, text, want, target)
			}
			if found := regexp.MustCompile(`<a href="([^"]+)">Search on</a>`).FindStringSubmatch(text); found != nil {
				target = html.UnescapeString(found[1])
			}
		}
	}
	s.Now = func() time.Time { return now }
	text := page(t, s, "/search?q=stripe:evt_lost&after=stripe/2026/03/07/a.json")
	assert.Contains(t, text, "from 2026-03-07 to its newest day.")
	assert.NotContains(t, text, "Search on")
}

// A payment that only the archive has is found by its id or its object's, also by the link of an archived event.
func TestSearchFindsAnArchivedPayment(t *testing.T) {
	lost := paid("stripe:evt_lost", time.Hour)
	message := func(n int) failure.Failure {
		return failure.Failure{Key: fmt.Sprintf("stripe/2026/03/08/%03d.json", n), Provider: "stripe", Reason: "receives-exhausted", EventID: lost.ID, ArchivedAt: now.UnixMilli(), Event: &lost}
	}
	cold := message(0)
	cold.Storage = failure.Glacier
	a := &archive{failures: []failure.Failure{cold, message(1)}}
	s, _ := withArchive(t, a)
	assert.Contains(t, page(t, s, "/search?q=evt_lost"), `<a href="/search?q=p1">`)
	for q, command := range map[string]string{"p1": "failures list --payment p1<", "o1": "failures list --payment o1<", "stripe:p1": "failures list --provider stripe --payment p1<"} {
		text := page(t, s, "/search?q="+q)
		for _, want := range []string{"Found in the archive", `<a href="/search?q=stripe%3aevt_lost">`, "20.00", command, "2 archived messages were read for a payment. 1 of them is in Glacier and does not tell its payment."} {
			assert.Contains(t, text, want, q)
		}
		assert.NotContains(t, text, "Search on", q)
	}
	assert.Equal(t, http.StatusNotFound, get(t, s, "/search?q=paypal:p1").Code)

	a.failures = nil
	for n := range shownFailures + 1 {
		a.failures = append(a.failures, message(n))
	}
	text := page(t, s, "/search?q=p1")
	assert.Equal(t, shownFailures, strings.Count(text, "<tr data-row"))
	assert.Contains(t, text, `<a href="/search?payment=stripe%2F2026%2F03%2F08%2F049.json&amp;q=p1">Search on</a>`)
	a.failures = slices.Repeat([]failure.Failure{{Key: "stripe/2026/03/08/x.json", Provider: "stripe"}}, countedFailures+1)
	assert.Contains(t, page(t, s, "/search?q=p1"), "1,000 archived messages were read for a payment, up to 2026-03-08 of Stripe. <a", "no more")
}

// Single messages are selected on the pages of a group, and the plan has no others.
func TestReplayOfSelectedMessages(t *testing.T) {
	a := &archive{proof: replay.Proof{Stored: 2}}
	for n := range 2*shownFailures + 1 {
		a.failures = append(a.failures, failure.Failure{Key: fmt.Sprintf("stripe/2026/03/10/%03d.json", n), Provider: "stripe", Reason: "receives-exhausted", ArchivedAt: now.UnixMilli()})
	}
	s, _ := withArchive(t, a)
	boxes := regexp.MustCompile(`<input type="checkbox" name="key" value="([^"]+)" aria-label="[^"]+"( checked)?>`)
	link := func(text, label string) string {
		found := regexp.MustCompile(`<a [^>]*href="([^"#]+)[^>]*>` + label + `</a>`).FindStringSubmatch(text)
		require.NotNil(t, found, label)
		return html.UnescapeString(found[1])
	}
	var shown []string
	target := "/failures?provider=stripe&reason=receives-exhausted&days=7"
	for _, says := range []string{"1–50 of 101", "51–100 of 101", "101–101 of 101"} {
		text := page(t, s, target)
		assert.Contains(t, text, says)
		for _, box := range boxes.FindAllStringSubmatch(text, -1) {
			assert.Empty(t, box[2], "nothing is selected")
			shown = append(shown, box[1])
		}
		all := page(t, s, link(text, "Select all shown"))
		assert.Contains(t, all, says, "the same page")
		assert.Equal(t, strings.Count(all, "<input type=\"checkbox\""), strings.Count(all, " checked>"))
		assert.Equal(t, text, page(t, s, link(all, "Select none")))
		if strings.Contains(text, ">More</a>") {
			target = link(text, "More")
		}
	}
	require.Len(t, shown, len(a.failures))
	newest := page(t, s, link(page(t, s, target), "First"))
	assert.Contains(t, newest, "1–50 of 101")
	target = link(newest, "More")
	a.failures = slices.Delete(a.failures, shownFailures-1, shownFailures)
	assert.Contains(t, page(t, s, target), "50–99 of 100", "the message before the page was erased")
	a.failures = a.failures[:shownFailures-1]
	assert.Contains(t, page(t, s, target), "1–49 of 49", "and all after it")

	selected := url.Values{"key": {shown[60], shown[3]}}
	r := post(t, s, "/replay/plan", selected)
	require.Equal(t, http.StatusSeeOther, r.Code, r.Body)
	for range 2 { // the page of the plan can be read again
		text := page(t, s, r.Header().Get("Location"))
		assert.Contains(t, text, "Send 2 messages again")
		assert.Contains(t, text, "paysluice replay \\\n  "+shown[60]+" \\\n  "+shown[3]+"<")
		assert.Equal(t, 4, strings.Count(text, "stripe/2026/03/10/"), "each in the table and in the command, and no other")
	}
	plan, err := url.Parse(r.Header().Get("Location"))
	require.NoError(t, err)
	for range 2 {
		assert.Equal(t, "/run?id=run1", post(t, s, "/replay", url.Values{"plan": plan.Query()["plan"]}).Header().Get("Location"))
	}
	assert.Len(t, a.started, 1)
	close(a.sending)
	eventually(t, s, "Replay ended, all events are stored")
	s.runner.all.Wait()

	for why, row := range map[string]struct {
		form url.Values
		fail error
		code int
		says string
	}{
		"nothing is selected":   {url.Values{}, nil, http.StatusBadRequest, "No message is selected; go back and select one."},
		"a key of another kind": {url.Values{"key": {"replays/run1/start.json"}}, nil, http.StatusBadRequest, "A key of the archive looks like stripe/2026/11/01/….json, unlike replays/run1/start.json."},
		"too many":              {url.Values{"key": make([]string, replay.MaxKeys+1)}, nil, http.StatusBadRequest, "At most 1000 messages can be selected one by one, and 1001 are"},
		"gone meanwhile":        {selected, failure.ErrMissing, http.StatusNotFound, "The archive has no such key."},
		"denied":                {selected, denied(), http.StatusForbidden, "Access denied."},
	} {
		a.fail["Plan"] = row.fail
		r := post(t, s, "/replay/plan", row.form)
		assert.Equal(t, row.code, r.Code, why)
		assert.Contains(t, r.Body.String(), row.says, why)
	}
	form := regexp.MustCompile(`<form method="post" action="([^"]+)">`).FindStringSubmatch(newest)
	require.NotNil(t, form)
	text := post(t, s, html.UnescapeString(form[1]), url.Values{}).Body.String()
	assert.Contains(t, page(t, s, link(text, "Go back to the messages")), "1–49 of 49")
	assert.Contains(t, post(t, s, "/replay/plan?q=evt_1", url.Values{}).Body.String(), `<a href="/search?q=evt_1#messages">Go back`)
	broken := func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("key=%zz")) }
	assert.Equal(t, http.StatusBadRequest, post(t, s, "/replay/plan", selected, broken).Code)
	elsewhere := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	assert.Equal(t, http.StatusForbidden, post(t, s, "/replay/plan", selected, elsewhere).Code)
	stranger := func(r *http.Request) { r.Header.Del("Cookie") }
	assert.Equal(t, http.StatusForbidden, post(t, s, "/replay/plan", selected, stranger).Code)
}

func TestReplayTellsEachStage(t *testing.T) {
	a := &archive{proof: replay.Proof{Stored: 2}, proving: make(chan struct{}), load: func() { assert.Fail(t, "no page reads all of a record") }}
	s, w := withArchive(t, a)
	a.fail["Summary"] = errors.New("the page of an active run reads no record")
	form := planned(t, s)
	for range 2 { // a form that is sent twice starts one run
		r := post(t, s, "/replay", form)
		assert.Equal(t, http.StatusSeeOther, r.Code, r.Body)
		assert.Equal(t, "/run?id=run1", r.Header().Get("Location"))
	}
	assert.Len(t, a.started, 1)
	eventually(t, s, "sending: 1 of 2")
	a.runs = []replay.Summary{{Record: replay.Record{ID: "run1"}}}
	assert.Contains(t, page(t, s, "/failures"), `>running</span>`)
	post(t, s, "/replay/resume", url.Values{"id": {"run1"}}) // changes nothing while it runs
	a.runs = nil
	close(a.sending)
	eventually(t, s, "0 of 2 looked up")
	assert.Contains(t, page(t, s, "/run?id=run1"), "<b>Sent</b><span>2 of 2")
	delete(a.fail, "Summary")
	close(a.proving)
	eventually(t, s, "Replay ended, all events are stored")
	s.runner.all.Wait()
	assert.Regexp(t, `replay run1 of 2 messages was started\n.*replay run1 ended: 2 events stored, 0 not\n$`, w.log.String())
}

// A click on a plan starts its run also if the page is closed, or if the click before had no answer.
func TestReplayIsStartedAgain(t *testing.T) {
	a := &archive{fail: map[string]error{"Start": context.DeadlineExceeded}}
	s, _ := withArchive(t, a)
	form := planned(t, s)
	assert.Contains(t, post(t, s, "/replay", form).Body.String(), "There was no answer within 60 s.")
	delete(a.fail, "Start")
	closed := func(r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		*r = *r.WithContext(ctx)
	}
	assert.Equal(t, "/run?id=run1", post(t, s, "/replay", form, closed).Header().Get("Location"))
	assert.Equal(t, []string{"run1", "run1"}, a.started)
	eventually(t, s, "sending: 1 of 2")
}

// The console runs one replay at a time, whether it is started or resumed.
func TestOneReplayAtATime(t *testing.T) {
	a := &archive{entries: []replay.Entry{{Stem: "a"}}}
	s, _ := withArchive(t, a)
	one, two, three, resumed := planned(t, s), planned(t, s), planned(t, s), url.Values{"id": {"run1"}}
	refused := func(target string, form url.Values, running string) {
		r := post(t, s, target, form)
		assert.Equal(t, http.StatusConflict, r.Code, target)
		assert.Contains(t, r.Body.String(), "The console runs one replay at a time: wait until "+running+" has ended, or stop it.")
	}
	stop := func(id string) {
		post(t, s, "/replay/stop", url.Values{"id": {id}})
		s.runner.all.Wait()
	}
	post(t, s, "/replay", one)
	refused("/replay", two, "run1")
	a.runs = []replay.Summary{{Record: replay.Record{ID: "run1", Plan: replay.Plan{Groups: []replay.Group{{Provider: "stripe", Reason: "receives-exhausted"}}}}}}
	text := page(t, s, "/replay?"+two.Encode())
	assert.Contains(t, text, `<a href="/run?id=run1"><code>run1</code></a> is running.`)
	assert.NotContains(t, text, "is not finished")
	assert.NotContains(t, text, "<button")
	stop("run1")
	assert.Empty(t, s.runner.jobs["run1"].record.Entries, "they are not kept")
	assert.Equal(t, "/run?id=run1", get(t, s, "/replay?"+one.Encode()).Header().Get("Location"), "its plan leads to it")

	assert.Equal(t, "/run?id=run2", post(t, s, "/replay", two).Header().Get("Location"))
	refused("/replay/resume", resumed, "run2")
	stop("run2")
	a.load = func() { refused("/replay", three, "run1") }
	post(t, s, "/replay/resume", resumed)
	stop("run1")
	assert.Equal(t, []string{"run1", "run2"}, a.started)
}

// A plan names the runs that were stopped before their end, also by another process.
func TestReplayAfterAnUnfinishedOne(t *testing.T) {
	of := func(id, reason, skipped string, proof *replay.Proof) replay.Summary {
		return replay.Summary{Record: replay.Record{ID: id, Total: 3, Plan: replay.Plan{Groups: []replay.Group{{Provider: "stripe", Reason: reason, Skipped: skipped}}}}, Done: 1, Proof: proof}
	}
	a := &archive{runs: []replay.Summary{
		of("stopped", "receives-exhausted", "", nil), of("proved", "receives-exhausted", "", &replay.Proof{}), of("other", "conflict", "", nil), of("skips", "receives-exhausted", "the table has it", nil),
		of("run1", "receives-exhausted", "", nil), // of a start without an answer
	}}
	s, _ := withArchive(t, a)
	text := page(t, s, planGroup(t, s))
	assert.Contains(t, text, `<a href="/run?id=stopped"><code>stopped</code></a> is not finished.</strong> It has sent 1 of 3 messages`)
	assert.Contains(t, text, "Send 2 messages again")
	for _, id := range []string{"proved", "other", "skips", "run1"} {
		assert.NotContains(t, text, "/run?id="+id)
	}
	a.fail["Runs"] = denied()
	assert.Contains(t, page(t, s, planGroup(t, s)), "Access denied.")
}

// A message that is not to be sent counts as done, and not as sent.
func TestReplaySaysWhatWasNotSent(t *testing.T) {
	a := &archive{dropped: 1, proving: make(chan struct{})}
	s, _ := withArchive(t, a)
	post(t, s, "/replay", planned(t, s))
	eventually(t, s, `<span>0 of 2</span><span class="sub">1 not sent</span>`)
	close(a.sending)
	eventually(t, s, "0 of 2 looked up")
	const says = `<span>1 of 2</span><span class="sub">1 not sent</span>`
	assert.Contains(t, page(t, s, "/run?id=run1"), says)
	close(a.proving)
	s.runner.all.Wait()
	assert.Contains(t, page(t, s, "/run?id=run1"), says)
	a.runs = []replay.Summary{a.recorded}
	a.runs[0].Total = 2
	assert.Contains(t, page(t, s, "/failures"), `data-label="Sent">1 of 2<`)
}

func TestReplayThatIsStoppedIsResumed(t *testing.T) {
	a := &archive{proof: replay.Proof{Missing: []replay.Missing{{EventID: "stripe:e", Reason: "conflict", Again: true}}}}
	s, w := withArchive(t, a)
	s.Stack.AWS.Local = true
	post(t, s, "/replay", planned(t, s))
	assert.Equal(t, http.StatusSeeOther, post(t, s, "/replay/stop", url.Values{"id": {"run1"}}).Code)
	eventually(t, s, "Replay stopped")
	s.runner.all.Wait()
	assert.Contains(t, w.log.String(), "to resume: paysluice --local replay --resume run1\n")

	close(a.sending)
	a.fail["Run"] = fmt.Errorf("%w: put failed: %w", replay.ErrUnrecorded, context.Canceled)
	post(t, s, "/replay/resume", url.Values{"id": {"run1"}})
	s.runner.all.Wait()
	text := page(t, s, "/run?id=run1")
	assert.Contains(t, text, "Replay stopped")
	assert.Contains(t, text, "so a resumed run looks for them first: put failed: context canceled.")

	delete(a.fail, "Run")
	assert.Equal(t, http.StatusSeeOther, post(t, s, "/replay/resume", url.Values{"id": {"run1"}}).Code)
	eventually(t, s, "failed again: conflict")
	text = page(t, s, "/run?id=run1")
	assert.Contains(t, text, `<a href="/search?q=stripe%3ae"><code>stripe:e</code></a>`)
	assert.Contains(t, text, "Failures counts messages, not events.")
	a.fail["Load"] = denied()
	assert.Equal(t, http.StatusForbidden, post(t, s, "/replay/resume", url.Values{"id": {"run1"}}).Code)
	delete(a.fail, "Load")
	assert.Contains(t, page(t, s, "/run?id=run1"), "failed again: conflict", "what the run before did is still known")

	a.proving = make(chan struct{})
	post(t, s, "/replay/resume", url.Values{"id": {"run1"}})
	eventually(t, s, "0 of 2 looked up")
	assert.NotContains(t, page(t, s, "/run?id=run1"), "failed again: conflict", "the result before is not shown")
	close(a.proving)
	eventually(t, s, "failed again: conflict")
	s.runner.all.Wait()
}

// A run that this console left off can be continued elsewhere. Then its record says more.
func TestReplayIsContinuedElsewhere(t *testing.T) {
	a := &archive{proof: replay.Proof{Missing: make([]replay.Missing, 1)}, fail: map[string]error{"Run": errors.New("SQS is down")}}
	s, _ := withArchive(t, a)
	close(a.sending)
	post(t, s, "/replay", planned(t, s))
	eventually(t, s, "SQS is down")
	s.runner.all.Wait()
	a.recorded = replay.Summary{Done: 1, At: now}
	assert.Contains(t, page(t, s, "/run?id=run1"), "SQS is down", "the last note is of this run")
	a.recorded.At = now.Add(time.Second)
	assert.NotContains(t, page(t, s, "/run?id=run1"), "SQS is down")

	delete(a.fail, "Run")
	post(t, s, "/replay/resume", url.Values{"id": {"run1"}})
	eventually(t, s, "Replay ended, not all events are stored")
	assert.NotContains(t, page(t, s, "/run?id=run1"), "one more message", "none failed again")
	s.runner.all.Wait()
	a.recorded.Proof = &replay.Proof{Stored: 2}
	assert.Contains(t, page(t, s, "/run?id=run1"), "Replay ended, all events are stored")
}

// A form that is sent again while the record is read changes nothing.
func TestReplayIsResumedOnce(t *testing.T) {
	a, form := &archive{recorded: replay.Summary{Proof: &replay.Proof{}}}, url.Values{"id": {"run1"}}
	s, w := withArchive(t, a)
	a.load = func() {
		assert.Equal(t, http.StatusSeeOther, post(t, s, "/replay/resume", form).Code)
		text := page(t, s, "/run?id=run1")
		assert.Contains(t, text, "The replay is running")
		assert.Contains(t, text, "not looked up yet", "the result before is not shown")
	}
	post(t, s, "/replay/resume", form)
	eventually(t, s, "sending: 1 of 2")
	post(t, s, "/replay/stop", form)
	s.runner.all.Wait()
	assert.Equal(t, 1, strings.Count(w.log.String(), "was resumed"))
}

// A console that ends stops its replays and waits for their record.
func TestReplayEndsWithTheConsole(t *testing.T) {
	s, w := withArchive(t, &archive{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx) }()
	answer, err := http.Get(s.Link())
	require.NoError(t, err)
	answer.Body.Close()
	post(t, s, "/replay", planned(t, s))
	cancel()
	assert.NoError(t, <-ended)
	assert.Contains(t, w.log.String(), "replay run1 stopped: context canceled")
}

// A replay that is just starting is waited for, however long its page takes. None starts later.
func TestConsoleEndsAfterAStart(t *testing.T) {
	s, w := withArchive(t, &archive{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s.Who = func(context.Context) (string, error) {
		cancel()
		select {
		case <-ended:
			assert.Fail(t, "it did not wait")
			ended <- nil
		case <-time.After(100 * time.Millisecond):
		}
		return "arn:me", nil
	}
	go func() { ended <- s.Serve(ctx) }()
	answer, err := http.Get(s.Link())
	require.NoError(t, err)
	answer.Body.Close()
	post(t, s, "/replay", planned(t, s))
	require.NoError(t, <-ended)
	assert.Contains(t, w.log.String(), "replay run1 stopped: context canceled")
	r := post(t, s, "/replay/resume", url.Values{"id": {"run1"}})
	assert.Equal(t, http.StatusConflict, r.Code)
	assert.Contains(t, r.Body.String(), "Nothing was sent: start the console again.")
}

func TestReplayIsRefused(t *testing.T) {
	a := &archive{}
	s, _ := withArchive(t, a)
	form := planned(t, s)
	for range maxPlans {
		planGroup(t, s)
	}
	assert.Equal(t, http.StatusBadRequest, post(t, s, "/replay", form).Code, "an old plan")
	assert.Equal(t, http.StatusBadRequest, get(t, s, "/replay?"+form.Encode()).Code, "its page")
	assert.Equal(t, http.StatusBadRequest, post(t, s, "/replay/stop", url.Values{"id": {"other"}}).Code)
	assert.Equal(t, http.StatusNotFound, post(t, s, "/replay/resume", url.Values{"id": {"other"}}).Code)
	assert.Equal(t, http.StatusNotFound, get(t, s, "/run?id=other").Code)
	for _, call := range []string{"Start", "Who"} {
		a.fail = map[string]error{call: denied()}
		assert.Equal(t, http.StatusForbidden, post(t, s, "/replay", planned(t, s)).Code, call)
	}
	a.fail = map[string]error{"Plan": denied()}
	assert.Equal(t, http.StatusForbidden, get(t, s, group).Code)

	a.fail, s.AllowReplay = nil, false
	assert.Contains(t, page(t, s, planGroup(t, s)), "--allow-replay")
	for _, target := range []string{"/replay", "/replay/resume"} {
		assert.Equal(t, http.StatusForbidden, post(t, s, target, form).Code, target)
	}
	assert.Len(t, a.started, 1, "only with the permission")
}

func TestDoctor(t *testing.T) {
	s := listen(t, &world{})
	calls := 0
	var failed error
	results := []doctor.Result{
		{Check: "key", Looks: "the key", Findings: []doctor.Finding{{Severity: doctor.Error, Subject: "alias/x", Problem: "is scheduled for deletion", Means: "Nothing decrypts.", Do: "aws kms cancel-key-deletion"}}},
		{Check: "logs", Looks: "the log groups"}, {Check: "backups", Skipped: "on an emulator"},
	}
	s.Examine = func(context.Context) ([]doctor.Result, error) {
		calls++
		return results, failed
	}
	assert.Contains(t, page(t, s, "/doctor"), "Is this deployment right?")
	assert.Zero(t, calls, "the stack is examined on request")
	text := page(t, s, "/doctor?examine")
	for _, want := range []string{"1 check found something wrong.", "is scheduled for deletion", "aws kms cancel-key-deletion", "the log groups", "on an emulator"} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "could not be made")
	results = []doctor.Result{{Check: "key", Findings: []doctor.Finding{{Severity: doctor.Unknown, Problem: "could not be checked: access denied"}}}}
	text = page(t, s, "/doctor?examine")
	assert.Contains(t, text, "1 check could not be made. 0 passed")
	assert.NotContains(t, text, "wrong", "nothing is known")
	failed = context.DeadlineExceeded
	assert.Contains(t, page(t, s, "/doctor?examine"), "AWS did not answer in time.")
}

// A page says after which time it gave up. A replay has several limits.
func TestPagesSayTheirLimit(t *testing.T) {
	late := map[string]error{}
	for _, call := range []string{"Events", "Event", "Payload", "Plan", "Run"} {
		late[call] = context.DeadlineExceeded
	}
	s, w := withArchive(t, &archive{fail: late})
	w.fail = late
	s.Examine = func(context.Context) ([]doctor.Result, error) { return nil, context.DeadlineExceeded }
	for page, limit := range map[string]string{"/events": "15 s", "/doctor?examine": "90 s", group: "5 min", "/payload?id=stripe:evt_1": "60 s"} {
		assert.Contains(t, get(t, s, page).Body.String(), "There was no answer within "+limit+". Check the network, then reload the page.", page)
	}
	delete(late, "Plan")
	close(s.Replays.(*archive).sending)
	post(t, s, "/replay", planned(t, s))
	eventually(t, s, "The replay stopped, because a call was not answered in time.")
}
