package reconciler_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/handlers/reconciler"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

var errDown = errors.New("down")

const hook = "https://hooks.example.com/stripe"

// cloud is a table, a queue that a consumer reads at once, and a bucket.
type cloud struct {
	mu      sync.Mutex
	rows    []event.Event
	sends   int
	objects map[string]string
	broken  string                                // a part of keys that cannot be created
	lost    string                                // a part of keys whose answers are lost
	create  func(ctx context.Context, key string) // before each object
	fail    map[string]error                      // by method
}

func (c *cloud) Same(_ context.Context, asked []event.Event) (map[string]event.Event, error) {
	found := map[string]event.Event{}
	for _, a := range asked {
		for _, e := range c.rows {
			if e.ID == a.ID && e.Timestamp == a.Timestamp {
				found[e.ID] = e
			}
		}
	}
	return found, c.fail["Same"]
}

func (c *cloud) ByID(context.Context, string) ([]event.Event, error) { return nil, nil }

func (c *cloud) Between(_ context.Context, _ string, from, to time.Time) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, e := range c.rows {
			if at := time.UnixMilli(e.Timestamp); !at.Before(from) && at.Before(to) && !yield(e, nil) {
				return
			}
		}
	}
}

func (c *cloud) Send(_ context.Context, text, _ string) error {
	c.sends++
	if c.fail["Send"] != nil {
		return c.fail["Send"]
	}
	e, err := event.Decode(text)
	c.rows = append(c.rows, e)
	return err
}

func (c *cloud) Put(context.Context, event.Event, int) (string, error) { return "", errDown }

func (c *cloud) Keys(_ context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if c.fail["Keys"] != nil {
			yield("", c.fail["Keys"])
			return
		}
		c.mu.Lock()
		keys := slices.Sorted(maps.Keys(c.objects))
		c.mu.Unlock()
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) && key > after && !yield(key, nil) {
				return
			}
		}
	}
}

func (c *cloud) Get(_ context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, ok := c.objects[key]
	if !ok {
		return nil, errDown
	}
	return []byte(text), nil
}

func (c *cloud) Create(ctx context.Context, key string, data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.create(ctx, key)
	if _, taken := c.objects[key]; taken || c.broken != "" && strings.Contains(key, c.broken) {
		return errDown
	}
	c.objects[key] = string(data)
	if c.lost != "" && strings.Contains(key, c.lost) {
		return errDown
	}
	return nil
}

