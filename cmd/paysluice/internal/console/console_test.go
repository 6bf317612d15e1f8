package console

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// world answers what the pages ask of the query layer.
type world struct {
	mu       sync.Mutex
	events   []event.Event // newest first
	bodies   map[string][]byte
	counts   []query.Count
	queues   query.QueueStates
	alarms   []query.Alarm
	timeline query.Timeline
	filters  []query.Filter // of the lists so far
	read     int            // events that pages took
	fail     map[string]error
	runs     []replay.Summary
	left     error // of a row that is not an event
	created  time.Time
	log      bytes.Buffer
}

func (w *world) Events(_ context.Context, f query.Filter) iter.Seq2[event.Event, error] {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.filters = append(w.filters, f)
	events, fail := w.events, w.fail["Events"]
	return func(yield func(event.Event, error) bool) {
		if fail != nil {
			yield(event.Event{}, fail)
			return
		}
		if w.left != nil && !yield(event.Event{}, w.left) {
			return
		}
		for _, e := range events {
			at, since := time.UnixMilli(e.Timestamp), f.Since
			if e.Timestamp == 0 {
				at, since = time.UnixMilli(e.ReceivedAt).Truncate(day), f.Since.Truncate(day)
			}
			if f.Provider != "" && e.Provider != f.Provider || f.Payment != "" && e.PaymentID != f.Payment || at.Before(since) || !f.Until.IsZero() && !at.Before(f.Until) {
				continue
			}
			w.count()
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Window goes back as far as the default, or to the creation of the stack.
func (w *world) Window(f query.Filter) (since, until time.Time) {
	if f.Since.IsZero() {
		f.Since = f.Until.Add(-query.DefaultWindow)
	}
	if f.Since.Before(w.created) {
		f.Since = w.created
	}
	return f.Since.UTC(), f.Until.UTC()
}

func (w *world) count() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read++
}

func (w *world) Event(_ context.Context, id string) ([]event.Event, error) {
	var found []event.Event
	for _, e := range w.events {
		if e.ID == id {
			found = append(found, e)
		}
	}
	if w.fail["Event"] != nil || len(found) > 0 {
		return found, w.fail["Event"]
	}
	return nil, fmt.Errorf("%w: no event %s", query.ErrNotFound, id)
}

func (w *world) Payload(_ context.Context, e event.Event) ([]byte, error) {
	return w.bodies[e.ID], w.fail["Payload"]
}

func (w *world) Timeline(_ context.Context, f query.Filter) (query.Timeline, error) {
	w.filters = append(w.filters, f)
	return w.timeline, w.fail["Timeline"]
}

func (w *world) Counts(_ context.Context, _, _ time.Time, step time.Duration) ([]query.Count, error) {
	return w.counts, cmp.Or(w.fail["Counts"], w.fail["Counts of "+step.String()])
}

func (w *world) QueueStates(context.Context) (query.QueueStates, error) {
	return w.queues, w.fail["QueueStates"]
}

func (w *world) Alarms(context.Context) ([]query.Alarm, error) { return w.alarms, w.fail["Alarms"] }

// denied is the error of a call that the viewer's policy lacks.
func denied() error {
	return stack.Explain(&smithy.GenericAPIError{Code: "AccessDenied", Message: "User: u is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:us-east-1:1:table/t because no"}, "DynamoDB", "Query")
}

// listen returns the console of a world.
func listen(t *testing.T, w *world) *Server {
	t.Helper()
	s, err := Listen(Options{
		Stack: &stack.Stack{Name: "paysluice-test"}, Store: w, Monitor: w, Archive: &archive{}, Replays: &archive{runs: w.runs, fail: w.fail}, Log: &w.log, Links: &w.log,
		Now: func() time.Time { return now }, Zone: time.FixedZone("CET", 3600),
	}, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.listener.Close() })
	return s
}

// get returns a page for a viewer with a session.
func get(t *testing.T, s *Server, target string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.guard.hosts[0]+target, nil)
	r.AddCookie(&http.Cookie{Name: s.guard.cookie, Value: s.guard.session})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// page returns the text of a page that must be found.
func page(t *testing.T, s *Server, target string) string {
	t.Helper()
	w := get(t, s, target)
	require.Equal(t, http.StatusOK, w.Code, "%s: %s", target, w.Body)
	return w.Body.String()
}

// paid returns a payment's event, ago before now.
func paid(id string, ago time.Duration) event.Event {
	created := now.Add(-ago)
	provider, _, _ := strings.Cut(id, ":")
	return event.Event{
		ID: id, Provider: provider, Type: "charge", Category: event.PaymentSucceeded, PaymentID: "p1", ObjectID: "o1",
		Timestamp: created.UnixMilli(), ReceivedAt: created.Add(time.Second).UnixMilli(), Money: event.Money{Amount: "20.00", Currency: "EUR"},
	}
}

func TestEventsKeepTheirPlace(t *testing.T) {
	w := &world{}
	for n := range 2*pageSize + 1 {
		w.events = append(w.events, paid(fmt.Sprintf("stripe:%03d", 999-n), time.Duration(n/3)*time.Second)) // three of one time
	}
	timeless := paid("stripe:000", 0)
	timeless.Timestamp = 0
	w.events = append(w.events, timeless)
	s := listen(t, w)
	assert.NotContains(t, page(t, s, "/events"), "The list goes back", "there are more pages")
	assert.Equal(t, pageSize+1, w.read, "a page reads what it shows, and one event to know whether there are more")
	seen, target := 0, "/events"
	for pages := 1; ; pages++ {
		text := page(t, s, target)
		seen += strings.Count(text, "data-id=")
		_, rest, more := strings.Cut(text, `rel="next" href="`)
		if !more {
			assert.Equal(t, 3, pages)
			break
		}
		w.events = append([]event.Event{paid(fmt.Sprintf("stripe:new%d", pages), 0)}, w.events...) // arrives meanwhile
		target, _, _ = strings.Cut(strings.ReplaceAll(rest, "&amp;", "&"), `"`)
	}
	assert.Equal(t, 2*pageSize+2, seen, "no event twice, none left out")
	assert.Contains(t, page(t, s, target), `<a href="/events?">Newest</a>`)
	// After an event without a time, a page begins at the end of its day.
	assert.Contains(t, page(t, s, "/events?before="+url.QueryEscape(positionOf(timeless).String())), "No older event yet.")
	assert.Equal(t, now.Truncate(day).Add(day).UTC(), position{day: now.Truncate(day)}.until())
	assert.True(t, position{day: now.Truncate(day)}.before(paid("stripe:1", 48*time.Hour)), "an earlier day")
}

// Events without a time end their day. A further page has those that were received before Until.
func TestEventsWithoutATime(t *testing.T) {
	timely, first, late := paid("stripe:1", time.Hour), paid("stripe:first", time.Minute), paid("stripe:0late", -time.Minute)
	first.Timestamp, late.Timestamp = 0, 0
	text := page(t, listen(t, &world{events: []event.Event{timely, first, late}}), "/events?until=2026-03-10T13:00&before="+url.QueryEscape(positionOf(timely).String()))
	assert.Contains(t, text, "stripe:first")
	assert.NotContains(t, text, "stripe:0late")
}

// A row that is not an event is named, and hides no other.
func TestEventsUnreadable(t *testing.T) {
	w := &world{events: []event.Event{paid("stripe:1", 0)}, left: fmt.Errorf("row of stripe:bad: %w", table.ErrItem)}
	s := listen(t, w)
	for target, says := range map[string][]string{
		"/events": {"data-id=\"stripe:1\"", "Some rows are not events", "Row of stripe:bad"},
		"/events?payment=" + paid("", 0).PaymentID: {"data-id=\"stripe:1\"", "Row of stripe:bad"},
		"/": {"</time>, from Stripe."},
	} {
		text := page(t, s, target)
		for _, want := range says {
			assert.Contains(t, text, want, target)
		}
	}
	w.events = nil
	assert.Contains(t, get(t, s, "/search?q=pi_none").Body.String(), "Row of stripe:bad", "the payment is not unknown")
	w.timeline.Unreadable = []string{"row of stripe:bad"}
	assert.Contains(t, page(t, s, "/payment?id=p1"), "<strong>Left out:</strong> row of stripe:bad.")
}

func TestEventsFilter(t *testing.T) {
	w := &world{events: []event.Event{paid("square:1", 0)}}
	s := listen(t, w)
	text := page(t, s, "/events?provider=stripe&category=payment.succeeded&type=a+b&payment=p&account=-x&endpoint=main&mode=test&since=2026-03-01T01:00&until=2026-03-02T01:00")
	assert.Contains(t, text, "No event matches.")
	assert.Equal(t, []query.Filter{{
		Provider: "stripe", Category: event.PaymentSucceeded, Type: "a b", Payment: "p", Account: "-x", Endpoint: "main", Livemode: new(false),
		Since: w.filters[0].Since, Until: w.filters[0].Until,
	}}, w.filters)
	assert.Equal(t, "2026-03-01T00:00:00Z", w.filters[0].Since.UTC().Format(time.RFC3339), "in the viewer's zone")
	assert.Contains(t, text, "paysluice events list --provider stripe --category payment.succeeded --type &#39;a b&#39; --payment p --account &#39;-x&#39; --endpoint main --livemode false --since 2026-03-01T00:00:00Z --until 2026-03-02T00:00:00Z")

	r := get(t, s, "/events?provider=adyen&category=x&mode=x&since=x&before=")
	assert.Equal(t, http.StatusBadRequest, r.Code)
	for _, want := range []string{"No provider is called adyen.\n", "No category is called x.\n", "Mode is live or test.\n", "Since is a time such as 2026-03-10T13:00, in the zone CET."} {
		assert.Contains(t, r.Body.String(), want)
	}
	assert.Contains(t, get(t, s, "/events?since=2026-03-02T00:00&until=2026-03-01T00:00").Body.String(), "Since must be before until")
	for _, before := range []string{"x", "2026-01-01.x.y", "x.1.y"} {
		assert.Equal(t, http.StatusBadRequest, get(t, s, "/events?before="+before).Code)
	}
	// A list says how far back it goes, unless it is whole.
	text = page(t, s, "/events")
	assert.Contains(t, text, "data-id=\"square:1\"")
	assert.Contains(t, text, `<a href="/events?until=2026-03-04T00%3A00Z">Search before 2026-03-04 01:00`)
	assert.NotContains(t, text, "The list goes back", "it links to the days before")
	text = page(t, s, "/events?since=2026-03-01T01:00")
	assert.NotContains(t, text, "Search before")
	assert.Contains(t, text, "The list goes back to 2026-03-01 01:00:00.000 CET, 2026-03-01 00:00:00.000 UTC.</p>")
	assert.NotContains(t, page(t, s, "/events?payment=p1"), "The list goes back", "all events of the payment")
	w.created = now.Add(-day)
	text = page(t, s, "/events?before=2026-03-10.5.square:0")
	assert.NotContains(t, text, "Search before")
	assert.Contains(t, text, "The list goes back to 2026-03-09 13:00:00.000 CET, 2026-03-09 12:00:00.000 UTC. An event that its provider dated before is listed if you choose an earlier Since.")
	w.created = time.Time{}
	// A search that takes long offers to go on.
	minute := 0
	s.Now = func() time.Time { minute++; return now.Add(time.Duration(minute) * time.Minute) }
	text = page(t, s, "/events?type=x&until=2026-03-10T12:00")
	assert.Contains(t, text, "No event matches yet.")
	assert.Contains(t, text, "The events since 2026-03-10 01:00:00.000 CET")
	assert.Contains(t, text, `<a href="/events?type=x&amp;until=2026-03-10T00%3A00Z">Search before 2026-03-10 01:00`, "one day was searched")
	s.Now = func() time.Time { return now }
	w.fail = map[string]error{"Events": stack.ErrUnreachable}
	assert.Contains(t, page(t, s, "/events"), "AWS cannot be reached.")
}

// The link to earlier days names the hour, also when the clock shows it twice.
func TestEventsWhenTheClockIsSetBack(t *testing.T) {
	s := listen(t, &world{})
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	s.Zone = berlin
	minute := 0
	s.Now = func() time.Time { minute++; return now.Add(time.Duration(minute) * time.Minute) }
	for _, row := range []struct{ until, searched, field, link string }{
		{"2026-10-26T00:00Z", "paysluice events list --until 2026-10-26T00:00:00Z", "2026-10-26T01:00", "2026-10-25T00:00Z"},
		{"2026-10-25T00:00Z", "paysluice events list --until 2026-10-25T00:00:00Z", "2026-10-25T02:00", "2026-10-24T00:00Z"},
	} {
		text := page(t, s, "/events?until="+row.until)
		for _, want := range []string{row.searched, `name="until" value="` + row.field + `"`, `href="/events?until=` + url.QueryEscape(row.link) + `"`} {
			assert.Contains(t, text, want, row.until)
		}
	}
}

func TestEvent(t *testing.T) {
	e := paid("stripe:evt_1", time.Minute)
	e.Related = map[string]string{"order": "or_1", "customer": "cus_1"}
	e.Livemode, e.Omitted, e.Payload = new(true), []string{"amount"}, []byte(`{"a":1}`)
	again := paid("stripe:evt_1", time.Hour)
	again.Timestamp, again.PayloadRef, again.Livemode = 0, "oversize/x", new(false)
	w := &world{events: []event.Event{e, again}, bodies: map[string][]byte{e.ID: e.Payload}}
	s := listen(t, w)

	text := page(t, s, "/event?id=stripe:evt_1")
	assert.NotContains(t, text, `href="/search?q=cus_1"`, "no event is listed by its customer")
	assert.Contains(t, text, "The one without a time</a>")
	for _, want := range []string{"after 1 s", "live mode", "cus_1", "The body has 7 bytes", "Several events have this id, each with another time.", "2026-03-10 12:59:00.000 CET, 2026-03-10 11:59:00.000 UTC"} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "&#34;a&#34;", "hidden until it is asked for")
	assert.Empty(t, w.log.String())
	assert.Contains(t, page(t, s, "/event?id=stripe:evt_1&at=0"), "The body is in the bucket.")

	s.Stack.AWS.Local = true
	assert.Contains(t, page(t, s, "/event?id=stripe:evt_1"), "paysluice --local events get stripe:evt_1\npaysluice --local events payload stripe:evt_1 &gt; body.json\n")
	s.Trace = func(context.Context, string) (query.Trace, error) { return query.Trace{}, denied() }
	assert.Contains(t, page(t, s, eventURL(e)+"&trace"), "Access denied.")
	archived := true
	s.Trace = func(_ context.Context, id string) (query.Trace, error) {
		return query.Trace{IDs: []string{id, "r1"}, Archived: archived, Unreadable: true, Stages: []query.Stage{
			{At: now, Where: "stripe-processor", What: "received"}, {At: now.Add(time.Second), Where: "publisher", What: "published", GapMillis: 1000},
		}}, nil
	}
	for _, target := range []string{eventURL(e) + "&trace", traceURL(e.ID)} {
		assert.Contains(t, page(t, s, target), `<td class="num">1 s</td><td class="where">publisher</td><td class="said">published</td>`, "whatever stages the trace has")
	}
	assert.Contains(t, page(t, s, traceURL("r1")), "Archived, not stored")
	archived = false
	assert.Contains(t, page(t, s, traceURL("r1")), "The row is not an event")
	s.Trace = func(context.Context, string) (query.Trace, error) { return query.Trace{}, query.ErrNotFound }
	assert.Equal(t, http.StatusNotFound, get(t, s, traceURL("x")).Code)

	assert.Contains(t, page(t, s, eventURL(e)+"&body=pretty"), "{\n  &#34;a&#34;: 1\n}")
	assert.Contains(t, page(t, s, eventURL(e)+"&body=raw"), "{&#34;a&#34;:1}")
	assert.Equal(t, "13:00:00 the body of stripe:evt_1 was shown: 7 bytes\n13:00:00 the body of stripe:evt_1 was shown: 7 bytes\n", w.log.String())

	w.bodies[e.ID] = append([]byte{0xff}, bytes.Repeat([]byte("x"), 2_000_000)...)
	text = page(t, s, eventURL(e)+"&body=pretty")
	assert.Contains(t, text, "<pre class=\"body\" tabindex=\"0\">\n\\xffxxx", "no JSON is shown raw")
	assert.Contains(t, text, "the beginning of 2.0 MB")
	assert.Less(t, len(text), 300_000)

	r := get(t, s, "/payload?id=stripe:evt_1&at=0")
	assert.Equal(t, w.bodies[e.ID], r.Body.Bytes())
	assert.Equal(t, "attachment; filename=stripe_evt_1.json", r.Header().Get("Content-Disposition"))
	assert.Contains(t, r.Header().Get("Content-Security-Policy"), "sandbox")
	assert.Contains(t, w.log.String(), "was downloaded: 2.0 MB")

	for target, status := range map[string]int{
		"/event?id=none": http.StatusNotFound, "/event?id=stripe:evt_1&at=5": http.StatusNotFound,
		"/event?id=": http.StatusBadRequest, "/trace?id=": http.StatusBadRequest, "/payment": http.StatusBadRequest, "/event?id=" + strings.Repeat("x", maxKey+1): http.StatusNotFound, // no key of the table
	} {
		assert.Equal(t, status, get(t, s, target).Code, target)
	}
	assert.Equal(t, http.StatusBadRequest, get(t, s, eventURL(e)+"&body=x").Code)
	w.fail = map[string]error{"Payload": bucket.ErrPayload}
	assert.Contains(t, page(t, s, eventURL(e)+"&body=raw"), "The body is not the one that was received.")
	assert.Equal(t, http.StatusBadGateway, get(t, s, "/payload?id=stripe:evt_1").Code)

	w.events[0].ErasedAt = now.UnixMilli()
	text = page(t, s, "/event?id=stripe:evt_1&body=raw")
	assert.Contains(t, text, "The body was erased on 2026-03-10 13:00:00.000 CET")
	assert.NotContains(t, text, "/payload?")
	assert.NotContains(t, text, "events payload")
	r = get(t, s, "/payload?id=stripe:evt_1")
	assert.Equal(t, http.StatusGone, r.Code)
	assert.Contains(t, r.Body.String(), "There is no body.</strong> The body was erased on 2026-03-10 13:00:00.000 CET")
}

