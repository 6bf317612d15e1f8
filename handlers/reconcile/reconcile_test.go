package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

var (
	now     = time.Now().UTC().Truncate(time.Second)
	errDown = errors.New("down")
)

const hook = "https://hooks.example.com/live"

// rows is a table and an archive in memory.
type rows struct {
	events  []event.Event
	keys    []string
	fail    string // the call that fails
	batches []int  // number of events in each call of Same
	keyOnly bool   // the events have no field but their key
}

func (r *rows) Same(_ context.Context, asked []event.Event) (map[string]event.Event, error) {
	r.batches = append(r.batches, len(asked))
	found := map[string]event.Event{}
	for _, a := range asked {
		for _, e := range r.events {
			if e.ID == a.ID && e.Timestamp == a.Timestamp {
				found[e.ID] = e
			}
		}
	}
	return found, r.failure("same")
}

func (r *rows) ByID(_ context.Context, id string) ([]event.Event, error) {
	return slices.DeleteFunc(slices.Clone(r.events), func(e event.Event) bool { return e.ID != id }), r.failure("id")
}

func (r *rows) Between(_ context.Context, provider string, from, to time.Time) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, e := range r.events {
			at := time.UnixMilli(e.Timestamp)
			if (e.Provider == provider || r.keyOnly) && !at.Before(from) && at.Before(to) && !yield(e, nil) {
				return
			}
		}
		if err := r.failure("between"); err != nil {
			yield(event.Event{}, err)
		}
	}
}

func (r *rows) Keys(_ context.Context, prefix, _ string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range r.keys {
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
		if err := r.failure("keys"); err != nil {
			yield("", err)
		}
	}
}

func (r *rows) failure(call string) error {
	if r.fail == call {
		return errDown
	}
	return nil
}

// world is a provider's API and a stack.
type world struct {
	reconcile.Comparison
	api  *providerapi.Server
	rows *rows
}

func newWorld(t *testing.T, p contract.Provider, change func(*source.Options)) *world {
	t.Helper()
	w := &world{api: providerapi.New(p), rows: &rows{}}
	t.Cleanup(w.api.Close)
	o := source.Options{Key: providerapi.Key(), URL: w.api.URL, Now: time.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, Notify: func(string) {}}
	if change != nil {
		change(&o)
	}
	from, err := source.New(p, o)
	require.NoError(t, err)
	known, err := all.All(all.Settings{}).ByName(p.Name)
	require.NoError(t, err)
	w.Comparison = reconcile.Comparison{Provider: known, Source: from, Table: w.rows, Archive: w.rows, Account: o.Account, Now: func() time.Time { return now }}
	return w
}

// body returns the webhook of event n. changes are old and new texts in pairs, as for
// strings.NewReplacer.
func (w *world) body(n int, at time.Time, changes ...string) []byte {
	var text string
	switch w.Provider.Descriptor().Name {
	case "stripe":
		text = fmt.Sprintf(`{"id":"e%d","object":"event","api_version":"2026-01-28","created":%d,"livemode":false,"pending_webhooks":2,`+
			`"type":"charge.succeeded","data":{"object":{"id":"ch_%[1]d","object":"charge","amount":100,"currency":"usd","status":"succeeded"}}}`, n, at.Unix())
	case "paypal":
		text = fmt.Sprintf(`{"id":"e%d","create_time":%q,"event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"c%[1]d"},"links":[]}`, n, at.Format(time.RFC3339))
	default:
		text = fmt.Sprintf(`{"event_id":"e%d","created_at":%q,"type":"payment.updated","merchant_id":"M","data":{"type":"payment","id":"p%[1]d","object":{"payment":{"id":"p%[1]d","status":"COMPLETED"}}}}`,
			n, at.Format(time.RFC3339))
	}
	return []byte(strings.NewReplacer(changes...).Replace(text))
}

