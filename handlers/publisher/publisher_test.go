package publisher_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/publisher"
)

var (
	errDown = errors.New("down")
	created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// target records what is published. before runs before each Publish.
type target struct {
	before func(ctx context.Context, id string) error

	mu        sync.Mutex
	published []string
	replays   map[string]bool
}

func (t *target) Publish(ctx context.Context, e cloudevent.Event, replay string) error {
	if t.before != nil {
		if err := t.before(ctx, e.Data.ID); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.published = append(t.published, e.Data.ID)
	if t.replays == nil {
		t.replays = map[string]bool{}
	}
	t.replays[replay] = true
	return nil
}

// failing returns a before that fails for some ids.
func failing(err error, ids ...string) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		for _, failing := range ids {
			if id == "stripe:"+failing {
				return err
			}
		}
		return nil
	}
}

// queue records messages, or fails with err.
type queue struct {
	err error

	mu       sync.Mutex
	messages []string
	reasons  []string
}

func (q *queue) Send(_ context.Context, body, reason string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.messages, q.reasons = append(q.messages, body), append(q.reasons, reason)
	}
	return q.err
}

// world is a handler with what it writes to.
type world struct {
	target target
	queue  queue
	log    bytes.Buffer
	lines  bytes.Buffer // metrics

	response string // the latest
}

// handle publishes a batch and returns the first record that is not done.
func (w *world) handle(t *testing.T, ctx context.Context, b publisher.Batch) string {
	t.Helper()
	h := publisher.Handler{
		Target: &w.target, Unpublished: &w.queue, Source: "urn:paysluice:1:us-east-1:test",
		Stores: cloudevent.Stores{Table: "WebhookEvents-test", Bucket: "bucket"},
		Log:    function.NewLogger(&w.log, contract.LogLevelInfo),
		Now:    func() time.Time { return created.Add(5 * time.Second) },
	}
	h.Metrics = function.NewMetrics(&w.lines, "test", h.Now)
	out, err := h.Handle(ctx, b)
	require.NoError(t, err, "an error would deliver the whole batch again")
	text, err := json.Marshal(out)
	require.NoError(t, err)
	w.response = string(text)
	assert.NotContains(t, w.response, "null", "Lambda takes null for a failure")
	if len(out.BatchItemFailures) == 0 {
		return ""
	}
	require.Len(t, out.BatchItemFailures, 1, "the lowest is the checkpoint")
	return out.BatchItemFailures[0].ItemIdentifier
}

// record returns the record of a new event. Its sequence number is the end of its id.
func record(id string) publisher.Record {
	return recordOf(event.Event{
		Schema: event.Schema, ID: "stripe:" + id, Timestamp: created.UnixMilli(), ReceivedAt: created.UnixMilli() + 1500,
		Provider: "stripe", Category: event.PaymentSucceeded, Payload: []byte("body"),
	})
}

func recordOf(e event.Event) publisher.Record {
	keys, image := table.EncodeImage(table.ToItem(e))
	return publisher.Record{EventName: publisher.Inserted, Change: publisher.Change{
		CreatedAt: float64(created.Unix() + 2), SequenceNumber: e.ID[strings.Index(e.ID, ":")+1:], Keys: keys, NewImage: image,
	}}
}

func records(ids ...string) publisher.Batch {
	var b publisher.Batch
	for _, id := range ids {
		b.Records = append(b.Records, record(id))
	}
	return b
}

