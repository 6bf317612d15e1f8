package archiver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

var (
	errDown = errors.New("down")
	now     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// archive keeps messages as S3 does; before runs ahead of each put.
type archive struct {
	mu     sync.Mutex
	kept   map[string]event.Archived
	before func(context.Context, event.Archived) error
}

func (a *archive) Put(ctx context.Context, m event.Archived) (string, error) {
	if a.before != nil {
		if err := a.before(ctx, m); err != nil {
			return "", err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept[m.Key()] = m
	return "s3://bucket/" + m.Key(), nil
}

// fixture is an archiver with everything around it.
type fixture struct {
	archive archive
	now     time.Time
	log     bytes.Buffer
}

func newFixture() *fixture {
	return &fixture{archive: archive{kept: map[string]event.Archived{}}, now: now}
}

// handle returns the ids of the messages that stay in the queue.
func (f *fixture) handle(ctx context.Context, t *testing.T, records ...events.SQSMessage) []string {
	t.Helper()
	h := archiver.Handler{
		Archive:     &f.archive,
		Concurrency: 2,
		Log:         function.NewLogger(&f.log, "INFO"),
		Metrics:     function.NewMetrics(&f.log, "test", time.Now),
		Now:         func() time.Time { return f.now },
	}
	answer, err := h.Handle(ctx, events.SQSEvent{Records: records})
	require.NoError(t, err, "an error would fail the whole batch")
	require.NotNil(t, answer.BatchItemFailures)

	failed := []string{}
	for _, failure := range answer.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}

// redriven is a message that SQS moved here, as Lambda hands it over.
func redriven(id, body string) events.SQSMessage {
	return events.SQSMessage{
		MessageId:      id,
		Body:           body,
		EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:webhook-dlq-test",
		Attributes: map[string]string{
			"ApproximateReceiveCount":          "4",
			"SentTimestamp":                    "1772323200000",
			"ApproximateFirstReceiveTimestamp": "1772323200500",
		},
	}
}

// sent is a message that a function put here for a reason.
func sent(id, body, reason string) events.SQSMessage {
	record := redriven(id, body)
	record.MessageAttributes = map[string]events.SQSMessageAttribute{
		"failureReason": {DataType: "String", StringValue: &reason},
	}
	return record
}

func stored(id string) event.Event {
	payload := []byte("marked payload")
	return event.Event{
		Schema: event.Schema, ID: id, Timestamp: 1_772_323_100_000, Provider: "stripe", Type: "charge.failed",
		ReceivedAt: 1_772_323_199_999, RequestID: "req-1", PayloadSHA256: event.HashPayload(payload), Payload: payload,
	}
}

func TestRedrivenEventIsArchived(t *testing.T) {
	f := newFixture()
	e := stored("stripe:evt_1")

	failed := f.handle(t.Context(), t, redriven("m-1", event.Encode(e)))

	assert.Empty(t, failed)
	key := "stripe/2026/02/28/stripe:evt_1-" + e.PayloadSHA256[:16] + ".json"
	assert.Equal(t, map[string]event.Archived{key: {
		Schema: event.ArchiveSchema, FailureReason: "receives-exhausted", ReceiveCount: 4,
		SentAt: 1_772_323_200_000, FirstReceivedAt: 1_772_323_200_500, ArchivedAt: now.UnixMilli(),
		Queue: "arn:aws:sqs:us-east-1:000000000000:webhook-dlq-test", MessageID: "m-1",
		Message: []byte(event.Encode(e)), Event: &e,
	}}, f.archive.kept)
}

func TestWhatIsArchivedCanBeFoundByItsLogLine(t *testing.T) {
	f := newFixture()

	f.handle(t.Context(), t, redriven("m-1", event.Encode(stored("stripe:evt_1"))), redriven("m-2", "marked poison"))

	lines := errorLines(t, &f.log)
	require.Len(t, lines, 2)
	for _, line := range lines {
		delete(line, "timestamp")
	}
	hash := event.HashPayload([]byte("marked payload"))
	assert.Contains(t, lines, map[string]any{
		"level": "ERROR", "message": "dead letter archived",
		"archivedTo": "s3://bucket/stripe/2026/02/28/stripe:evt_1-" + hash[:16] + ".json",
		"provider":   "stripe", "reason": "receives-exhausted", "messageId": "m-1", "receiveCount": 4.0,
		"sentAt": 1_772_323_200_000.0, "firstReceivedAt": 1_772_323_200_500.0,
		"queue":   "arn:aws:sqs:us-east-1:000000000000:webhook-dlq-test",
		"eventId": "stripe:evt_1", "eventTimestamp": 1_772_323_100_000.0, "type": "charge.failed",
		"apiRequestId": "req-1", "payloadSha256": hash,
	})
	assert.Contains(t, lines, map[string]any{
		"level": "ERROR", "message": "dead letter archived",
		"archivedTo": "s3://bucket/unknown/2026/03/01/m-2-" + event.HashPayload([]byte("marked poison"))[:16] + ".json",
		"provider":   "unknown", "reason": "receives-exhausted", "messageId": "m-2", "receiveCount": 4.0,
		"sentAt": 1_772_323_200_000.0, "firstReceivedAt": 1_772_323_200_500.0,
		"queue": "arn:aws:sqs:us-east-1:000000000000:webhook-dlq-test",
	})
	assert.NotContains(t, f.log.String(), "marked")
}

func TestEveryMessageIsArchivedAsItCame(t *testing.T) {
	quarantined := stored("")
	withoutAttributes := redriven("m-5", "poison")
	withoutAttributes.Attributes = nil
	binary := redriven("m-6", "poison")
	binary.MessageAttributes = map[string]events.SQSMessageAttribute{"failureReason": {DataType: "Binary", BinaryValue: []byte("x")}}
	for _, row := range []struct {
		why      string
		record   events.SQSMessage
		reason   string
		readable bool
	}{
		{"redriven", redriven("m-1", event.Encode(stored("stripe:evt_1"))), "receives-exhausted", true},
		{"a conflict", sent("m-2", event.Encode(stored("stripe:evt_1")), "conflict"), "conflict", true},
		{"quarantined", sent("m-3", event.Encode(quarantined), "envelope_unreadable"), "envelope_unreadable", true},
		{"no message of ours", redriven("m-4", "poison"), "receives-exhausted", false},
		{"SQS says nothing of it", withoutAttributes, "receives-exhausted", false},
		{"a reason that is no text", binary, "receives-exhausted", false},
		{"its whitespace is part of it", redriven("m-8", "  x \n"), "receives-exhausted", false},
		{"empty", redriven("m-7", ""), "receives-exhausted", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()

			assert.Empty(t, f.handle(t.Context(), t, row.record))

			require.Len(t, f.archive.kept, 1)
			for _, m := range f.archive.kept {
				assert.Equal(t, row.record.Body, string(m.Message))
				assert.Equal(t, row.reason, m.FailureReason)
				assert.Equal(t, row.readable, m.Event != nil)
			}
		})
	}
}

func TestRedeliveryIsOneObject(t *testing.T) {
	f := newFixture()
	for _, body := range []string{event.Encode(stored("stripe:evt_1")), event.Encode(stored("")), "poison"} {
		again := redriven("m-1", body)
		again.Attributes = map[string]string{"ApproximateReceiveCount": "5", "SentTimestamp": "1772323200000"}
		require.Empty(t, f.handle(t.Context(), t, redriven("m-1", body)))
		f.now = f.now.Add(24 * time.Hour)
		require.Empty(t, f.handle(t.Context(), t, again))
	}
	assert.Len(t, f.archive.kept, 3)
}

func TestMessageThatS3RefusesStaysInTheQueue(t *testing.T) {
	f := newFixture()
	f.archive.before = func(_ context.Context, m event.Archived) error {
		if m.MessageID == "m-2" {
			return errDown
		}
		return nil
	}

	failed := f.handle(t.Context(), t, redriven("m-1", "a"), redriven("m-2", event.Encode(stored("stripe:evt_1"))), redriven("m-3", "c"))

	assert.Equal(t, []string{"m-2"}, failed)
	assert.Len(t, f.archive.kept, 2)
	assert.Contains(t, f.log.String(), `"message":"dead letter not archived","messageId":"m-2","receiveCount":"4","error":"down","eventId":"stripe:evt_1","provider":"stripe"`)
}

func TestNearItsDeadlineItLeavesTheRestInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.archive.before = func(ctx context.Context, m event.Archived) error {
			if m.MessageID == "fast" {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()

		failed := f.handle(ctx, t, redriven("slow", "a"), redriven("fast", "b"))

		assert.Equal(t, []string{"slow"}, failed)
		require.NoError(t, ctx.Err(), "there is time left to answer")
	})
}

func TestMessagesAreWrittenConcurrentlyWithinTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.archive.before = func(context.Context, event.Archived) error {
			time.Sleep(time.Second)
			return nil
		}
		start := time.Now()

		f.handle(t.Context(), t, redriven("m-1", "a"), redriven("m-2", "b"), redriven("m-3", "c"), redriven("m-4", "d"))

		assert.Equal(t, 2*time.Second, time.Since(start), "four writes of a second, two at a time")
	})
}