// An event that was stored can be in the archive too, with other content.
func TestEventThatTheArchiveHasToo(t *testing.T) {
	e := paid("stripe:evt_1", time.Minute)
	e.PayloadSHA256 = "a"
	same, other := e, e
	other.PayloadSHA256 = "b"
	message := func(id, name string, of *event.Event) failure.Failure {
		return failure.Failure{Key: "stripe/2026/03/10/stripe:" + name, Provider: "stripe", Reason: "conflict", EventID: id, ArchivedAt: now.UnixMilli(), Event: of}
	}
	a := &archive{fail: map[string]error{}}
	s := listen(t, &world{events: []event.Event{e}})
	s.Archive = a
	target := eventURL(e) + "&archived"
	assert.Contains(t, page(t, s, eventURL(e)), `&amp;archived#stages">Look in the archive</a>`)
	assert.Contains(t, page(t, s, target), "The archive has no message of this event from the day of its receipt (UTC).")
	a.failures = []failure.Failure{message(e.ID, "evt_1-a", &same), message(e.ID, "evt_1-b", &other), message(e.ID, "evt_1-c", nil), message("stripe:evt_1-2", "evt_1-2-d", &other), message(e.ID, "evt_10-e", &other)}
	text := page(t, s, target)
	for _, want := range []string{
		`<a href="/failures?provider=stripe&amp;reason=conflict&amp;days=30"><code>conflict</code></a>, with the same body: <code>stripe/2026/03/10/stripe:evt_1-a</code>`,
		"with another body: <code>stripe/2026/03/10/stripe:evt_1-b<", "in Glacier: <code>stripe/2026/03/10/stripe:evt_1-c<", "\npaysluice failures show stripe/2026/03/10/stripe:evt_1-b\n",
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "evt_1-2-d", "another event")
	assert.NotContains(t, text, "evt_10-e", "another prefix")
	a.fail["List"] = denied()
	assert.Contains(t, page(t, s, target), "Access denied.")
}