// list adds event n to those that the provider's API lists.
func (w *world) list(n int, at time.Time, changes ...string) {
	w.api.Add(providerapi.Event{ID: fmt.Sprint("e", n), Created: at, Body: w.body(n, at, changes...)})
}

// store stores a webhook.
func (w *world) store(t *testing.T, text []byte) event.Event {
	t.Helper()
	e, err := w.Provider.Event(text, provider.Origin{Livemode: new(false), Endpoint: "main"})
	require.NoError(t, err)
	e.Payload, e.PayloadSHA256 = text, event.HashPayload(text)
	w.rows.events = append(w.rows.events, e)
	return e
}

func (w *world) compare(t *testing.T, since time.Duration) reconcile.Report {
	t.Helper()
	done, err := w.Run(t.Context(), reconcile.Start(now.Add(-since), now))
	require.NoError(t, err)
	return done.Report
}

func TestEachEventHasOneState(t *testing.T) {
	for _, p := range contract.Providers() {
		w := newWorld(t, p, nil)
		at := func(n int) time.Time { return now.Add(-time.Duration(n) * time.Hour) }
		young := now.Add(-time.Minute) // below the margin
		typ := map[string]string{"stripe": "charge.succeeded", "paypal": "PAYMENT.CAPTURE.COMPLETED", "square": "payment.updated"}[p.Name]
		w.Subscription = &source.Subscription{URL: hook, Types: []string{typ}, Created: at(60)}

		// Stored: listed, and in the table.
		w.list(1, at(1))
		w.store(t, w.body(1, at(1)))
		// Missing. The lists of Stripe and PayPal say that it was delivered.
		w.list(2, at(2), `"pending_webhooks":2`, `"pending_webhooks":0`,
			`"links":[]`, `"transmissions":[{"webhook_url":"`+hook+`","status":"SUCCESS"}]`)
		// On the way.
		w.list(3, young)
		// Missing: its only archived message has a day of receipt that is still to come.
		w.list(4, at(4))
		archived, err := w.Provider.Event(w.body(4, at(4)), provider.Origin{})
		require.NoError(t, err)
		archived.ReceivedAt = now.Add(24 * time.Hour).UnixMilli()
		w.rows.keys = []string{event.Archived{Event: &archived}.Key()}
		// Not expected: of another type, or before the endpoint was made.
		w.list(5, at(5), typ, "other.type")
		w.list(6, at(70))
		// Different: the table has it with another object.
		w.list(7, at(7))
		w.store(t, w.body(7, at(7), `"ch_7"`, `"ch_x"`, `"c7"`, `"cx"`, `"p7"`, `"px"`))
		// Unknown to the provider.
		w.store(t, w.body(8, at(8)))
		// Not counted: too young to be listed, and of the other mode.
		w.store(t, w.body(9, young))
		w.store(t, w.body(10, at(10)))
		w.rows.events[len(w.rows.events)-1].Livemode = new(true)
		// Unreadable.
		w.api.Add(providerapi.Event{ID: "e11", Created: at(3), Body: []byte(`{"object":"event"}`)})

		got := w.compare(t, 72*time.Hour)
		want := reconcile.Counts{Listed: 8, Stored: 1, Different: 1, OnTheWay: 1, NotExpected: 2, Unreadable: 1, Missing: 2, StillRetried: 1, Unknown: 1}
		if p.Name == "square" { // its list says nothing about deliveries
			want.StillRetried = 2
		}
		assert.Equal(t, want, got.Counts, p.Name)
		assert.Equal(t, want.Missing-want.StillRetried, got.Lost(), p.Name)
		assert.Len(t, got.Examples, want.Missing+want.Different+want.Unknown, p.Name)

		// Another event's archived message begins with the same key.
		archived.ReceivedAt = at(3).UnixMilli()
		other := archived
		other.ID += "-2"
		w.rows.keys = []string{event.Archived{Event: &other}.Key()}
		assert.Zero(t, w.compare(t, 72*time.Hour).Archived, p.Name)
		w.rows.keys = append(w.rows.keys, event.Archived{Event: &archived}.Key())
		got = w.compare(t, 72*time.Hour)
		assert.Equal(t, []int{1, 1}, []int{got.Archived, got.Missing}, p.Name)
		assert.Equal(t, 1, got.Types[typ].Missing)
		assert.Equal(t, 1, got.Types["other.type"].NotExpected)
	}
}

