package event_test

import (
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

var sent = time.Date(2026, 3, 2, 0, 0, 1, 0, time.UTC)

// archived returns a dead letter with that event, or with an unreadable message.
func archived(e *event.Event) event.Archived {
	a := event.Archived{
		Schema: event.ArchiveSchema, Message: []byte("poison"), Event: e, FailureReason: "receives-exhausted",
		ReceiveCount: 4, SentAt: sent.UnixMilli(), FirstReceivedAt: sent.UnixMilli() + 5, ArchivedAt: sent.UnixMilli() + 900_000,
		Queue: "arn:aws:sqs:us-east-1:000000000000:webhook-dlq-test", MessageID: "5f0f1a3e-1",
	}
	if e != nil {
		a.Message = []byte(event.Encode(*e))
	}
	return a
}

func TestArchivedKeepsEveryFieldAndByte(t *testing.T) {
	for _, want := range []event.Archived{archived(new(sample([]byte("\x00\xff")))), archived(nil)} {
		got, err := event.DecodeArchived(event.EncodeArchived(want))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestDecodeArchivedRefuses(t *testing.T) {
	for _, row := range []struct{ why, text string }{
		{"not JSON", "marked poison"},
		{"a field of another type", `{"message":["marked"]}`},
		{"another version", `{"schema":"marked/2"}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := event.DecodeArchived([]byte(row.text))
			require.ErrorIs(t, err, event.ErrArchive)
			assert.NotContains(t, err.Error(), "marked", "errors are logged")
		})
	}
}

func TestKeyOfAnArchivedEvent(t *testing.T) {
	const hash = "-230d8358dc8e8890.json" // printf body | sha256sum
	long := strings.Repeat("x", 194)      // one byte too long with "stripe:"
	for _, row := range []struct {
		why    string
		change func(*event.Event)
		want   string
	}{
		{"the day of receipt", func(*event.Event) {}, "stripe/2026/05/28/stripe:evt_1" + hash},
		{"the day is in UTC", func(e *event.Event) {
			e.ReceivedAt = time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("", -3600)).UnixMilli()
		}, "stripe/2026/03/02/stripe:evt_1" + hash},
		{"the day of sending without a time of receipt", func(e *event.Event) { e.ReceivedAt = 0 }, "stripe/2026/03/02/stripe:evt_1" + hash},
		{"the day of sending with an invalid time of receipt", func(e *event.Event) { e.ReceivedAt = 1 << 62 }, "stripe/2026/03/02/stripe:evt_1" + hash},
		{"a quarantined body has its message id: its sender can choose the request id", func(e *event.Event) { e.ID = "" },
			"stripe/2026/05/28/5f0f1a3e-1" + hash},
		{"an id with relative path segments", func(e *event.Event) { e.ID = "../../x" }, "stripe/2026/05/28/%2E.%2F..%2Fx" + hash},
		{"a provider that is one", func(e *event.Event) { e.Provider = ".." }, "%2E./2026/05/28/stripe:evt_1" + hash},
		{"special characters", func(e *event.Event) { e.ID = "a b\x00é\"" }, "stripe/2026/05/28/a%20b%00%C3%A9%22" + hash},
		{"200 bytes are kept", func(e *event.Event) { e.ID = "stripe:" + long[:193] }, "stripe/2026/05/28/stripe:" + long[:193] + hash},
		{"201 are hashed", func(e *event.Event) { e.ID = "stripe:" + long },
			"stripe/2026/05/28/sha256-" + event.HashPayload([]byte("stripe:"+long)) + hash},
		{"a payload in S3", func(e *event.Event) { *e = byReference() }, "stripe/2026/05/28/stripe:evt_1" + hash},
	} {
		t.Run(row.why, func(t *testing.T) {
			e := sample([]byte("body"))
			row.change(&e)
			assert.Equal(t, row.want, archived(&e).Key())
		})
	}
}

func TestKeyOfAMessageThatCannotBeRead(t *testing.T) {
	const hash = "-5743abddddfa08c1.json" // printf poison | sha256sum
	a := archived(nil)
	assert.Equal(t, "unknown/2026/03/02/5f0f1a3e-1"+hash, a.Key())
	assert.True(t, strings.HasPrefix(a.Key(), contract.UnknownPrefix), "the prefix of the lifecycle rule")

	a.SentAt, a.MessageID = 0, ""
	assert.Equal(t, "unknown/1970/01/01/_"+hash, a.Key(), "without any attribute")
}

func TestMetadata(t *testing.T) {
	assert.Equal(t, map[string]string{
		"failure-reason": "receives-exhausted", "message-id": "5f0f1a3e-1", "receive-count": "4",
		"provider": "stripe", "event-id": "stripe:evt_1", "event-type": "payment_intent.succeeded",
	}, archived(new(sample(nil))).Metadata())
	assert.Equal(t, map[string]string{
		"failure-reason": "receives-exhausted", "message-id": "5f0f1a3e-1", "receive-count": "4",
	}, archived(nil).Metadata())
}

// FuzzArchived checks that S3 accepts the key and metadata of every message. A
// message that it refuses would expire in webhook-dlq.
func FuzzArchived(f *testing.F) {
	e := sample([]byte("body"))
	f.Add(e.ID, e.Provider, e.Type, e.RequestID, e.PayloadSHA256, e.ReceivedAt, "m-1", "conflict", int64(1))
	f.Add("../x", "..", "\xff\x00", ".", "zz", int64(-1), "\n", " ", int64(1)<<62)
	f.Add(strings.Repeat("é", 5000), "/", "", "", "", int64(0), "", "", int64(0))
	keyShape := regexp.MustCompile(`^[!-~]+/\d{4}/\d\d/\d\d/[!-~]+-[0-9a-f]{16}\.json$`)
	valueShape := regexp.MustCompile(`^[!-~]{1,200}$`)
	f.Fuzz(func(t *testing.T, id, provider, typ, request, hash string, receivedAt int64, message, reason string, sentAt int64) {
		a := archived(&event.Event{
			ID: id, Provider: provider, Type: typ, RequestID: request, PayloadSHA256: hash, ReceivedAt: receivedAt,
		})
		a.MessageID, a.FailureReason, a.SentAt = message, reason, sentAt
		unreadable := a
		unreadable.Event = nil
		for _, a := range []event.Archived{a, unreadable} {
			key := a.Key()
			assert.Regexp(t, keyShape, key)
			assert.LessOrEqual(t, len(key), 450)
			assert.Equal(t, path.Clean(key), key, "path.Clean does not change it")
			assert.Equal(t, 4, strings.Count(key, "/"))
			assert.True(t, strings.HasPrefix(key, a.Provider()+"/"))

			size := 0
			for name, value := range a.Metadata() {
				assert.Regexp(t, valueShape, value)
				size += len("x-amz-meta-") + len(name) + len(value)
			}
			assert.LessOrEqual(t, size, 1200)
		}
	})
}

func TestMessageKeyTellsMessagesApart(t *testing.T) {
	a := event.Archived{MessageID: "m/1", Event: &event.Event{ID: "stripe:evt_1", Provider: "stripe"}}
	assert.Equal(t, strings.TrimSuffix(a.Key(), ".json")+"-m%2F1.json", a.MessageKey())
	a.MessageID = strings.Repeat("m", 900)
	a.Event.ID, a.Event.Provider = a.MessageID, a.MessageID
	assert.LessOrEqual(t, len(a.MessageKey()), 660)
}

func TestHasKey(t *testing.T) {
	mine, uuid := archived(new(sample([]byte("body")))), "-5fea7756-0ea4-451a-a703-a558b933e274.json"
	mine.MessageID = "5fea7756-0ea4-451a-a703-a558b933e274"
	prefix, hash := mine.KeyPrefix(), "0123456789abcdef"
	require.Equal(t, "stripe/2026/05/28/stripe:evt_1-", prefix)
	for key, want := range map[string]bool{
		mine.Key(): true, mine.MessageKey(): true,
		prefix + hash + ".json": true, // another body of the event
		prefix + hash + uuid:    true,
		// Other events, whose ids begin with this one and a hyphen.
		prefix + "2-" + hash + ".json":                          false,
		prefix + hash + "-" + hash + ".json":                    false,
		prefix + hash + "-" + hash + uuid:                       false,
		prefix + strings.ToUpper(hash) + ".json":                false,
		prefix + hash:                                           false,
		strings.Replace(prefix, "28", "29", 1) + hash + ".json": false, // another day
	} {
		assert.Equal(t, want, mine.HasKey(key), key)
	}
}