// The logs alone know whether an event was published.
func TestEventOfAStackThatPublishes(t *testing.T) {
	e := paid("stripe:evt_1", time.Minute)
	s := listen(t, &world{events: []event.Event{e}})
	assert.NotContains(t, page(t, s, eventURL(e)), "Published")
	s.Stack.Outputs = map[string]string{"UnpublishedQueueUrl": "url"}
	assert.Contains(t, page(t, s, eventURL(e)), `<b>Published</b><span class="none">not known from the row</span>`)
	for _, row := range []struct {
		trace query.Trace
		err   error
		says  string
	}{
		{query.Trace{PublishedAt: now.Add(-56 * time.Second)}, nil, `<span>after 3 s</span><span class="sub">2026-03-10 12:59:04.000 CET`},
		{query.Trace{}, nil, `<span class="none">no line of the logs says so</span>`},
		{query.Trace{}, denied(), `<span class="none">unknown</span>`},
	} {
		s.Trace = func(context.Context, string) (query.Trace, error) { return row.trace, row.err }
		assert.Contains(t, page(t, s, eventURL(e)+"&trace"), row.says)
	}
}

// Senders choose how many events an id and a payment have, and how many stages a trace.
func TestRowsAreBounded(t *testing.T) {
	w := &world{}
	for n := range maxRows + 2 {
		e := paid("stripe:1", time.Duration(n)*time.Second)
		w.events = append(w.events, e)
		w.timeline.Steps = append(w.timeline.Steps, query.Step{Listed: query.Listed{Event: e}})
	}
	w.timeline.Steps[maxRows+1].Timestamp = 0
	w.timeline.Unreadable = slices.Repeat([]string{"row of stripe:bad"}, maxRows+2)
	w.left = errors.Join(slices.Repeat([]error{fmt.Errorf("row of stripe:bad: %w", table.ErrItem)}, maxRows+2)...)
	lost := replay.Summary{Record: replay.Record{ID: "r1"}, Proof: &replay.Proof{Missing: slices.Repeat([]replay.Missing{{Reason: "conflict"}}, maxRows+2)}}
	s := listen(t, w)
	s.Replays = &archive{runs: []replay.Summary{lost}}
	s.Trace = func(context.Context, string) (query.Trace, error) {
		return query.Trace{Stages: make([]query.Stage, maxRows+1)}, nil
	}
	for target, row := range map[string]struct {
		rows int
		says string
	}{
		"/event?id=stripe:1": {maxRows, "and 1 more, which the command below lists"},
		"/payment?id=p1":     {maxRows, "These are the last 200 of 202 events."},
		traceURL("r1"):       {maxRows, "These are the first 200 of 201 stages."},
		"/run?id=r1":         {maxRows, "These are the first 200 of 202 events. <code>paysluice replay list -o json</code> prints all."},
	} {
		text := page(t, s, target)
		assert.Equal(t, row.rows, strings.Count(text, "The one of")+strings.Count(text, "<tr data-row")+strings.Count(text, `<td class="said">`)+strings.Count(text, ">conflict<"), target)
		assert.Contains(t, text, row.says)
		assert.NotContains(t, text, "1970", "an event without a time has that of its receipt: %s", target)
	}
	for target, says := range map[string]string{
		"/events":        "And 2 more rows. paysluice events list --limit 0 names all, with the same filter.",
		"/":              "And 2 more rows. paysluice events list --limit 0 names all, with the same filter.",
		"/payment?id=p1": "These are the first 200 of 202 rows that are not events. The command below names all.",
	} {
		text := page(t, s, target)
		assert.Equal(t, maxRows, strings.Count(strings.ToLower(text), "row of stripe:bad"), target)
		assert.Contains(t, text, says)
	}
}