// An event that Stripe was not to send to the stack is neither lost nor refilled, though its
// pending_webhooks is 0.
func TestNotExpected(t *testing.T) {
	const report = "reporting.report_type.updated"
	one := func(application string, types ...string) providerapi.Endpoint {
		return providerapi.Endpoint{ID: "we_" + application, URL: hook, Types: types, Application: application}
	}
	for _, row := range []struct {
		why, account, typ string
		endpoints         []providerapi.Endpoint
		lost              int
	}{
		{"a Connect endpoint gets the type", "", "charge.succeeded", []providerapi.Endpoint{one("", "payout.paid"), one("ca_1", "charge.succeeded")}, 0},
		{"the account's endpoint gets it", "", "charge.succeeded", []providerapi.Endpoint{one("", "charge.succeeded"), one("ca_1", "payout.paid")}, 1},
		{"of a connected account, the account's endpoint gets it", "acct_1", "charge.succeeded", []providerapi.Endpoint{one("", "charge.succeeded"), one("ca_1", "payout.paid")}, 0},
		{"of a connected account, a Connect endpoint gets it", "acct_1", "charge.succeeded", []providerapi.Endpoint{one("", "payout.paid"), one("ca_1", "charge.succeeded")}, 1},
		{"* includes usual types", "", "charge.succeeded", []providerapi.Endpoint{one("", "*")}, 1},
		{"* leaves out types that require a selection", "", report, []providerapi.Endpoint{one("", "*")}, 0},
		{"another endpoint selects it", "", report, []providerapi.Endpoint{one("", "*"), one("", report)}, 1},
		{"a longer pattern", "", report, []providerapi.Endpoint{one("", "reporting.*")}, 1},
	} {
		w := newWorld(t, contract.Stripe(), func(o *source.Options) { o.Account = row.account })
		w.api.Subscribe(row.endpoints...)
		at := now.Add(-time.Hour)
		w.api.Add(providerapi.Event{ID: "e1", Created: at, Account: row.account,
			Body: w.body(1, at, `"pending_webhooks":2`, `"pending_webhooks":0`, "charge.succeeded", row.typ)})
		found, err := w.Source.Subscription(t.Context(), hook)
		require.NoError(t, err)
		w.Subscription = &found
		refills := 0
		w.Missing = func(context.Context, event.Event) error { refills++; return nil }
		got := w.compare(t, 2*time.Hour)
		assert.Equal(t, []int{row.lost, 1 - row.lost, row.lost}, []int{got.Lost(), got.NotExpected, refills}, row.why)
	}
}

// The table's reader returns only the key of a row that is not an event.
func TestRowThatIsNotAnEvent(t *testing.T) {
	for _, p := range contract.Providers() {
		w := newWorld(t, p, nil)
		w.list(1, now.Add(-time.Hour))
		for n := range 2 {
			e := w.store(t, w.body(n+1, now.Add(-time.Hour)))
			w.rows.events[n] = event.Event{ID: e.ID, Timestamp: e.Timestamp}
		}
		w.rows.keyOnly = true
		got := w.compare(t, 2*time.Hour)
		assert.Equal(t, reconcile.Counts{Listed: 1, Different: 1, Unknown: 1}, got.Counts, p.Name)
	}
}

