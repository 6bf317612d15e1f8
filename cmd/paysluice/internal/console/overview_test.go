package console

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

// answersOf returns the answers of an overview, a line each: state, word, text.
func answersOf(text string) string {
	var lines []string
	for _, m := range regexp.MustCompile(`(?s)<section class="answer (\w+)">.*?<p class="word">(.*?)</p>\s*<p>(.*?)</p>`).FindAllStringSubmatch(text, -1) {
		lines = append(lines, regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1]+" "+m[2]+": "+m[3], ""))
	}
	return strings.Join(lines, "\n")
}

// received returns an event that was made and received some time ago.
func received(id string, created, receipt time.Duration) event.Event {
	e := paid(id, created)
	e.ReceivedAt = now.Add(-receipt).UnixMilli()
	return e
}

func TestOverviewAnswers(t *testing.T) {
	of := func(provider, metric string, n int, ago time.Duration) query.Count {
		return query.Count{Provider: provider, Metric: metric, Start: now.Add(-ago), Value: n}
	}
	count := func(metric string, n int) query.Count { return of("stripe", metric, n, time.Minute) }
	early := func(metric string, n int) query.Count { return of("stripe", metric, n, time.Hour/2) }
	is := func(all ...query.Count) []query.Count { return all }
	queue := func(q query.Queue) query.QueueStates { return query.QueueStates{Queue: q} }
	letters := func(q query.Queue) query.QueueStates { return query.QueueStates{DeadLetters: q} }
	fails := func(names ...string) map[string]error {
		all := map[string]error{}
		for _, name := range names {
			all[name] = denied()
		}
		return all
	}
	replayed := func(ago time.Duration, provider string, n int, missing ...replay.Missing) replay.Summary {
		plan := replay.Plan{Groups: []replay.Group{{Provider: provider, Count: n}}}
		return replay.Summary{Record: replay.Record{StartedAt: now.Add(-ago), Plan: plan}, Proof: &replay.Proof{At: now.Add(time.Minute - ago), Stored: n - len(missing), Missing: missing}}
	}
	unfinished := replayed(2*time.Minute, "stripe", 717)
	unfinished.Proof = nil
	last, old := []event.Event{paid("stripe:1", time.Minute)}, []event.Event{paid("stripe:1", 3*time.Hour)}
	spoiled := fmt.Errorf("row of stripe:bad: %w", table.ErrItem)
	const (
		quiet   = "bad Quiet: No request was accepted in the last hour. The newest event in the table was received 3 h ago, from Stripe."
		nothing = "unknown Nothing new: No event was accepted in the last hour, and none waits in a queue."
		no      = "good No: None of 0 alarms is on, the dead-letter queue is empty, and nothing went to the archive in the last hour."
		look    = "Events may be missing: look for failed deliveries at the provider."
		stored  = "good Yes: 2 events stored in the last hour, and none waits in a queue."
	)
	const perhaps = "unknown Perhaps: The counts do not tell whether all events of the last hour are stored: some waited for long, or older, replayed or repeated ones are counted with them. The counts can be 5 min late.\n"
	const later = "unknown Perhaps: Late events can be stored by now. If the page says the same in 5 min, look for them.\n"
	down := is(of("stripe", "Stored", 1, 50*time.Minute), early("Accepted", 30), of("stripe", "Accepted", 4, 8*time.Minute))
	for _, row := range []struct {
		why  string
		w    *world
		says []string // of the answers
	}{
		{"all is well", &world{events: last, counts: is(count("Accepted", 2), count("Stored", 1_234), count("Stored", 1), count("Duplicates", 3))}, []string{
			"good Yes: Accepted in the last hour: 2 of Stripe. The newest event in the table was received 59 s ago, from Stripe.",
			"good Yes: 1,235 events stored and 3 sent again in the last hour, and none waits in a queue.", no}},
		{"a new stack", &world{}, []string{"unknown None yet: No request was accepted in the last hour. The table has no event of the last seven days.", nothing, no}},
		{"the first events of a new stack", &world{counts: is(count("Accepted", 5)), queues: queue(query.Queue{Waiting: 5})}, []string{
			"good Yes: Accepted in the last hour: 5 of Stripe.\n", "unknown In progress: 5 events in the queue. The age of the oldest is not known.", no}},
		{"silence", &world{events: old}, []string{quiet, nothing, "unknown Perhaps: " + look}},
		{"a refill from the API is no webhook", &world{events: []event.Event{received("stripe:1", 3*time.Hour, 10*time.Minute)}}, []string{
			"bad Quiet: No request was accepted in the last hour. The newest event in the table was received 10 min ago"}},
		{"CloudWatch is late", &world{events: last}, []string{"unknown Perhaps: No request was accepted in the last hour. The counts do not have the newest event yet, or it was read from the provider&#39;s API."}},
		{"a resend of an old event", &world{events: []event.Event{paid("stripe:1", 5*time.Hour), received("stripe:2", day, time.Minute)}, counts: is(count("Accepted", 2), count("Stored", 2))},
			[]string{"good Yes: Accepted in the last hour: 2 of Stripe. The newest event in the table was received 60 s ago, from Stripe.", stored, no}},
		{"one provider stopped to send", &world{events: old, counts: is(of("square", "Accepted", 2, time.Minute), of("square", "Stored", 2, time.Minute))},
			[]string{"good Yes: Accepted in the last hour: 2 of Square. None of Stripe."}},
		{"all are rejected", &world{events: old, counts: is(count("Rejected", 3), count("Unaccepted", 3))}, []string{
			"bad No: Stripe: no request was accepted, 3 rejected as not authentic. A signing secret may be wrong. The newest event", nothing, "unknown Perhaps: " + look}},
		{"all of one provider are rejected", &world{counts: is(count("Rejected", 5_000), count("Unaccepted", 5_000), of("square", "Accepted", 2, time.Minute), of("square", "Stored", 2, time.Minute))}, []string{
			"bad Not all: Stripe: no request was accepted, 5,000 rejected as not authentic. A signing secret may be wrong. Accepted in the last hour: 2 of Square.\n", stored, "unknown Perhaps: " + look}},
		{"a secret without a value", &world{counts: is(count("NotConfigured", 2), count("Undecided", 1), count("Unaccepted", 3))}, []string{
			"bad No: Stripe: no request was accepted, 3 answered 503. A secret or a certificate is missing or wrong."}},
		{"a secret that cannot be read makes almost all fail", &world{counts: is(count("Accepted", 2), count("Stored", 2), count("SecretUnavailable", 400), count("Rejected", 51), count("Unaccepted", 50))}, []string{
			"bad Not all: Stripe: 400 answered 503, 50 rejected as not authentic. A secret or a certificate is missing or wrong. Accepted in the last hour: 2 of Stripe.\n", stored, "unknown Perhaps: " + look}},
		{"the secret of one of two endpoints is wrong", &world{counts: is(count("Accepted", 2), count("Stored", 2), count("Rejected", 51), count("Unaccepted", 50))}, []string{
			"good Yes: Accepted in the last hour: 2 of Stripe. Rejected as not authentic: 50 of Stripe. The command below can name the causes.\n", stored, "unknown Perhaps: " + look}},
		{"one late webhook, and another that the secret verified", &world{counts: is(count("Accepted", 1), count("Stored", 2), count("Rejected", 1), count("Unaccepted", 1))}, []string{
			"good Yes: Accepted in the last hour: 1 of Stripe. Rejected as not authentic: 1 of Stripe. The command below can name the causes.\n", stored, no}},
		{"a few forged webhooks of two providers", &world{counts: is(early("Accepted", 40), early("Stored", 40), count("Unaccepted", 4), of("square", "Accepted", 9, time.Hour/2), of("square", "Stored", 9, time.Hour/2), of("square", "Unaccepted", 1, time.Minute))}, []string{
			"good Yes: Accepted in the last hour: 40 of Stripe, 9 of Square. Rejected as not authentic: 4 of Stripe, 1 of Square. The command below can name the causes.\n", no}},
		{"somebody names a certificate that does not exist", &world{counts: is(of("paypal", "Accepted", 2, time.Minute), of("paypal", "Stored", 2, time.Minute), of("paypal", "Undecided", 1, time.Minute), of("paypal", "Unaccepted", 1, time.Minute))}, []string{
			"good Yes: Accepted in the last hour: 2 of PayPal. PayPal: 1 answered 503. A secret or a certificate is missing or wrong.\n", stored, "unknown Perhaps: " + look}},
		{"the probes of doctor on a quiet stack", &world{events: old, counts: is(count("Rejected", 1), of("paypal", "Rejected", 1, time.Minute))}, []string{
			"bad Quiet: No request was accepted in the last hour. 2 requests without a signature: of strangers, or of paysluice doctor. The newest event"}},
		{"the probes of doctor on a busy stack", &world{counts: is(count("Accepted", 2), count("Stored", 2), of("paypal", "Rejected", 1, time.Minute))}, []string{
			"good Yes: Accepted in the last hour: 2 of Stripe.\n", stored, no}},
		{"events that cannot be stored do arrive", &world{counts: is(count("Quarantined", 2), count("Archived", 2))}, []string{
			"good Yes: Signed, but no event that can be stored: 2 of Stripe.\n", "bad Not all: 2 messages went to the archive in the last hour. Failures"}},
		{"the number of accepted ones is that of the table", &world{counts: is(count("Accepted", 703), count("Quarantined", 1))}, []string{
			"good Yes: Accepted in the last hour: 703 of Stripe. Signed, but no event that can be stored: 1 of Stripe.\n"}},
		{"failures", &world{counts: is(count("Archived", 1))}, []string{"bad Not all: 1 message went to the archive in the last hour. Failures", "bad Yes: 1 message went to the archive. Their page says what to do. Failures"}},
		{"all were replayed", &world{counts: is(early("Archived", 700), of("square", "Archived", 17, 20*time.Minute), of("stripe", "Stored", 700, 8*time.Minute)), runs: []replay.Summary{replayed(9*time.Minute, "square", 17), replayed(10*time.Minute, "stripe", 700)}}, []string{
			"unknown Replayed: 717 messages went to the archive in the last hour. Replays proved as many stored, the last at 12:52. Failures\n",
			"unknown Nothing known: None of 0 alarms is on, the dead-letter queue is empty, and replays proved as many messages stored as went to the archive.\n"}},
		{"a replay has failed, and the next has not", &world{counts: is(early("Archived", 5), of("stripe", "Archived", 2, 18*time.Minute)), runs: []replay.Summary{replayed(10*time.Minute, "stripe", 4), replayed(20*time.Minute, "stripe", 5, replay.Missing{Key: "stripe/1"}, replay.Missing{Key: "stripe/2"})}}, []string{"unknown Replayed: 7 messages"}},
		{"those of another provider were replayed", &world{counts: is(early("Archived", 5)), runs: []replay.Summary{replayed(10*time.Minute, "square", 5)}}, []string{"bad Not all: 5 messages", "bad Yes"}},
		{"newer ones failed after the replay", &world{counts: is(early("Archived", 5), count("Archived", 1)), runs: []replay.Summary{replayed(10*time.Minute, "stripe", 6)}}, []string{"bad Not all: 6 messages", "bad Yes"}},
		{"a replay is not finished", &world{counts: is(early("Archived", 717)), runs: []replay.Summary{unfinished}}, []string{
			"bad Not all: 717 messages went to the archive in the last hour. Failures\n", "bad Yes: 717 messages went to the archive. Their page says what to do. Failures\n"}},
		{"replays are denied", &world{fail: fails("Runs"), counts: is(early("Archived", 5))}, []string{
			"bad Not all: 5 messages went to the archive in the last hour. The replays could not be read. Failures\n", "bad Yes: 5 messages"}},
		{"replays are denied, and nothing failed", &world{fail: fails("Runs")}, []string{nothing, no}},
		{"a queue", &world{queues: queue(query.Queue{Waiting: 2, OldestSeconds: new(5)})}, []string{"good In progress: 2 events in the queue.\n"}},
		{"an old queue", &world{queues: queue(query.Queue{Waiting: 2, OldestSeconds: new(600)})}, []string{
			"bad Delayed: 2 events in the queue, the oldest for 10 min.", "bad Yes: Accepted events are not stored in time."}},
		{"a queue of unknown age that the consumer does not empty", &world{counts: is(early("Accepted", 7), early("Stored", 2)), queues: queue(query.Queue{Waiting: 5})}, []string{
			"bad Delayed: 5 events in the queue. The age of the oldest is not known.", "bad Yes: Accepted events are not stored in time."}},
		{"the consumer is down, all wait", &world{events: old, counts: is(early("Accepted", 5_000)), queues: queue(query.Queue{Waiting: 5_000})}, []string{
			"good Yes: Accepted in the last hour: 5,000 of Stripe. The newest event in the table was received 3 h ago",
			"bad None: 5,000 events accepted more than 10 min ago, none counted as stored. 5,000 events in the queue.", "bad Yes: Accepted events are not stored in time."}},
		{"the consumer is down, and the archiver", &world{events: old, counts: is(early("Accepted", 5_000)), queues: letters(query.Queue{Waiting: 4_000, InFlight: 1_000})}, []string{
			"good Yes", "bad None: 5,000 events accepted more than 10 min ago, none counted as stored. 5,000 messages in the dead-letter queue.\n",
			"bad Yes: 5,000 messages in the dead-letter queue. If they stay, dlq-archiver fails. Accepted events are not stored in time."}},
		{"the first event after a quiet hour, not counted as stored yet", &world{events: old, counts: is(count("Accepted", 1))}, []string{
			"good Yes", "unknown Perhaps: 1 event accepted in the last hour, none counted as stored, and none waits in a queue. The counts can be 5 min late.\n", no}},
		{"the first events after a quiet hour, and a message from before is archived", &world{events: old, counts: is(count("Accepted", 3), count("Archived", 1))}, []string{
			"good Yes", "bad Not all: 3 events accepted in the last 10 min, none counted as stored yet. The counts can be 5 min late. 1 message went to the archive in the last hour. Failures",
			"bad Yes: 1 message went to the archive. Their page says what to do. Failures"}},
		{"all but the newest were archived", &world{counts: is(early("Accepted", 2), early("Archived", 2), count("Accepted", 1))}, []string{
			"good Yes", "bad None: 2 events accepted more than 10 min ago, none counted as stored. 1 event accepted in the last 10 min, none counted as stored yet. The counts can be 5 min late. 2 messages went",
			"bad Yes: Accepted events are not stored in time."}},
		{"all are lost", &world{events: old, counts: is(early("Accepted", 5_000))}, []string{
			"bad None: 5,000 events accepted more than 10 min ago, none counted as stored. 5,000 accepted events not counted as stored or archived for 10 min, and in no queue. The counts can be 5 min late.\n",
			"bad Yes: Accepted events are not stored in time."}},
		{"some are lost", &world{counts: is(early("Accepted", 5_000), early("Stored", 10), of("square", "Stored", 9_000, time.Hour))}, []string{
			"bad Not all: 4,990 accepted events not counted as stored or archived for 10 min, and in no queue. The counts can be 5 min late.", "bad Yes: Accepted events are not stored in time."}},
		{"some are lost, and the queues are denied", &world{fail: fails("QueueStates"), counts: is(early("Accepted", 5), early("Stored", 1))}, []string{
			"bad Not all: 4 accepted events not counted as stored or archived for 10 min. The counts can be 5 min late. The queues could not be read.", "bad Yes"}},
		{"the hour after an outage: newer events may be lost", &world{counts: is(of("stripe", "Stored", 9_000, 59*time.Minute), early("Accepted", 100), early("Stored", 40))}, []string{
			"bad Not all: 60 accepted events not counted as stored or archived for 10 min, and in no queue. The counts can be 5 min late.", "bad Yes: Accepted events are not stored in time."}},
		{"the hour after an outage: the backlog hides lost ones", &world{counts: is(of("stripe", "Accepted", 100, 58*time.Minute), early("Stored", 9_040))}, []string{"good Yes", perhaps, no}},
		{"the same, and some are in the queue", &world{counts: is(of("stripe", "Accepted", 100, 58*time.Minute), early("Stored", 9_040)), queues: queue(query.Queue{Waiting: 2, OldestSeconds: new(5)})}, []string{
			"good Yes", "unknown Perhaps: 2 events in the queue. The counts do not tell", no}},
		{"a drain that is not counted yet", &world{counts: down}, []string{
			"good Yes", "bad Delayed: 30 accepted events waited for 10 min, and can be stored by now. The counts can be 5 min late.\n", later}},
		{"the same, and newer events are in the queue", &world{counts: down, queues: queue(query.Queue{Waiting: 2, OldestSeconds: new(5)})}, []string{
			"good Yes", "bad Delayed: 2 events in the queue. 30 accepted events waited for 10 min", later}},
		{"an outage", &world{counts: down, queues: queue(query.Queue{Waiting: 34, OldestSeconds: new(1_800)})}, []string{
			"good Yes", "bad Delayed: 34 events in the queue, the oldest for 30 min.\n", "bad Yes: Accepted events are not stored in time."}},
		{"an alarm", &world{alarms: []query.Alarm{{Name: "page-x", State: "ALARM", Since: now}, {Name: "ok", State: "OK"}}}, []string{"bad Yes: 1 alarm is on. What to do is below."}},
		{"a new stack on AWS", &world{alarms: []query.Alarm{{State: "INSUFFICIENT_DATA"}, {State: "INSUFFICIENT_DATA"}}}, []string{
			"unknown Nothing known: CloudWatch has evaluated no alarm yet: a new stack takes some minutes. The dead-letter queue is empty, and nothing went to the archive in the last hour.\n"}},
		{"one alarm without data", &world{alarms: []query.Alarm{{State: "OK"}, {State: "INSUFFICIENT_DATA"}}}, []string{"good No: None of 2 alarms is on"}},
		{"alarms and dead letters", &world{alarms: []query.Alarm{{State: "ALARM"}, {State: "ALARM"}}, queues: letters(query.Queue{InFlight: 2, OldestSeconds: new(7_200)})}, []string{
			"bad Not all: 2 messages in the dead-letter queue.\n", "bad Yes: 2 alarms are on. What to do is below. 2 messages in the dead-letter queue. The oldest has been there for 2 h: dlq-archiver fails."}},
		{"unpublished events", &world{queues: query.QueueStates{Unpublished: &query.Queue{Waiting: 1_001}}}, []string{"bad Yes: 1,001 messages about unpublished events. paysluice failures unpublished lists them."}},
		{"no unpublished event", &world{queues: query.QueueStates{Unpublished: &query.Queue{}}}, []string{"good No: None of 0 alarms is on, the queues of dead letters and of unpublished events are empty, and nothing went"}},
		{"a newer row is not an event", &world{events: old, left: spoiled}, []string{quiet, "bad Yes: Some rows of the table are not events."}},
		{"no row is an event", &world{left: spoiled}, []string{"bad Quiet: No request was accepted in the last hour. The events could not be read."}},
		{"counts and alarms are denied", &world{fail: fails("Counts", "Alarms"), events: last}, []string{
			"unknown Unknown: The counts could not be read. The newest event in the table was received 59 s ago", "unknown Unknown: The counts could not be read.\n", "unknown Unknown: The alarms could not be read. The counts could not be read."}},
		{"what is known of the queues is said", &world{fail: fails("Counts"), queues: letters(query.Queue{Waiting: 2})}, []string{
			"bad Not all: 2 messages in the dead-letter queue. The counts could not be read."}},
		{"queues are denied", &world{fail: fails("QueueStates"), counts: is(count("Accepted", 2), count("Archived", 1))}, []string{
			"good Yes", "bad Not all: 2 events accepted in the last 10 min, none counted as stored yet. The counts can be 5 min late. 1 message went to the archive in the last hour. The queues could not be read."}},
		{"queues are denied, and all may be in them", &world{fail: fails("QueueStates"), counts: is(count("Accepted", 2))}, []string{"good Yes", "unknown Unknown: The queues could not be read.", "unknown Unknown: The queues could not be read."}},
		{"events are denied", &world{fail: fails("Events"), counts: is(count("Accepted", 2), count("Stored", 2))}, []string{"good Yes: Accepted in the last hour: 2 of Stripe. The events could not be read.", stored, no}},
	} {
		s := listen(t, row.w)
		s.Stack.CreatedAt = now.Add(-day)
		got := answersOf(page(t, s, "/")) + "\n"
		for _, want := range row.says {
			assert.Contains(t, got, want, row.why)
		}
	}
	s := listen(t, &world{})
	s.Stack.CreatedAt = now.Add(-30 * day)
	assert.Contains(t, answersOf(page(t, s, "/")), "bad None: No request was accepted in the last hour. The table has no event", "an old stack")
	s.Stack.AWS.Endpoint = "http://127.0.0.1:1"
	s.Stack.CreatedAt = now
	assert.Contains(t, answersOf(page(t, s, "/")), "unknown Nothing known: An emulator evaluates no alarm. The dead-letter queue is empty")
}

