package archiver_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
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

// archive is an archive in memory that fails for the message with id refuse.
type archive struct {
	mu     sync.Mutex
	kept   map[string]event.Archived
	refuse string
}

func (a *archive) Put(_ context.Context, m event.Archived) (string, error) {
	if m.MessageID == a.refuse {
		return "", errDown
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept[m.Key()] = m
	return "s3://bucket/" + m.Key(), nil
}

// fixture is an archiver with its dependencies.
type fixture struct {
	archive archive
	now     time.Time
	senders function.Senders
	log     bytes.Buffer
}

func newFixture() *fixture {
	return &fixture{archive: archive{kept: map[string]event.Archived{}}, now: now}
}

// handle returns the ids of the failed messages.
func (f *fixture) handle(t *testing.T, records ...events.SQSMessage) []string {
	t.Helper()
	h := archiver.Handler{
		Archive:     &f.archive,
		Concurrency: 2,
		Senders:     f.senders,
		Log:         function.NewLogger(&f.log, "INFO"),
		Metrics:     function.NewMetrics(&f.log, "test", time.Now),
		Now:         func() time.Time { return f.now },
	}
	answer, err := h.Handle(t.Context(), events.SQSEvent{Records: records})
	require.NoError(t, err, "an error would fail the whole batch")
	failed := []string{}
	for _, failure := range answer.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}

// redriven returns a message that SQS moved to webhook-dlq.
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

// sent returns a message that a function sent to webhook-dlq.
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
		ReceivedAt: 1_772_323_199_999, RequestID: "req-1", ExtendedRequestID: "ext-1", PayloadSHA256: event.HashPayload(payload), Payload: payload,
	}
}

func TestLogLineOfAnArchivedMessage(t *testing.T) {
	hash := event.HashPayload([]byte("marked payload"))
	attributes := `"messageId":"m-1","receiveCount":4,"sentAt":1772323200000,"firstReceivedAt":1772323200500,` +
		`"queue":"arn:aws:sqs:us-east-1:000000000000:webhook-dlq-test"`
	for body, want := range map[string]string{
		event.Encode(stored("stripe:evt_1")): `"provider":"stripe","reason":"receives-exhausted",` +
			`"archivedTo":"s3://bucket/stripe/2026/02/28/stripe:evt_1-` + hash[:16] + `.json",` + attributes +
			`,"eventId":"stripe:evt_1","eventTimestamp":1772323100000,"type":"charge.failed","apiRequestId":"req-1","extendedRequestId":"ext-1","payloadSha256":"` + hash + `"}`,
		"marked poison": `"provider":"unknown","reason":"receives-exhausted",` +
			`"archivedTo":"s3://bucket/unknown/2026/03/01/m-1-` + event.HashPayload([]byte("marked poison"))[:16] + `.json",` + attributes + "}",
	} {
		f := newFixture()
		f.handle(t, redriven("m-1", body))
		assert.Contains(t, f.log.String(), `"level":"ERROR","message":"dead letter archived",`+want)
		assert.NotContains(t, f.log.String(), "marked")
	}
}

func TestEveryMessageIsArchived(t *testing.T) {
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
		{"not an event message", redriven("m-4", "poison"), "receives-exhausted", false},
		{"without attributes", withoutAttributes, "receives-exhausted", false},
		{"a reason that is not a string", binary, "receives-exhausted", false},
		{"with whitespace", redriven("m-8", "  x \n"), "receives-exhausted", false},
		{"empty", redriven("m-7", ""), "receives-exhausted", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()

			assert.Empty(t, f.handle(t, row.record))

			want := event.Archived{
				Schema: event.ArchiveSchema, FailureReason: row.reason, ReceiveCount: 4,
				SentAt: 1_772_323_200_000, FirstReceivedAt: 1_772_323_200_500, ArchivedAt: now.UnixMilli(),
				Queue: row.record.EventSourceARN, MessageID: row.record.MessageId, Message: []byte(row.record.Body),
			}
			if row.record.Attributes == nil {
				want.ReceiveCount, want.SentAt, want.FirstReceivedAt = 0, 0, 0
			}
			if row.readable {
				e, err := event.DecodeReceipt(row.record.Body)
				require.NoError(t, err)
				want.Event = &e
			}
			assert.Equal(t, map[string]event.Archived{want.Key(): want}, f.archive.kept)
		})
	}
}