// A provider's list and its webhook can render one event differently.
func TestOneEventInTwoForms(t *testing.T) {
	at := now.Add(-time.Hour)
	for _, row := range []struct {
		why            string
		p              contract.Provider
		listed, stored []string // changes of the body
		account        string
	}{
		{why: "another API version of Stripe", p: contract.Stripe(), listed: []string{"2026-01-28", "2020-08-27"}},
		{why: "a Connect webhook names the account", p: contract.Stripe(), stored: []string{`{"id":"e1"`, `{"account":"acct_1","id":"e1"`}, account: "acct_1"},
		{why: "PayPal lists its deliveries", p: contract.PayPal(), listed: []string{`"links":[]`, `"links":[{"rel":"self"}],"status":"SUCCESS","transmissions":[]`}},
		{why: "Square lists a time without a zone", p: contract.Square(), listed: []string{at.Format(time.RFC3339), at.Format("2006-01-02T15:04:05") + ".000002"}},
	} {
		w := newWorld(t, row.p, func(o *source.Options) { o.Account = row.account })
		require.NotEqual(t, w.body(1, at, row.listed...), w.body(1, at, row.stored...), row.why)
		w.api.Add(providerapi.Event{ID: "e1", Created: at, Body: w.body(1, at, row.listed...), Account: row.account})
		w.store(t, w.body(1, at, row.stored...))
		assert.Equal(t, reconcile.Counts{Listed: 1, Stored: 1}, w.compare(t, 2*time.Hour).Counts, row.why)
	}
}

// Rows that may not be listed yet are not unknown to the provider.
func TestYoungRowsAreNotJudged(t *testing.T) {
	w := newWorld(t, contract.Stripe(), nil)
	w.store(t, w.body(1, now.Add(-time.Minute)))
	assert.Zero(t, w.compare(t, 5*time.Minute).Counts)
}

// What a provider lists has bounds in a report.
func TestHostileEvents(t *testing.T) {
	w := newWorld(t, contract.Square(), nil)
	w.list(0, now.Add(-90*time.Minute), "COMPLETED", strings.Repeat("x", 6<<20))
	for n := range 2100 {
		w.list(n+1, now.Add(-30*time.Minute), "payment.updated", fmt.Sprint("type.", n))
	}
	got := w.compare(t, 2*time.Hour)
	assert.Equal(t, []int{2101, 1, 2000}, []int{got.Listed, got.Unreadable, len(got.Types)})
	assert.Equal(t, 1+101, got.Types[""].Listed, "the event that is too large, and those of further types")
}

// Thin events are compared only on request, beside the snapshots.
func TestThinEvents(t *testing.T) {
	at := now.Add(-time.Hour)
	webhook := fmt.Sprintf(`{"id":"e2","object":"v2.core.event","type":"v1.charge.succeeded","created":%q,"livemode":false,"related_object":{"id":"ch_1","type":"charge"}}`, at.Format(time.RFC3339))
	for _, thin := range []bool{true, false} {
		w := newWorld(t, contract.Stripe(), func(o *source.Options) { o.Thin = thin })
		w.list(1, at)
		w.store(t, w.body(1, at))
		w.store(t, []byte(webhook))
		w.api.Add(providerapi.Event{ID: "e2", Created: at, Thin: true, Body: []byte(strings.Replace(webhook, "{", `{"data":{"a":1},"changes":{},`, 1))})
		n := map[bool]int{true: 2, false: 1}[thin]
		assert.Equal(t, reconcile.Counts{Listed: n, Stored: n}, w.compare(t, 2*time.Hour).Counts)
	}
}