func TestSearch(t *testing.T) {
	w := &world{events: []event.Event{paid("square:e1", time.Minute)}}
	s := listen(t, w)
	for q, to := range map[string]string{
		"": "/events", "square:e1": eventURL(w.events[0]) + "&archived", " e1 ": eventURL(w.events[0]) + "&archived", "p1": "/payment?id=p1", "square:p1": "/payment?id=p1",
	} {
		r := get(t, s, "/search?q="+url.QueryEscape(q))
		assert.Equal(t, http.StatusSeeOther, r.Code, q)
		assert.Equal(t, to, r.Header().Get("Location"), q)
	}
	assert.Equal(t, http.StatusNotFound, get(t, s, "/search?q="+strings.Repeat("x", maxKey)).Code, "no key of the table")
	assert.Equal(t, http.StatusNotFound, get(t, s, "/search?q=square:").Code, "a provider without an id")
	r := get(t, s, "/search?q=nobody")
	assert.Equal(t, http.StatusNotFound, r.Code)
	for _, want := range []string{"Neither an event nor a payment has the id <code>nobody</code>", `<a href="/trace?id=nobody">follow it`, "paysluice failures list --payment nobody\npaysluice trace -- nobody<", `<a href="/failures" aria-current="page">`} {
		assert.Contains(t, r.Body.String(), want)
	}
	s.Archive = &archive{fail: map[string]error{"List": denied()}}
	assert.Equal(t, http.StatusForbidden, get(t, s, "/search?q=nobody").Code, "whether the archive has the payment is not known")
	s.Archive = &archive{fail: map[string]error{"Search": denied()}}
	assert.Equal(t, http.StatusForbidden, get(t, s, "/search?q=nobody").Code, "whether the archive has it is not known")
	w.fail = map[string]error{"Events": errors.New("down")}
	assert.Equal(t, http.StatusBadGateway, get(t, s, "/search?q=nobody").Code)
	w.fail = map[string]error{"Event": denied()}
	assert.Equal(t, http.StatusForbidden, get(t, s, "/search?q=nobody").Code)
}