func TestArchivedIsCountedByProviderAndReason(t *testing.T) {
	f := newFixture()

	f.handle(t.Context(), t,
		redriven("m-1", event.Encode(stored("stripe:evt_1"))),
		redriven("m-2", event.Encode(stored("stripe:evt_2"))),
		sent("m-3", event.Encode(stored("stripe:evt_3")), "conflict"),
		sent("m-4", "poison", strings.Repeat("marked ", 1000)))

	for _, row := range []struct {
		provider, reason string
		n                float64
	}{{"stripe", "receives-exhausted", 2}, {"stripe", "conflict", 1}} {
		assert.True(t, anyLine(t, &f.log, func(line map[string]any) bool {
			return line["Archived"] == row.n && line["Provider"] == row.provider && line["reason"] == row.reason
		}), "%v in %s", row, &f.log)
	}
	assert.True(t, anyLine(t, &f.log, func(line map[string]any) bool {
		return line["Archived"] == 1.0 && line["Provider"] == "unknown"
	}))
	assert.NotContains(t, f.log.String(), "marked", "a reason that is not one is not repeated")
}

func anyLine(t *testing.T, log *bytes.Buffer, is func(map[string]any) bool) bool {
	t.Helper()
	for text := range strings.Lines(log.String()) {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		if is(line) {
			return true
		}
	}
	return false
}