// world is a handler with one provider's API.
type world struct {
	*reconciler.Handler
	*cloud
	api   *providerapi.Server
	clock time.Time
	log   bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	p := contract.Stripe()
	w := &world{api: providerapi.New(p), clock: time.Now().Truncate(time.Second)}
	w.cloud = &cloud{objects: map[string]string{}, create: func(context.Context, string) {}, fail: map[string]error{}}
	t.Cleanup(w.api.Close)
	w.api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: hook, Types: []string{"*"}})
	targets, err := reconciler.ParseTargets("stripe="+hook, all.All(all.Settings{}))
	require.NoError(t, err)
	now := func() time.Time { return w.clock }
	w.Handler = &reconciler.Handler{
		Targets: targets,
		APIKeys: func(context.Context) (map[string]*source.Key, error) {
			return map[string]*source.Key{p.Name: new(providerapi.Key())}, nil
		},
		Open: func(p contract.Provider, k source.Key, notify func(string)) (source.Source, error) {
			return source.New(p, source.Options{Key: k, URL: w.api.URL, Now: time.Now, Notify: notify,
				Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
		},
		Table: w.cloud, Archive: w.cloud, Records: w.cloud,
		Every: 6 * time.Hour, ProofTime: reconciler.ProofTime, Now: now,
		Sleep:   func(_ context.Context, d time.Duration) error { w.clock = w.clock.Add(d); return nil },
		Log:     function.NewLogger(&w.log, "INFO"),
		Metrics: function.NewMetrics(&w.log, "test", time.Now),
	}
	return w
}

func (w *world) refilling() *world {
	w.Refill = &reconcile.Refill{Queue: w.cloud, Payloads: w.cloud, Now: w.Now}
	return w
}

// list adds an event of some hours ago to the provider's list, which says that nobody
// waits for its delivery.
func (w *world) list(n int, ago time.Duration) { w.listPending(n, ago, 0) }

func (w *world) listPending(n int, ago time.Duration, pending int) {
	at := w.clock.Add(-ago)
	w.api.Add(providerapi.Event{ID: fmt.Sprint("e", n), Created: at, Body: fmt.Appendf(nil,
		`{"id":"e%d","object":"event","created":%d,"livemode":false,"pending_webhooks":%d,"type":"charge.succeeded","data":{"object":{"id":"ch_%[1]d","object":"charge"}}}`,
		n, at.Unix(), pending)})
}

// tick invokes the handler and returns the outcome and the metrics of Stripe.
func (w *world) tick(t *testing.T) (reconciler.Outcome, map[string]any) {
	t.Helper()
	return w.tickFor(t, t.Context())
}

func (w *world) tickFor(t *testing.T, ctx context.Context) (reconciler.Outcome, map[string]any) {
	t.Helper()
	w.log.Reset()
	got, err := w.Handle(ctx, nil)
	require.NoError(t, err)
	assert.NotContains(t, w.log.String(), "marked", "the key")
	metrics := map[string]any{}
	for line := range strings.Lines(w.log.String()) {
		var text struct{ Level, Provider, Reason string }
		require.NoError(t, json.Unmarshal([]byte(line), &text))
		assert.True(t, text.Level != "ERROR" || slices.ContainsFunc(contract.UnreconciledReasons(), func(r contract.Unreconciled) bool { return r.Code == text.Reason }),
			"the alarm names the reason: %s", line)
		if strings.Contains(line, `"_aws"`) && text.Provider == "stripe" {
			require.NoError(t, json.Unmarshal([]byte(line), &metrics))
		}
	}
	assert.Equal(t, len(got["stripe"].Reasons) > 0, metrics["Unreconciled"] == 1.0)
	return got["stripe"], metrics
}

func (w *world) report(t *testing.T, key string) (r reconciler.Report) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(w.objects[key]), &r), key)
	return r
}

// findings returns the lines of all findings of a report.
func (w *world) findings(r reconciler.Report) (lines []string) {
	for _, key := range r.Findings {
		lines = append(lines, strings.Split(strings.TrimSpace(w.objects[key]), "\n")...)
	}
	return lines
}

// An event that never arrived is reported until it is stored, however often the next
// comparisons come.
func TestMissingUntilItIsStored(t *testing.T) {
	w := newWorld(t)
	for n := range 150 {
		w.list(n, 2*time.Hour+time.Duration(n)*time.Minute)
	}
	got, metrics := w.tick(t)
	assert.Equal(t, reconciler.StateFinished, got.State)
	assert.Equal(t, 150, got.Missing)
	assert.Equal(t, []any{150.0, 150.0, 0.0, nil}, []any{metrics["Listed"], metrics["Lost"], metrics["Unreconciled"], metrics["Refilled"]})
	first := w.report(t, got.Report)
	assert.Equal(t, w.clock.Add(-72*time.Hour).UTC(), first.Since, "as long as Stripe retries")
	assert.Len(t, first.Examples, 100)
	lines := w.findings(first)
	require.Len(t, lines, 150, "all are named")
	assert.Contains(t, strings.Join(lines, ""), `{"state":"missing","eventId":"stripe:e149","type":"charge.succeeded","timestamp":`)
	oldest := w.clock.Add(-2*time.Hour - 149*time.Minute)
	assert.Equal(t, oldest.UnixMilli(), first.OldestMissing)
	assert.Contains(t, w.log.String(), `"since":"`+first.Since.Format(time.RFC3339)+`","oldestMissing":"`+oldest.UTC().Format(time.RFC3339)+`","listed":150`,
		"the values of --since")

	w.clock = w.clock.Add(15 * time.Minute)
	got, metrics = w.tick(t)
	assert.Equal(t, []any{reconciler.StateIdle, 150}, []any{got.State, got.Missing}, "the alarm goes on")
	assert.Equal(t, []any{nil, 150.0}, []any{metrics["Listed"], metrics["Lost"]}, "and nothing is counted twice")

	w.clock = w.clock.Add(6 * time.Hour)
	got, _ = w.tick(t)
	second := w.report(t, got.Report)
	assert.Equal(t, []any{oldest.UTC(), 150}, []any{second.Since, second.Missing})

	w.refilling()
	w.clock = w.clock.Add(6 * time.Hour)
	got, metrics = w.tick(t)
	assert.Equal(t, []any{reconciler.StateFinished, 0}, []any{got.State, got.Missing})
	assert.Equal(t, []any{150.0, 0.0}, []any{metrics["Refilled"], metrics["Lost"]})
	third := w.report(t, got.Report)
	assert.JSONEq(t, `{"found":150,"redelivered":0,"stored":150}`, string(marshal(t, third.Refill)))
	assert.Equal(t, []any{150, 0, 0}, []any{third.Stored, len(third.Findings), int(third.OldestMissing)})
	assert.NotContains(t, w.log.String(), "oldestMissing")
	assert.Len(t, w.rows, 150)
	assert.Equal(t, event.OriginReconcile, w.rows[0].Origin)

	w.clock = w.clock.Add(6 * time.Hour)
	got, _ = w.tick(t)
	assert.Equal(t, third.Until.Add(-time.Hour), w.report(t, got.Report).Since, "what was too young then is looked at again")
}