func TestPayment(t *testing.T) {
	w := &world{}
	w.timeline.State, w.timeline.Problems = event.PaymentSucceeded, []ledger.Problem{"refunds exceed the payment"}
	w.timeline.Totals = []ledger.Totals{{Currency: "EUR", Paid: "20.00", Refunded: "25.00"}}
	w.timeline.Steps = []query.Step{{Listed: query.Listed{Event: paid("stripe:1", 0)}, Totals: w.timeline.Totals, Appeared: w.timeline.Problems}}
	s := listen(t, w)
	text := page(t, s, "/payment?id=p1&provider=stripe")
	for _, want := range []string{"Check this payment:</strong> refunds exceed the payment", "<div>25.00</div>", "paysluice payment --provider stripe -- p1"} {
		assert.Contains(t, text, want)
	}
	assert.Equal(t, maxRows, w.filters[0].Limit, "more totals than the page shows take long")
	assert.NotContains(t, text, "<div>25.00 ", "one currency needs no name")
	w.timeline.Totals = append(w.timeline.Totals, ledger.Totals{Currency: "USD", Lost: "3.00"})
	w.timeline.Steps[0].Totals = w.timeline.Totals
	text = page(t, s, "/payment?id=p1")
	for _, want := range []string{`<div>25.00 <span class="unit">EUR</span></div>`, `data-label="Lost"><div><div> <span class="unit">EUR</span></div><div>3.00 <span class="unit">USD</span></div>`} {
		assert.Contains(t, text, want)
	}
	w.timeline, w.fail = query.Timeline{}, map[string]error{"Timeline": query.ErrSeveral}
	assert.Contains(t, page(t, s, "/payment?id=p1"), `<a href="/payment?id=p1&amp;provider=paypal">PayPal</a>`)
	w.fail["Timeline"] = query.ErrNotFound
	assert.Equal(t, http.StatusNotFound, get(t, s, "/payment?id=p1").Code)
}