func TestHandle(t *testing.T) {
	broken := record("2")
	broken.Change.NewImage = json.RawMessage(`{"schema":{"L":[]},"amount":{"S":"marked"}}`)
	noCloudEvent := recordOf(event.Event{Schema: event.Schema, ID: "stripe:2", Timestamp: created.UnixMilli(), Provider: "stripe"})
	noCharacter := recordOf(event.Event{Schema: event.Schema, ID: "stripe:2\uffff", Timestamp: created.UnixMilli(), Provider: "stripe", Category: event.Other})
	strange := broken
	strange.Change.Keys = json.RawMessage(`[]`)
	removed, erased := record("2"), record("2")
	removed.EventName, erased.EventName = "REMOVE", "MODIFY"
	panics := func(_ context.Context, id string) error {
		if id == "stripe:2" {
			panic("marked")
		}
		return nil
	}
	unreadable := `{"eventId":"stripe:2","timestamp":1772366400000,"reason":"unreadable"}`
	for _, row := range []struct {
		why         string
		second      publisher.Record // of three
		before      func(context.Context, string) error
		queue       error
		published   string
		unpublished string
		first       string // the first record that is not done
	}{
		{"all new", record("2"), nil, nil, "1 2 3", "", ""},
		{"an item that TTL deletes", removed, nil, nil, "1 3", "", ""},
		{"a payload that an operator erases", erased, nil, nil, "1 3", "", ""},
		{"an item that cannot be decoded", broken, nil, nil, "1 3", unreadable, ""},
		{"an item that is no CloudEvent: no category", noCloudEvent, nil, nil, "1 3", unreadable, ""},
		{"an id with a character that neither CloudEvents nor SQS take", noCharacter, nil, nil, "1 3",
			`{"eventId":"stripe:2\uffff","timestamp":1772366400000,"reason":"unreadable"}`, ""},
		{"a key that cannot be read either", strange, nil, nil, "1 3", `{"eventId":"","timestamp":0,"reason":"unreadable"}`, ""},
		{"an item that makes publishing panic", record("2"), panics, nil, "1 3", unreadable, ""},
		{"an event that the target refuses", record("2"), failing(event.ErrRefused, "2"), nil, "1 3",
			`{"eventId":"stripe:2","timestamp":1772366400000,"reason":"refused"}`, ""},
		{"a refused event that the queue refuses too", record("2"), failing(event.ErrRefused, "2"), errDown, "1", "", "2"},
		{"a broken item that the queue refuses", broken, nil, errDown, "1", "", "2"},
		{"a failure that may pass", record("2"), failing(errDown, "2"), nil, "1", "", "2"},
		{"two failures: the first counts", record("2"), failing(errDown, "1", "2"), nil, "", "", "1"},
	} {
		t.Run(row.why, func(t *testing.T) {
			w := &world{target: target{before: row.before}, queue: queue{err: row.queue}}
			first := w.handle(t, t.Context(), publisher.Batch{Records: []publisher.Record{record("1"), row.second, record("3")}})

			assert.Equal(t, row.first, first)
			for _, id := range strings.Fields(row.published) {
				assert.Contains(t, w.target.published, "stripe:"+id)
			}
			if row.first == "" {
				assert.Len(t, w.target.published, len(strings.Fields(row.published)), "each once")
			}
			assert.Equal(t, row.unpublished, strings.Join(w.queue.messages, " "))
			assert.Equal(t, row.unpublished != "", strings.Contains(w.log.String(), `"level":"ERROR"`), "one names each: %s", &w.log)
			assert.Equal(t, row.first != "", strings.Contains(w.log.String(), `"level":"WARN"`), "the stream repeats it: %s", &w.log)
			assert.NotContains(t, w.log.String(), `"S":"marked"`, "no line quotes an item")
			for _, message := range w.queue.messages {
				u, err := publisher.DecodeUnpublished(message)
				require.NoError(t, err)
				assert.Equal(t, []string{u.Reason}, w.queue.reasons)
			}
		})
	}
}

// After a failure that may pass, no other record begins: a retry publishes them anyway.
func TestHandleStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ids []string
		for i := range 100 {
			ids = append(ids, fmt.Sprint(i))
		}
		fails := failing(errDown, "40")
		w := &world{target: target{before: func(ctx context.Context, id string) error {
			if err := fails(ctx, id); err != nil {
				return err
			}
			time.Sleep(time.Second) // the others end after the failure
			return nil
		}}}
		assert.Equal(t, "40", w.handle(t, t.Context(), records(ids...)))
		assert.Less(t, len(w.target.published), 40+publisher.Concurrency)
		for i := range 40 {
			assert.Contains(t, w.target.published, fmt.Sprint("stripe:", i), "all before the first that is not done")
		}
	})
}

// A target that hangs leaves time for the response.
func TestHandleEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var ids []string
		for i := range 2 * publisher.Concurrency {
			ids = append(ids, fmt.Sprint(i))
		}
		w := &world{target: target{before: func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}}}
		assert.Equal(t, "0", w.handle(t, ctx, records(ids...)))
		assert.NoError(t, ctx.Err())

		expired, stop := context.WithCancel(t.Context())
		stop()
		assert.Equal(t, "1", w.handle(t, expired, records("1")), "nothing begins when the time is over")
	})
}

// metrics returns the members of the metric lines.
func (w *world) metrics(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for lines := json.NewDecoder(&w.lines); ; {
		var line map[string]any
		err := lines.Decode(&line)
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		delete(line, "_aws")
		delete(line, "timestamp")
		all = append(all, line)
	}
}