func TestRedeliveryReplacesTheObject(t *testing.T) {
	f := newFixture()
	for _, body := range []string{event.Encode(stored("stripe:evt_1")), event.Encode(stored("")), "poison"} {
		again := redriven("m-1", body)
		again.Attributes = map[string]string{"ApproximateReceiveCount": "5", "SentTimestamp": "1772323200000"}
		require.Empty(t, f.handle(t, redriven("m-1", body)))
		f.now = f.now.Add(24 * time.Hour)
		require.Empty(t, f.handle(t, again))
	}
	assert.Len(t, f.archive.kept, 3)
}

func TestMessageThatS3RefusesFails(t *testing.T) {
	f := newFixture()
	f.archive.refuse = "m-2"

	failed := f.handle(t, redriven("m-1", "a"), redriven("m-2", event.Encode(stored("stripe:evt_1"))), redriven("m-3", "c"))

	assert.Equal(t, []string{"m-2"}, failed)
	assert.Len(t, f.archive.kept, 2)
	assert.Contains(t, f.log.String(), `"message":"dead letter not archived","messageId":"m-2","receiveCount":"4","error":"down","eventId":"stripe:evt_1","provider":"stripe"`)
}

func TestArchivedMessagesAreCountedByProviderAndReason(t *testing.T) {
	f := newFixture()

	f.handle(t,
		redriven("m-1", event.Encode(stored("stripe:evt_1"))),
		redriven("m-2", event.Encode(stored("stripe:evt_2"))),
		sent("m-3", event.Encode(stored("stripe:evt_3")), "conflict"),
		sent("m-4", "poison", strings.Repeat("marked ", 1000)))

	for _, want := range []string{
		`"Archived":2,"Environment":"test","Provider":"stripe",.*"reason":"receives-exhausted"`,
		`"Archived":1,"Environment":"test","Provider":"stripe",.*"reason":"conflict"`,
		`"Archived":1,"Environment":"test","Provider":"unknown",.*"reason":"sha256-`,
	} {
		assert.Regexp(t, want, f.log.String())
	}
	assert.NotContains(t, f.log.String(), "marked", "an invalid reason is not logged")
}

// TestPrefixesAreOfTheStacksProviders: the attacker has the role of PayPal's
// processor, which may send to webhook-dlq.
func TestPrefixesAreOfTheStacksProviders(t *testing.T) {
	of := func(provider string) string {
		e := stored(event.NewID(provider, "evt_1"))
		e.Provider = provider
		return event.Encode(e)
	}
	for _, row := range []struct {
		why, sender, body, prefix, reason string
	}{
		{"its own", "AROAPAYPAL:paypal-processor-prod", of("paypal"), "paypal/", "why"},
		{"an event of Stripe", "AROAPAYPAL:paypal-processor-prod", of("stripe"), "unknown/", "sender-mismatch"},
		{"a provider that does not exist", "AROAPAYPAL:paypal-processor-prod", of("invented"), "unknown/", "why"},
		{"large payloads' prefix", "AROAPAYPAL:paypal-processor-prod", of("oversize"), "unknown/", "why"},
		{"the consumer keeps a conflict", "AROACONSUMER:event-consumer-prod", of("stripe"), "stripe/", "why"},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			f.senders = function.ParseSenders("stripe=AROASTRIPE,paypal=AROAPAYPAL")
			record := sent("m-1", row.body, "why")
			record.Attributes[function.SenderAttribute] = row.sender
			assert.Empty(t, f.handle(t, record))
			for key, m := range f.archive.kept {
				assert.True(t, strings.HasPrefix(key, row.prefix), key)
				assert.Equal(t, row.reason, m.FailureReason)
				assert.Equal(t, row.body, string(m.Message), "nothing is lost")
			}
			assert.Len(t, f.archive.kept, 1)
			assert.Contains(t, f.log.String(), `"Provider":"`+strings.TrimSuffix(row.prefix, "/")+`"`, "the metric's dimension")
		})
	}
}