func errorLines(t *testing.T, log *bytes.Buffer) []map[string]any {
	t.Helper()
	var lines []map[string]any
	anyLine(t, log, func(line map[string]any) bool {
		if line["level"] == "ERROR" {
			lines = append(lines, line)
		}
		return false
	})
	return lines
}

// FuzzArchive holds that no message fails for what it holds, and that its bytes
// are kept.
func FuzzArchive(f *testing.F) {
	f.Add(event.Encode(stored("stripe:evt_1")), "conflict", "m-1", "1772323200000")
	f.Add(event.Encode(stored("")), "envelope_unreadable", "", "-1")
	f.Add(`{"schema":"paysluice.event/1","provider":"..","eventId":"../x","payloadRef":"x","payloadSha256":""}`, "\x00", "/", "99999999999999999999")
	f.Add("poison", "é", " ", "")
	f.Fuzz(func(t *testing.T, body, reason, id, sentAt string) {
		fixture := newFixture()
		record := sent(id, body, reason)
		record.Attributes["SentTimestamp"] = sentAt

		assert.Empty(t, fixture.handle(t.Context(), t, record))

		require.Len(t, fixture.archive.kept, 1)
		for key, m := range fixture.archive.kept {
			assert.Equal(t, body, string(m.Message))
			assert.LessOrEqual(t, len(key)+len(fmt.Sprint(m.Metadata())), 2000)
		}
	})
}