func TestMetrics(t *testing.T) {
	untimed := recordOf(event.Event{
		Schema: event.Schema, ID: "square:2", ReceivedAt: created.UnixMilli() + 2500, Provider: "square", Category: event.Other,
	})
	broken := record("3")
	broken.Change.NewImage = nil
	// Whoever can write rows or invoke the function could make metrics of any name.
	invented := recordOf(event.Event{Schema: event.Schema, ID: "invented:5", Timestamp: created.UnixMilli(), Provider: "invented", Category: event.Other})
	invented.Change.CreatedAt = 0
	other := broken
	other.Change.Keys = json.RawMessage(`{"eventId":{"S":"anything"}}`)
	w := &world{}
	w.handle(t, t.Context(), publisher.Batch{Records: []publisher.Record{record("1"), record("4"), untimed, invented, broken, other}})
	line := func(message, provider string, members map[string]any) map[string]any {
		members["level"], members["message"], members["Environment"], members["Provider"] = "INFO", message, "test", provider
		return members
	}
	assert.Equal(t, []map[string]any{
		line("events published", "square", map[string]any{
			"Published": 1., "StoreLatency": []any{0.}, "PublishLatency": []any{3000.}, "eventIds": []any{"square:2"},
		}),
		line("events published", "stripe", map[string]any{
			"Published": 2., "ReceiveLatency": []any{1500., 1500.}, "StoreLatency": []any{500., 500.},
			"PublishLatency": []any{3000., 3000.}, "EndToEndLatency": []any{5000., 5000.}, "eventIds": []any{"stripe:1", "stripe:4"},
		}),
		line("events published", "unknown", map[string]any{"Published": 1., "eventIds": []any{"invented:5"}}),
		line("events not published", "stripe", map[string]any{"Unpublished": 1.}),
		line("events not published", "unknown", map[string]any{"Unpublished": 1.}),
	}, w.metrics(t))
}

// A republished event is old, and its latency would hide those of new ones.
func TestReplay(t *testing.T) {
	b := records("1")
	b.Replay, b.Records[0].Change.CreatedAt = "run-1", 0
	w := &world{}
	w.handle(t, t.Context(), b)
	assert.Equal(t, map[string]bool{"run-1": true}, w.target.replays)
	lines := w.metrics(t)
	require.Len(t, lines, 1)
	assert.Equal(t, "run-1", lines[0]["replay"])
	assert.NotContains(t, lines[0], contract.MetricEndToEndLatency)

	// The operator's command reads from the response what was not published.
	broken := record("2")
	broken.Change.NewImage = nil
	b.Records = append(b.Records, broken)
	w = &world{}
	w.handle(t, t.Context(), b)
	assert.JSONEq(t, `{"batchItemFailures":[],"unpublished":[{"sequenceNumber":"2","reason":"unreadable"}]}`, w.response)

	w = &world{}
	b.Replay = ""
	w.handle(t, t.Context(), b)
	assert.NotContains(t, w.response, "unpublished", "Lambda's response has no other member")
	assert.NotContains(t, w.lines.String(), contract.MetricPublishLatency, "a record without the time of storing")
}

// Lambda's records have members that the publisher does not read.
func TestBatchIsLambdas(t *testing.T) {
	text := `{"Records":[{"eventID":"1","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1","eventName":"INSERT",
		"dynamodb":{"ApproximateCreationDateTime":1772366402,"Keys":{"eventId":{"S":"stripe:1"},"timestamp":{"N":"1772366400000"}},
		"NewImage":{"schema":{"S":"paysluice.event/1"},"eventId":{"S":"stripe:1"},"timestamp":{"N":"1772366400000"},"provider":{"S":"stripe"},
		"category":{"S":"other"},"payload":{"B":"AA=="},"receivedAt":{"N":"1772366401000"}},
		"SequenceNumber":"111","SizeBytes":26,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"arn"}]}`
	b, err := function.DecodeJSON[publisher.Batch]([]byte(text))
	require.NoError(t, err)
	w := &world{}
	assert.Empty(t, w.handle(t, t.Context(), b))
	assert.Equal(t, []string{"stripe:1"}, w.target.published)
	assert.EqualValues(t, []any{1000.}, w.metrics(t)[0]["StoreLatency"])
}

func TestDecodeUnpublished(t *testing.T) {
	for why, text := range map[string]string{
		"no JSON":           "poison",
		"Lambda's message":  `{"requestContext":{"condition":"RetryAttemptsExhausted"},"DDBStreamBatchInfo":{"shardId":"shardId-1"}}`,
		"an empty document": `{}`,
	} {
		_, err := publisher.DecodeUnpublished(text)
		require.ErrorIs(t, err, publisher.ErrUnpublished, why)
	}
}