// A comparison reads one window of time after another, so that its memory is bounded. It
// shortens crowded windows and lengthens quiet ones.
func TestWindows(t *testing.T) {
	p := contract.Square()
	w := newWorld(t, p, nil)
	const many = 20_500
	for n := range many {
		at := now.Add(-time.Hour).Add(time.Duration(n/10) * time.Second)
		w.list(n, at)
	}
	var steps []time.Duration
	missing, s := 0, &sink{}
	refill := reconcile.Refill{Queue: s, Now: w.Now}
	w.Missing = func(ctx context.Context, e event.Event) error { missing++; return refill.Event(ctx, e) }
	found := map[string]bool{}
	w.Findings = func(from time.Time, all []reconcile.Example) error {
		for _, e := range all {
			assert.False(t, found[e.ID] || time.UnixMilli(e.Timestamp).Before(from) || e.State != reconcile.StateMissing, e)
			found[e.ID] = true
		}
		return nil
	}
	w.Progress = func(at reconcile.Place) error {
		steps = append(steps, at.Step)
		refill.Forget(at)
		return nil
	}
	got := w.compare(t, 20*24*time.Hour)
	assert.Equal(t, many, got.Missing)
	assert.Greater(t, missing, many, "a window that is shortened calls Missing again")
	assert.Equal(t, []int{many, many}, []int{refill.Stored, len(s.sent)}, "each event is refilled once")
	assert.Len(t, got.Examples, 100)
	assert.Len(t, found, many, "all are named, each once")
	assert.Contains(t, steps, 24*time.Hour)
	assert.Less(t, slices.Min(steps), 2*time.Hour)
	assert.Less(t, len(steps), 40)
	assert.LessOrEqual(t, slices.Max(w.rows.batches), 100)
}

// A comparison resumes from any place with the same result.
func TestResume(t *testing.T) {
	p := contract.PayPal()
	w := newWorld(t, p, nil)
	for n := range 100 {
		at := now.Add(-time.Duration(n+1) * time.Hour)
		w.list(n, at)
		if n%3 > 0 {
			w.store(t, w.body(n, at))
		}
	}
	want := w.compare(t, 101*time.Hour)
	assert.Equal(t, 34, want.Missing)
	w.Progress = func(reconcile.Place) error { return errDown }
	place, stops := reconcile.Start(now.Add(-101*time.Hour), now), 0
	for err := error(errDown); err != nil; stops++ {
		place, err = w.Run(t.Context(), place)
	}
	assert.Greater(t, stops, 3)
	assert.Equal(t, want, place.Report)
}

func TestFailuresEndAComparison(t *testing.T) {
	p := contract.Stripe()
	for _, call := range []string{"same", "id", "between", "keys", "list", "missing", "findings"} {
		w := newWorld(t, p, nil)
		for n := range 101 {
			w.list(n, now.Add(-time.Hour))
		}
		w.rows.fail = call
		w.Missing = func(context.Context, event.Event) error { return w.rows.failure("missing") }
		w.Findings = func(time.Time, []reconcile.Example) error { return w.rows.failure("findings") }
		if call == "list" {
			w.api.Fault = providerapi.Throttle(1, "")
		}
		start := reconcile.Start(now.Add(-2*time.Hour), now)
		done, err := w.Run(t.Context(), start)
		require.Error(t, err, call)
		if call != "list" {
			assert.ErrorIs(t, err, errDown)
		}
		assert.Zero(t, done.Report.Listed, "a window counts only when it is complete")
	}
	// A batch that is not full, at the end of a window.
	w := newWorld(t, p, nil)
	w.list(1, now.Add(-time.Hour))
	w.rows.fail = "same"
	_, err := w.Run(t.Context(), reconcile.Start(now.Add(-2*time.Hour), now))
	assert.ErrorIs(t, err, errDown)
}

// sink is a queue and a bucket.
type sink struct {
	sent []string
	fail bool
}

func (s *sink) Send(_ context.Context, text, reason string) error {
	s.sent = append(s.sent, text+reason)
	if s.fail {
		return errDown
	}
	return nil
}

func (s *sink) Put(_ context.Context, e event.Event, days int) (string, error) {
	if s.fail {
		return "", errDown
	}
	return fmt.Sprintf("oversize/%dd/%s", days, e.PayloadSHA256), nil
}