// What the provider still retries pages only when the retries have ended. Meanwhile a
// comparison an hour shows at once what became of it.
func TestStillRetried(t *testing.T) {
	w := newWorld(t)
	w.listPending(1, 2*time.Hour, 1)
	got, metrics := w.tick(t)
	assert.Equal(t, []any{reconciler.StateFinished, 1, 0.0}, []any{got.State, got.Missing, metrics["Lost"]})
	assert.Contains(t, w.log.String(), `"missing":1,"stillRetried":1`)
	for _, row := range []struct {
		later time.Duration
		state string
		lost  float64
	}{
		{50 * time.Minute, reconciler.StateIdle, 0}, {10 * time.Minute, reconciler.StateFinished, 0},
		{70 * time.Hour, reconciler.StateFinished, 1}, {50 * time.Minute, reconciler.StateIdle, 1}, {5 * time.Minute, reconciler.StateFinished, 1},
	} {
		w.clock = w.clock.Add(row.later)
		got, metrics = w.tick(t)
		assert.Equal(t, []any{row.state, row.lost}, []any{got.State, metrics["Lost"]}, row.later)
	}
	listed := w.api.Events()[0]
	w.rows = []event.Event{{ID: "stripe:e1", Timestamp: listed.Created.UnixMilli(), PayloadSHA256: event.HashPayload(listed.Body)}}
	w.clock = w.clock.Add(time.Hour)
	got, metrics = w.tick(t)
	assert.Equal(t, []any{0, 0.0}, []any{got.Missing, metrics["Lost"]}, "the alarm ends before the next whole period")
	w.clock = w.clock.Add(time.Hour)
	got, _ = w.tick(t)
	assert.Equal(t, reconciler.StateIdle, got.State)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// short returns a context that leaves an invocation 300 ms.
func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second+300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// An invocation that ends early leaves its place to the next one, in the comparison and
// in the proof. The result is that of one invocation.
func TestOutOfTime(t *testing.T) {
	w, notes, running := newWorld(t).refilling(), 0, 0
	for n := range 60 {
		w.list(n, time.Duration(n+1)*time.Hour)
	}
	w.create = func(ctx context.Context, key string) {
		if notes++; notes%5 == 0 { // this window is the last of its invocation
			<-ctx.Done()
		}
	}
	var got reconciler.Outcome
	for got.State != reconciler.StateFinished {
		got, _ = w.tickFor(t, short(t))
		if got.State == reconciler.StateRunning {
			require.NotNil(t, got.Next)
			running++
		}
		require.Less(t, running, 50, w.log.String())
		w.clock = w.clock.Add(time.Second)
	}
	assert.Greater(t, running, 1)
	r := w.report(t, got.Report)
	assert.Equal(t, []int{60, 60, 0}, []int{r.Listed, r.Stored, r.Missing})
	assert.JSONEq(t, `{"found":60,"redelivered":0,"stored":60}`, string(marshal(t, r.Refill)))
}

// A window that is too long for an invocation is shorter in the next one. A comparison
// that does not come to its end is reported.
func TestWindowIsTooLong(t *testing.T) {
	w := newWorld(t)
	w.list(1, time.Hour)
	w.api.Fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path == "/v1/events" {
			<-r.Context().Done()
		}
		return false
	}
	got, metrics := w.tickFor(t, short(t))
	assert.Equal(t, []any{reconciler.StateRunning, 0.0}, []any{got.State, metrics["Unreconciled"]})
	w.clock = w.clock.Add(14 * time.Hour) // more than twice Every
	got, metrics = w.tickFor(t, short(t))
	assert.Equal(t, []any{reconciler.StateRunning, 1.0, "behind"}, []any{got.State, metrics["Unreconciled"], metrics["reasons"]})
	var steps []string
	for _, key := range slices.Sorted(maps.Keys(w.objects)) {
		_, step, _ := strings.Cut(w.objects[key], `"step":`)
		steps = append(steps, step[:strings.Index(step, ",")])
	}
	assert.Equal(t, []string{fmt.Sprint(int(time.Hour)), fmt.Sprint(int(450 * time.Second)), fmt.Sprint(int(56 * time.Second))}, steps)
}