// No text of a webhook may act on the page or disguise itself, in any field.
func TestHostileTextIsShown(t *testing.T) {
	hostile := "</pre><script>alert(1)</script>\u202egnp.exe\x00\x1b[31m\u200b\u2028"
	e := event.Event{
		ID: "stripe:" + hostile, Provider: "stripe", Type: hostile, Category: event.PaymentSucceeded, ObjectType: hostile, ObjectID: hostile, ObjectStatus: hostile,
		PaymentID: hostile, Related: map[string]string{hostile: hostile}, Account: hostile, Endpoint: hostile, APIVersion: hostile, RequestID: hostile,
		Omitted: []string{hostile}, Money: event.Money{Amount: hostile, Currency: hostile}, Timestamp: now.UnixMilli(), ReceivedAt: now.UnixMilli(), OtherMode: true,
	}
	w := &world{events: []event.Event{e}, bodies: map[string][]byte{e.ID: []byte(`{"x":"` + hostile + `"}`)}, alarms: []query.Alarm{{Name: hostile, State: "ALARM", Means: hostile, Do: hostile}}}
	w.timeline.Steps = []query.Step{{Listed: query.Listed{Event: e}, Appeared: []ledger.Problem{ledger.Problem(hostile)}}}
	s := listen(t, w)
	for _, target := range []string{"/", "/events", eventURL(e), eventURL(e) + "&body=raw", "/payment?id=" + url.QueryEscape(hostile), "/event?id=" + url.QueryEscape(hostile), "/search?q=" + url.QueryEscape(hostile)} {
		text := get(t, s, target).Body.String()
		assert.NotContains(t, text, "<script>alert", target)
		assert.NotContains(t, text, "javascript:", target)
		assert.False(t, strings.ContainsAny(text, "\u202e\x00\x1b\u200b\u2028"), target)
		assert.Equal(t, 1, strings.Count(text, "<script"), "the console's own: %s", target)
	}
	assert.Contains(t, page(t, s, eventURL(e)), `\u202egnp.exe`)
	assert.NotContains(t, w.log.String(), "\x1b", "a terminal shows the log")
	assert.Equal(t, "a\tb\n\\x80\\u202e\u00a0é😀", string(visible([]byte("a\tb\n\x80\u202e\u00a0é😀"))))
}