func TestRefill(t *testing.T) {
	for _, p := range contract.Providers() {
		w := newWorld(t, p, nil)
		w.api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: hook, Types: []string{"*"}})
		subscription, err := w.Source.Subscription(t.Context(), hook)
		require.NoError(t, err)
		s := &sink{}
		refill := reconcile.Refill{Source: w.Source, Subscription: &subscription, Queue: s, Payloads: s, RetentionDays: 30, Now: w.Now}
		text := w.body(1, now.Add(-time.Hour))
		w.list(1, now.Add(-time.Hour))
		w.Missing = refill.Event
		w.Progress = func(at reconcile.Place) error { refill.Forget(at); return nil }
		require.Equal(t, 1, w.compare(t, 2*time.Hour).Missing)
		if p.Name == "paypal" {
			assert.Equal(t, []int{1, 0}, []int{refill.Redelivered, refill.Stored}, "PayPal delivers it again")
			assert.Contains(t, w.api.Requests(), "POST /v1/notifications/webhooks-events/e1/resend")
			w.api.Resend = func(providerapi.Event) int { return 404 } // then Refill stores it
			w.compare(t, 2*time.Hour)
			w.api.Resend = func(providerapi.Event) int { return 500 }
			_, err := w.Run(t.Context(), reconcile.Start(now.Add(-2*time.Hour), now))
			assert.ErrorIs(t, err, source.ErrUnavailable)
		}
		require.Equal(t, 1, refill.Stored)
		e, err := event.Decode(s.sent[0])
		require.NoError(t, err)
		assert.Equal(t, event.OriginReconcile, e.Origin)
		assert.Empty(t, e.Endpoint, "nothing was verified")
		assert.JSONEq(t, string(text), string(e.Payload))
		assert.Equal(t, now.UnixMilli(), e.ReceivedAt)
		assert.Equal(t, now.AddDate(0, 0, 30).Unix(), e.ExpiresAt)
		assert.Equal(t, false, *e.Livemode)

		webhook := w.store(t, text)
		assert.True(t, w.Provider.SameEvent(e, webhook), "a webhook that arrives later is a duplicate")

		refill.Store = true
		e.ID, e.Payload = "other", []byte(strings.Repeat("x", event.MaxInline+1))
		require.NoError(t, refill.Event(t.Context(), e))
		assert.Contains(t, s.sent[len(s.sent)-1], `"payloadRef":"oversize/30d/`)
		s.fail = true
		e.ID += "1"
		assert.ErrorIs(t, refill.Event(t.Context(), e), errDown)
		e.ID, e.Payload = e.ID+"2", nil
		assert.ErrorIs(t, refill.Event(t.Context(), e), errDown)
	}
}

// Prove repeats the comparison until the refilled events are stored, at most until its limit.
func TestProve(t *testing.T) {
	p, missing := contract.Stripe(), reconcile.Counts{Listed: 1, Missing: 1, StillRetried: 1}
	for _, row := range []struct {
		why     string
		stored  int // the number of the pause in which the event is stored
		seconds int // all pauses together
		want    reconcile.Counts
	}{
		{"it is stored after a while", 2, 3, reconcile.Counts{Listed: 1, Stored: 1}},
		{"it is never stored", 99, 10, missing},
	} {
		w, clock, waited := newWorld(t, p, nil), now, 0
		w.Now = func() time.Time { return clock }
		w.list(1, now.Add(-time.Hour))
		sleep := func(_ context.Context, d time.Duration) error {
			clock = clock.Add(d)
			if waited++; waited == row.stored {
				w.store(t, w.body(1, now.Add(-time.Hour)))
			}
			return nil
		}
		done, err := w.Prove(t.Context(), reconcile.Start(now.Add(-2*time.Hour), now), 10*time.Second, sleep)
		require.NoError(t, err)
		assert.Equal(t, row.want, done.Report.Counts, row.why)
		assert.Equal(t, time.Duration(row.seconds)*time.Second, clock.Sub(now), row.why)
	}
	w := newWorld(t, p, nil)
	w.list(1, now.Add(-time.Hour))
	_, err := w.Prove(t.Context(), reconcile.Start(now.Add(-2*time.Hour), now), time.Minute, func(context.Context, time.Duration) error { return errDown })
	assert.ErrorIs(t, err, errDown)
}