// Two invocations never continue one comparison.
func TestTwoInvocations(t *testing.T) {
	for _, row := range []struct {
		name, other string
		state       string
	}{
		{"/notes/000002", `{"writer":"other"}`, reconciler.StateBusy},
		{"/notes/000002", `no JSON`, reconciler.StateFailed},
		{"/report.json", `{}`, reconciler.StateBusy},
	} {
		w := newWorld(t)
		w.create = func(_ context.Context, key string) {
			if strings.Contains(key, row.name) {
				w.objects[key] = row.other
			}
		}
		got, metrics := w.tick(t)
		assert.Equal(t, row.state, got.State, w.log.String())
		assert.Equal(t, row.state == reconciler.StateFailed, metrics["Unreconciled"] == 1.0)
	}
	// The answer to its own put was lost.
	w := newWorld(t)
	w.lost = "/notes/"
	got, _ := w.tick(t)
	assert.Equal(t, reconciler.StateFinished, got.State, w.log.String())
}

// What cannot be done is said, with a code, and counted at each invocation.
func TestFailures(t *testing.T) {
	for _, row := range []struct {
		why    string
		break_ func(*world)
		reason string
	}{
		{"the secret was never filled", func(w *world) { w.APIKeys = keys("", fmt.Errorf("%w: x", provider.SecretEmpty)) }, "keys_empty"},
		{"the secret cannot be read", func(w *world) { w.APIKeys = keys("", provider.SecretUnreachable) }, "keys_unreachable"},
		{"the secret has no key", func(w *world) { w.APIKeys = keys("{}", nil) }, "keys_malformed"},
		{"the secret is malformed", func(w *world) { w.APIKeys = keys("marked", nil) }, "keys_malformed"},
		{"the provider refuses the key", func(w *world) { w.APIKeys = keys(`{"stripe":{"apiKey":"rk_test_marked2"}}`, nil) }, "key_refused"},
		{"no endpoint has the stack's URL", func(w *world) { w.Targets[0].URL = "https://other.example.com" }, "endpoint_missing"},
		{"the API is down", func(w *world) { w.api.Fault = providerapi.Throttle(1, "0") }, "api_unavailable"},
		{"the provider cannot be opened", func(w *world) {
			w.Open = func(contract.Provider, source.Key, func(string)) (source.Source, error) { return nil, errDown }
		}, "failed"},
		{"the table cannot be read", func(w *world) { w.list(1, time.Hour); w.fail["Same"] = errDown }, "failed"},
		{"the records cannot be listed", func(w *world) { w.fail["Keys"] = errDown }, "failed"},
		{"a note is unreadable", func(w *world) { w.objects["reconciliations/stripe/20260101T000000Z/notes/000001.json"] = "x" }, "failed"},
		{"a report is unreadable", func(w *world) { w.objects["reconciliations/stripe/20260101T000000Z/report.json"] = "x" }, "failed"},
		{"no first note", func(w *world) { w.broken = "notes/000001" }, "failed"},
		{"no findings", func(w *world) { w.list(1, time.Hour); w.broken = "findings/" }, "failed"},
		{"no note of the proof", func(w *world) { w.refilling().list(1, time.Hour); w.broken = "notes/000009" }, "failed"},
		{"no report", func(w *world) { w.broken = "report.json" }, "failed"},
	} {
		t.Run(row.why, func(t *testing.T) {
			w := newWorld(t)
			row.break_(w)
			got, metrics := w.tick(t)
			assert.Equal(t, reconciler.StateFailed, got.State)
			assert.Equal(t, 1.0, metrics["Unreconciled"])
			assert.Equal(t, strings.Contains(row.why, "listed") || strings.Contains(row.why, "unreadable"), metrics["Lost"] == nil,
				"0 would end the page of missing events that are known no more")
			assert.Contains(t, w.log.String(), `"reason":"`+row.reason+`"`)
			if row.reason == "failed" {
				assert.Contains(t, w.log.String(), errText(row.why))
			}
		})
	}
}