func TestTexts(t *testing.T) {
	s := listen(t, &world{})
	assert.Equal(t, "in 2 min", s.ago(now.Add(2*time.Minute)))
	s.Zone = time.UTC
	assert.Equal(t, "2026-03-10 12:00:00.000 UTC", s.exact(now))
	for d, want := range map[time.Duration]string{-time.Second: "0 ms", 90 * time.Second: "90 s", 5 * time.Minute: "5 min", 3 * time.Hour: "3 h", 72 * time.Hour: "3 d"} {
		assert.Equal(t, want, formatAge(d))
	}
	assert.Equal(t, "50 KB", formatBytes(50_000))
	assert.Equal(t, "1,234,567", formatNumber(1_234_567))
	assert.Equal(t, "adyen", title("adyen"))
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	s.Zone = berlin
	assert.Equal(t, "CET/CEST", s.zone())
	assert.Equal(t, `'it'\''s'`, quote("it's"))
}

func TestProblems(t *testing.T) {
	for err, title := range map[error]string{
		stack.Explain(context.DeadlineExceeded, "S3", "GetObject"):                             "AWS did not answer in time",
		stack.Explain(&net.OpError{Op: "dial", Err: errors.New("refused")}, "S3", "GetObject"): "AWS cannot be reached",
		stack.ErrCredentials: "No valid AWS credentials", errors.New("x"): "This could not be read",
	} {
		assert.Equal(t, title, newProblem(err).Title)
	}
	s := listen(t, &world{})
	assert.Equal(t, http.StatusNotFound, get(t, s, "/nothing").Code)

	s.pages["problem"] = template.Must(template.New("").Parse(`{{define "layout"}}{{.None}}{{end}}`))
	assert.Equal(t, http.StatusInternalServerError, get(t, s, "/nothing").Code)
}