// daily has a message that was archived hours ago.
type daily struct{ Monitor }

func (daily) Counts(_ context.Context, since, _ time.Time, _ time.Duration) ([]query.Count, error) {
	if old := now.Add(-3 * time.Hour); old.After(since) {
		return []query.Count{{Provider: "stripe", Metric: "Archived", Start: old, Value: 1}}, nil
	}
	return nil, nil
}

func TestOverviewPage(t *testing.T) {
	spoiled := fmt.Errorf("row of stripe:bad: %w", table.ErrItem)
	timeless := paid("stripe:1", time.Minute)
	timeless.Timestamp = 0
	rejected := []query.Count{{Provider: "stripe", Metric: "Rejected", Start: now.Add(-time.Minute), Value: 1_003}, {Provider: "other"}}
	for _, row := range []struct {
		why    string
		w      *world
		target string
		says   []string
	}{
		{"charts in the viewer's zone, and the time of the state", &world{counts: rejected, events: []event.Event{paid("stripe:1", time.Minute)}}, "/", []string{
			"1,003 Rejected in the last hour, at most 1,003 in 60 s", "1,003 at Mar 10 12:59 CET, Mar 10 11:59 UTC", "none in 7 days", "1 s</td>",
			`State of 13:00:00 CET (<time datetime="2026-03-10T12:00:00Z"`, `was received <time datetime="2026-03-10T11:59:01Z"`}},
		{"the answers keep their hour", &world{counts: rejected}, "/?period=week", []string{"1,003 Rejected in the last week, at most 1,003 in 2 h", "1,003 requests without a signature", "No request was accepted in the last hour."}},
		{"the last event is the one received last", &world{events: []event.Event{paid("stripe:1", 5*time.Hour), received("stripe:2", day, time.Minute)}}, "/", []string{`"Last event"><time datetime="2026-03-10T11:59:00Z"`}},
		{"an event without a time has no delay", &world{events: []event.Event{timeless}}, "/", []string{`"Delay p50"><span class="none">–</span>`}},
		{"an alarm", &world{alarms: []query.Alarm{{State: "ALARM", Do: "Mend it."}}}, "/", []string{"<dt>Do</dt><dd>Mend it.</dd>"}},
		{"queues", &world{queues: query.QueueStates{Queue: query.Queue{Waiting: 2, OldestSeconds: new(600)}, Unpublished: &query.Queue{Name: "unpublished", Waiting: 1_000, Delayed: 1}}}, "/", []string{"10 min</td>", "<code>unpublished</code>", ">1,001</td>", `"Oldest"><span class="none">unknown</span>`}},
		{"rows that are not events", &world{left: spoiled}, "/", []string{`<span class="word bad">Some rows are not events</span>`, "Row of stripe:bad"}},
		{"denied counts", &world{fail: map[string]error{"Counts": denied()}}, "/", []string{"unknown</span>", "Access denied."}},
		{"denied counts of the last hour", &world{fail: map[string]error{"Counts of 1m0s": denied()}}, "/?period=week", []string{"The counts could not be read.", "unknown</span>", "Access denied."}},
		{"denied events", &world{fail: map[string]error{"Events": denied()}}, "/", []string{`{&#34;Effect&#34;:&#34;Allow&#34;,&#34;Action&#34;:&#34;dynamodb:Query&#34;,&#34;Resource&#34;:&#34;arn:aws:dynamodb:us-east-1:1:table/t&#34;}`}},
	} {
		text := page(t, listen(t, row.w), row.target)
		for _, want := range row.says {
			assert.True(t, strings.Contains(text, want), "%s: %s", row.why, want)
		}
	}
	calls := map[string]error{"Counts": context.DeadlineExceeded, "QueueStates": stack.ErrUnreachable, "Alarms": context.DeadlineExceeded, "Events": context.DeadlineExceeded}
	down := page(t, listen(t, &world{fail: calls}), "/")
	assert.Equal(t, 1, strings.Count(down, `class="problem"`), "AWS does not answer")
	assert.NotContains(t, down, "<table")
	delete(calls, "Events")
	assert.Contains(t, page(t, listen(t, &world{fail: calls}), "/"), "<table", "the events could be read")
	older := listen(t, &world{})
	older.Stack.CreatedAt = now
	older.Monitor = daily{older.Monitor}
	assert.Contains(t, answersOf(page(t, older, "/?period=day")), "unknown Perhaps: Messages in the archive may wait for a replay. Failures")
	assert.Contains(t, answersOf(page(t, older, "/")), "good No")
	s := listen(t, &world{})
	s.Stack.AWS.Local = true
	assert.Contains(t, page(t, s, "/"), "<pre tabindex=\"0\">paysluice --local status</pre>")
	s = listen(t, &world{fail: map[string]error{"Events": denied()}})
	assert.Equal(t, 1, strings.Count(page(t, s, "/"), "Ask for this policy statement"), "once for all providers")
	assert.NotContains(t, page(t, listen(t, &world{left: spoiled}), "/"), "none in 7 days", "it has rows")
	assert.Equal(t, http.StatusBadRequest, get(t, s, "/?period=year").Code)
	s = listen(t, &world{counts: rejected})
	s.Zone = time.UTC
	assert.Contains(t, page(t, s, "/"), "1,003 at Mar 10 11:59 UTC<", "once where the zone is UTC")
}