// A provider that is dropped from the secret counts as not reconciled, and what it misses
// goes on, until the secret says null. The reports of the others name it.
func TestProviderWithoutAKey(t *testing.T) {
	w := newWorld(t)
	w.list(1, time.Hour)
	first, _ := w.tick(t)
	const square = `{"square":{"accessToken":"x","environment":"live"}`
	w.APIKeys = keys(square+"}", nil)
	got, metrics := w.tick(t)
	assert.Equal(t, reconciler.Outcome{State: reconciler.StateNoKey, Reasons: []string{"no_key"}, Report: first.Report, Missing: 1, Lost: 1}, visible(got))
	assert.Equal(t, []any{1.0, 1.0, "no_key"}, []any{metrics["Unreconciled"], metrics["Lost"], metrics["reasons"]})
	assert.Contains(t, w.log.String(), `"level":"ERROR","message":"this provider is not compared: the secret has neither its key nor null"`)
	w.APIKeys = keys(square+`,"stripe":null}`, nil)
	got, metrics = w.tick(t)
	assert.Equal(t, reconciler.Outcome{State: reconciler.StateOff}, got)
	assert.Empty(t, metrics)
	assert.Contains(t, w.log.String(), "on purpose")

	w = newWorld(t)
	both, err := reconciler.ParseTargets("stripe="+hook+",paypal="+hook, all.All(all.Settings{}))
	require.NoError(t, err)
	w.Targets = both
	got, _ = w.tick(t)
	assert.Equal(t, []string{"paypal"}, w.report(t, got.Report).NotCompared)
}

// The alarm reads the largest Lost of all providers: 0 of one may not end the page of another
// that is no longer known.
func TestLostIsUnknown(t *testing.T) {
	for lost, want := range []any{nil, 1.0} {
		w := newWorld(t)
		both, err := reconciler.ParseTargets("stripe="+hook+",paypal="+hook, all.All(all.Settings{}))
		require.NoError(t, err)
		w.Targets = both
		w.objects["reconciliations/paypal/20260101T000000Z/report.json"] = "x"
		for n := range lost {
			w.list(n, time.Hour)
		}
		got, metrics := w.tick(t)
		assert.Equal(t, []any{reconciler.StateFinished, want}, []any{got.State, metrics["Lost"]})
	}
}

// visible returns what the function's response has of an outcome.
func visible(o reconciler.Outcome) (v reconciler.Outcome) {
	text, _ := json.Marshal(o)
	_ = json.Unmarshal(text, &v)
	return v
}

// The documentation has every reason, as the text of the alarm does.
func TestReasonsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/reconciling.md")
	require.NoError(t, err)
	for _, r := range contract.UnreconciledReasons() {
		assert.Contains(t, string(text), "| `"+r.Code+"` | "+r.Means+" |")
	}
}

// A finished comparison that does not show whether everything arrived counts as none,
// until one does.
func TestNotShown(t *testing.T) {
	for _, row := range []struct {
		why     string
		prepare func(*world)
		mend    func(*world)
		reason  string
		missing int
	}{
		{"the provider's list is off", func(w *world) {
			w.rows = []event.Event{{ID: "stripe:e1", Type: "charge.succeeded", Timestamp: w.clock.Add(-2 * time.Hour).UnixMilli()}}
		}, func(w *world) { w.rows = nil }, "nothing_listed", 0},
		{"listed events have no id", func(w *world) {
			w.api.Add(providerapi.Event{ID: "e1", Created: w.clock.Add(-2 * time.Hour), Body: []byte(`{"object":"event"}`)})
		}, func(*world) {}, "unreadable", 0},
		{"the queue refuses", func(w *world) {
			for n := range 5 {
				w.refilling().list(n, 2*time.Hour)
			}
			w.fail["Send"] = errDown
		}, func(w *world) { w.fail["Send"] = nil }, "refill_failed", 5},
	} {
		t.Run(row.why, func(t *testing.T) {
			w := newWorld(t)
			row.prepare(w)
			begun := w.clock
			got, metrics := w.tick(t)
			assert.Equal(t, begun, w.clock, "nothing is on its way that could be waited for")
			assert.Equal(t, []any{reconciler.StateFinished, float64(row.missing), 1.0}, []any{got.State, metrics["Lost"], metrics["Unreconciled"]}, w.log.String())
			assert.Contains(t, w.log.String(), `"level":"ERROR","message":"the comparison does not show whether everything arrived"`)
			assert.Contains(t, w.log.String(), `"reason":"`+row.reason+`"`)
			assert.Equal(t, min(row.missing, 3), w.sends, "the third failure in a row is the last")
			got, metrics = w.tick(t)
			assert.Equal(t, []any{reconciler.StateIdle, float64(row.missing), 1.0}, []any{got.State, metrics["Lost"], metrics["Unreconciled"]})
			row.mend(w)
			w.clock = w.clock.Add(6 * time.Hour)
			_, metrics = w.tick(t)
			assert.Equal(t, []any{0.0, 0.0}, []any{metrics["Lost"], metrics["Unreconciled"]}, w.log.String())
		})
	}
}

func errText(why string) string {
	if strings.HasSuffix(why, "is unreadable") {
		return "invalid character"
	}
	return errDown.Error()
}

func keys(document string, err error) func(context.Context) (map[string]*source.Key, error) {
	return reconciler.ReadKeys(func(context.Context) ([]byte, error) { return []byte(document), err })
}

// A comparison that was not finished in time begins anew, where the last finished one
// ended. What provider or table no longer have by then is said once.
func TestGap(t *testing.T) {
	const month = 30*24*time.Hour - 2*time.Hour
	for _, row := range []struct {
		why                      string
		missing, finished, given bool // a comparison found an event missing, was finished, was given up
		days                     int  // that the table keeps events
		from, remaining          time.Duration
	}{
		{"the provider lists 30 days", false, true, false, 0, -time.Hour, month},
		{"the table has two", false, true, false, 2, -time.Hour, 46 * time.Hour},
		{"an event is missing, and no longer listed", true, true, false, 0, -2 * time.Hour, month},
		{"a comparison is given up", false, true, true, 0, -time.Hour, month},
		{"the first one is given up", false, false, true, 0, -72 * time.Hour, month},
	} {
		t.Run(row.why, func(t *testing.T) {
			w := newWorld(t)
			if row.missing {
				w.list(1, 2*time.Hour)
			}
			start := w.clock
			if row.finished {
				got, _ := w.tick(t)
				require.Equal(t, reconciler.StateFinished, got.State)
				w.clock = w.clock.Add(6 * time.Hour)
			}
			if row.given {
				w.broken = "/notes/000003"
				got, _ := w.tick(t)
				require.Equal(t, reconciler.StateFailed, got.State)
			}
			w.clock = w.clock.AddDate(0, 0, 40)
			w.RetentionDays, w.broken = row.days, "/notes/000002"
			got, _ := w.tick(t)
			assert.Contains(t, got.Reasons, "gap", "at once")
			assert.Contains(t, w.log.String(), `"message":"a range can no longer be compared"`)
			w.clock, w.broken = w.clock.AddDate(0, 0, 40), "" // that comparison is given up too
			got, _ = w.tick(t)
			require.Equal(t, reconciler.StateFinished, got.State, w.log.String())
			assert.Equal(t, []string{"gap"}, got.Reasons)
			r, since := w.report(t, got.Report), w.clock.Add(-row.remaining).UTC()
			assert.Equal(t, []any{since, &reconciler.Gap{From: start.Add(row.from).UTC(), To: since}}, []any{r.Since, r.Gap})
			got, _ = w.tick(t)
			assert.Equal(t, []string{"gap"}, got.Reasons, "until the next comparison")
			w.clock = w.clock.Add(6 * time.Hour)
			got, _ = w.tick(t)
			assert.Equal(t, []any{reconciler.StateFinished, []string(nil)}, []any{got.State, got.Reasons}, "once")
			assert.Nil(t, w.report(t, got.Report).Gap)
		})
	}
	// The first range of all leaves none.
	w := newWorld(t)
	w.RetentionDays = 1
	got, _ := w.tick(t)
	assert.Equal(t, []any{w.clock.Add(-22 * time.Hour).UTC(), (*reconciler.Gap)(nil)}, []any{w.report(t, got.Report).Since, w.report(t, got.Report).Gap})
	// The next invocation continues it, though it begins as early as it can.
	w = newWorld(t)
	w.RetentionDays, w.broken = 1, "/notes/000002"
	_, _ = w.tick(t)
	start := w.clock
	w.clock, w.broken = w.clock.Add(15*time.Minute), ""
	got, _ = w.tick(t)
	r := w.report(t, got.Report)
	assert.Equal(t, []any{start.UTC(), start.Add(-22 * time.Hour).UTC(), (*reconciler.Gap)(nil)}, []any{r.StartedAt, r.Since, r.Gap})
}

// The largest ReconcileEvery leaves no gap with any retention, though a comparison begins as
// late as the schedule allows.
func TestNoGapBetweenComparisons(t *testing.T) {
	most := contract.MaxReconcileHours()
	for _, row := range []struct {
		hours int
		days  []int
		gap   bool
	}{
		{most, append(contract.RetentionDays(), 0), false},
		{most + 1, contract.RetentionDays()[:1], true}, // so most is the largest
	} {
		for _, days := range row.days {
			w := newWorld(t)
			w.Every, w.RetentionDays = time.Duration(row.hours)*time.Hour, days
			got, _ := w.tick(t)
			require.Equal(t, reconciler.StateFinished, got.State)
			w.clock = w.clock.Add(w.Every - 5*time.Minute - time.Second)
			got, _ = w.tick(t)
			require.Equal(t, reconciler.StateIdle, got.State, "a second too early")
			w.clock = w.clock.Add(contract.ReconcileTick)
			got, _ = w.tick(t)
			require.Equal(t, reconciler.StateFinished, got.State)
			assert.Equal(t, row.gap, w.report(t, got.Report).Gap != nil, "%d hours, %d days", row.hours, days)
		}
	}
}

// A record of the future ends no comparisons: a clock was wrong, or somebody wrote it.
func TestRecordsOfTheFuture(t *testing.T) {
	future := `{"startedAt":"2099-01-01T00:00:00Z","until":"2099-01-01T00:00:00Z"}`
	for why, row := range map[string]struct {
		run, record, text string
		since             time.Duration // of the next comparison, before its start
	}{
		"a report":                  {"20990101T000000Z", "report.json", future, 7 * time.Hour},
		"a comparison under way":    {"20990101T000000Z", "notes/000001.json", `{}`, 7 * time.Hour},
		"a name that is no time":    {"zzz", "report.json", future, 7 * time.Hour},
		"under the name of an hour": {"", "report.json", future, 72 * time.Hour},
	} {
		w := newWorld(t)
		got, _ := w.tick(t)
		assert.Equal(t, reconciler.StateFinished, got.State, why)
		w.clock = w.clock.Add(6 * time.Hour)
		run := cmp.Or(row.run, w.clock.Add(-time.Hour).UTC().Format("20060102T150405Z"))
		w.objects["reconciliations/stripe/"+run+"/"+row.record] = row.text
		w.list(1, 2*time.Hour)

		got, metrics := w.tick(t)

		assert.Equal(t, []any{reconciler.StateFinished, 1.0}, []any{got.State, metrics["Lost"]}, "%s: %s", why, &w.log)
		assert.Equal(t, w.clock.Add(-row.since).UTC(), w.report(t, got.Report).Since, why)
	}
}

func TestParseTargets(t *testing.T) {
	for _, text := range []string{"", "stripe", "stripe=", "adyen=https://x"} {
		_, err := reconciler.ParseTargets(text, all.All(all.Settings{}))
		assert.ErrorIs(t, err, reconciler.ErrTargets, text)
	}
}
