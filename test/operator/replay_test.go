package operator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// started and serial tell the archived events of the tests apart.
var (
	started = time.Now().UnixNano()
	serial  atomic.Int64
)

// archive puts n messages into the archive, as the archiver does, and returns them.
// They were received at a time of their own.
func archive(t *testing.T, n int, reason string, received time.Time, class types.StorageClass) []event.Archived {
	t.Helper()
	all := make([]event.Archived, n)
	for i := range all {
		number := started + serial.Add(1)
		body := fmt.Appendf(nil, `{"id":"evt_%d"}`, number)
		e := event.Event{
			Schema: event.Schema, ID: fmt.Sprintf("stripe:evt_%d", number), Timestamp: received.UnixMilli(), Provider: "stripe",
			Type: "charge.refunded", Category: event.RefundSucceeded, ReceivedAt: received.UnixMilli(),
			Payload: body, PayloadSHA256: event.HashPayload(body),
		}
		all[i] = event.Archived{
			Schema: event.ArchiveSchema, FailureReason: reason, ReceiveCount: 4, SentAt: received.UnixMilli(),
			ArchivedAt: received.Add(time.Minute).UnixMilli(), MessageID: fmt.Sprint(number), Message: []byte(event.Encode(e)), Event: &e,
		}
		put(t, all[i], class)
	}
	return all
}

func put(t *testing.T, m event.Archived, class types.StorageClass) {
	t.Helper()
	client := s3.NewFromConfig(stack.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: new(stack.Outputs["BucketName"]), Key: new(m.Key()), Body: bytes.NewReader(event.EncodeArchived(m)),
		Metadata: m.Metadata(), StorageClass: class, IfNoneMatch: new("*"),
	})
	require.NoError(t, err)
}

// day returns noon of a day on which no other test has failures, and the flags that
// select it.
func day(n int) (time.Time, []string) {
	at := time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC)
	return at, []string{"--since", at.Format(time.DateOnly), "--until", at.AddDate(0, 0, 1).Format(time.DateOnly)}
}

// with returns a command line with more words.
func with(words []string, more ...string) []string { return append(more, words...) }

// From the alarm to the proof: what failed and why, how many that are, and where
// they are afterwards.
func TestReplay(t *testing.T) {
	t.Parallel()
	recent := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	failed := archive(t, 3, contract.ReasonReceivesExhausted, recent, "")

	// Other tests archive what they send now.
	r := paysluice(t, "failures", "stats", "--since", "3h", "--until", "30m")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Regexp(t, `(?m)^stripe +receives-exhausted +3 +0 +`, r.stdout)

	csv := paysluice(t, "replay", "--since", "3h", "--until", "30m", "--dry-run", "-o", "csv").stdout
	assert.Contains(t, csv, "stripe,receives-exhausted,3,,"+failed[0].Key()+" ")
	assert.Contains(t, paysluice(t, "failures", "list", "--since", "3h", "--until", "30m", "-o", "csv").stdout, ","+failed[0].Key()+"\n")
	story := []string{"replay", "--since", "3h", "--until", "30m", "--reason", "receives-exhausted"}
	r = paysluice(t, append(story, "--dry-run", "-o", "json")...)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, failed[0].Key())
	assert.Contains(t, r.stderr, "3 would be sent, 0 skipped\n")

	r = paysluice(t, "replay", failed[2].Key(), "--dry-run", "-o", "json")
	assert.Contains(t, r.stdout, failed[2].Key())
	assert.Contains(t, r.stderr, "1 would be sent, 0 skipped\n", "a message by its key")

	r = paysluice(t, story...)
	assert.Equal(t, 1, r.code, "nobody answers the question")
	assert.Contains(t, r.stderr, "Send 3 messages to "+stack.Outputs["QueueUrl"]+", 50 a second? [y/N]")

	s := root()
	s.stdin = "y\n"
	r = s.run(t, story...)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, "all 3 events are stored\n")
	stderr := r.stderr
	for _, m := range failed {
		assert.Equal(t, string(m.Event.Payload), paysluice(t, "events", "payload", m.Event.ID).stdout)
	}
	r = paysluice(t, append(story, "--yes")...)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, "0 would be sent, 3 skipped\n", "the table has them")

	type run struct {
		ID, Who     string
		Total, Done int
		Proof       struct{ Stored int }
	}
	var runs []run
	require.NoError(t, json.Unmarshal([]byte(paysluice(t, "replay", "list", "-o", "json").stdout), &runs))
	mine := slices.IndexFunc(runs, func(run run) bool { return strings.Contains(stderr, "run "+run.ID+" started") })
	require.GreaterOrEqual(t, mine, 0)
	assert.Contains(t, runs[mine].Who, "arn:aws:iam::")
	assert.Equal(t, []int{3, 3, 3}, []int{runs[mine].Total, runs[mine].Done, runs[mine].Proof.Stored})
	assert.Contains(t, paysluice(t, "replay", "list").stdout, "3/3  all stored")
}

// An event with other content than the stored one fails again, as a conflict.
func TestReplayNamesTheSecondFailure(t *testing.T) {
	t.Parallel()
	p := contract.Stripe()
	a := accounts[p.Name]
	number := a.NewID()
	body := a.Body(number, 4999, senders.Created)
	status, _, err := stack.Post(t.Context(), p, a.Header(body, a.secret, time.Now()), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	var stored event.Event
	require.Eventually(t, func() bool {
		r := paysluice(t, "events", "get", a.EventID(number), "-o", "json")
		return r.code == 0 && json.Unmarshal([]byte(r.stdout), &stored) == nil
	}, waitTime, pollTime)
	at, filter := day(2)
	m := archive(t, 1, contract.ReasonReceivesExhausted, at, types.StorageClassGlacier)[0] // its event is another
	stored.Payload = []byte(`{"other":true}`)
	stored.PayloadSHA256, stored.ContentSHA256, stored.ReceivedAt = event.HashPayload(stored.Payload), "", at.UnixMilli()
	m.Event, m.Message = &stored, []byte(event.Encode(stored))
	put(t, m, "")

	r := paysluice(t, with(filter, "replay", "--yes", "-o", "csv")...)

	assert.Equal(t, 3, r.code, r.stderr)
	assert.Equal(t, "eventId,reason,key\n"+stored.ID+",conflict,"+m.Key()+"\n", r.stdout)
	assert.Contains(t, r.stderr, "it is in Glacier: restore it with paysluice failures restore")
	assert.Contains(t, r.stderr, "0 events are stored, 1 not; to look again: paysluice replay --resume ")
	assert.Contains(t, paysluice(t, "replay", "list").stdout, "1 not stored")
	r = paysluice(t, "failures", "show", stored.ID, "-o", "ndjson")
	assert.Equal(t, 2, strings.Count(r.stdout, "\n"), "both failures: %s", r.stdout)
	r = paysluice(t, "failures", "show", stored.ID, "--payload")
	assert.Contains(t, r.stderr, "the archive has several messages of this event: choose one by its key")
}

func TestFailures(t *testing.T) {
	t.Parallel()
	at, filter := day(3)
	m := archive(t, 1, contract.ReasonConflict, at, "")[0]
	cold := archive(t, 1, contract.ReasonReceivesExhausted, at, types.StorageClassGlacier)[0]
	poison := event.Archived{
		Schema: event.ArchiveSchema, FailureReason: contract.ReasonReceivesExhausted, MessageID: "m", SentAt: at.UnixMilli(), Message: []byte("poison"),
	}
	put(t, poison, "")
	gone, large := *m.Event, m
	gone.ID, gone.Payload, gone.PayloadRef = gone.ID+"-large", nil, "oversize/30d/stripe/2026-01-03/"+gone.PayloadSHA256
	large.Event, large.Message = &gone, []byte(event.Encode(gone))
	put(t, large, "")
	assert.Contains(t, paysluice(t, "failures", "show", large.Key(), "--payload").stderr, "get s3://"+stack.Outputs["BucketName"]+"/oversize/30d/")

	r := paysluice(t, with(filter, "failures", "list")...)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, 5, strings.Count(r.stdout, "\n"), "%s", r.stdout)
	assert.Regexp(t, `receives-exhausted +charge.refunded +glacier +`+cold.Key(), r.stdout)
	assert.Contains(t, paysluice(t, with(filter, "failures", "list", "--limit", "1")...).stderr, "the list ends after 1 failure; --limit shows more")
	assert.Contains(t, paysluice(t, with(filter, "failures", "list", "--provider", "unknown")...).stdout, poison.Key())
	r = paysluice(t, with(filter, "failures", "stats", "--by-day", "-o", "csv")...)
	assert.Contains(t, r.stdout, "stripe,2026-01-03,receives-exhausted,1,1,")

	r = paysluice(t, "failures", "show", m.Key())
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "conflict")
	assert.NotContains(t, r.stdout, string(m.Event.Payload))
	assert.Equal(t, string(m.Event.Payload), paysluice(t, "failures", "show", m.Event.ID, "--payload").stdout)
	assert.Equal(t, "poison", paysluice(t, "failures", "show", poison.Key(), "--payload").stdout)

	r = paysluice(t, "failures", "show", cold.Key(), "--payload")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "is in Glacier: restore it with paysluice failures restore --prefix "+cold.Key())
	assert.Contains(t, paysluice(t, with(filter, "failures", "restore")...).stderr, "Restore 1 archived message for 7 days with the tier Standard?")
	r = paysluice(t, with(filter, "failures", "restore", "--tier", "Expedited", "--yes")...)
	assert.Equal(t, result{0, cold.Key() + "\n", "1 restore requested; paysluice failures list shows storage empty when one is ready\n"}, r)
	require.Eventually(t, func() bool {
		return paysluice(t, "failures", "show", cold.Key(), "--payload").stdout == string(cold.Event.Payload)
	}, waitTime, time.Second)
	assert.Contains(t, paysluice(t, with(filter, "failures", "restore", "--yes")...).stderr, "no archived message that matches waits in Glacier")
}

func TestFailuresThatDoNotExist(t *testing.T) {
	t.Parallel()
	_, filter := day(4)
	for _, command := range [][]string{{"failures", "list"}, {"failures", "stats"}, {"replay"}, {"replay", "--dry-run"}} {
		r := paysluice(t, with(filter, command...)...)
		assert.Equal(t, 0, r.code, r.stderr)
		assert.Contains(t, r.stderr, "no archived message matches\n")
		assert.Empty(t, r.stdout)
	}
	for id, says := range map[string]string{
		"stripe:evt_none":                 "not found: the archive has no message of event stripe:evt_none",
		"stripe/2026/01/04/evt_none.json": "not found: the archive has no stripe/2026/01/04/evt_none.json",
		"evt_none":                        "evt_none is neither a key such as stripe/2026/11/01/….json nor an event id such as stripe:evt_1",
	} {
		r := paysluice(t, "failures", "show", id)
		assert.NotEqual(t, 0, r.code)
		assert.Contains(t, r.stderr, says)
	}
	r := paysluice(t, "replay", "--bucket", "other")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "--bucket is not that of the stack "+stack.Name)
	r = paysluice(t, "replay", "--resume", "none")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "no such run: none; paysluice replay list shows them")
}

func TestDeniedReplay(t *testing.T) {
	t.Parallel()
	at, filter := day(5)
	archive(t, 1, contract.ReasonReceivesExhausted, at, "")
	granted := []map[string]any{allow("*", "cloudformation:DescribeStacks", "sts:GetCallerIdentity", "kms:*")}
	for _, missing := range [][]string{{"s3:ListBucket", "s3:GetObject"}, {"dynamodb:GetItem"}, {"s3:PutObject"}, {"sqs:SendMessage", "sqs:GetQueueAttributes"}} {
		r := user(t, granted...).run(t, with(filter, "replay", "--yes")...)
		assert.Equal(t, 1, r.code, missing)
		assert.Contains(t, r.stderr, "access denied: "+missing[0]+" on ")
		granted = append(granted, allow("*", missing...))
	}
	r := user(t, granted...).run(t, with(filter, "replay", "--yes", "--prefix", "stripe/2026/01/05/")...)
	assert.Equal(t, 0, r.code, "these are all: %s", r.stderr)
	denied := user(t, granted[0])
	for _, command := range [][]string{with(filter, "failures", "list"), with(filter, "failures", "stats"), with(filter, "failures", "restore"),
		{"failures", "show", "stripe:evt_1"}, {"replay", "list"}} {
		r = denied.run(t, command...)
		assert.Equal(t, 1, r.code, command)
		assert.Contains(t, r.stderr, "access denied: s3:ListBucket on ", command)
	}
}

func TestInterruptedReplay(t *testing.T) {
	at, filter := day(6)
	all := archive(t, 60, contract.ReasonReceivesExhausted, at, "")

	// Between two batches: it takes a minute to find out what became of one that was under way.
	r := root().interrupted(t, func(string, string) bool { return paysluice(t, "events", "get", all[0].Event.ID).code == 0 },
		with(filter, "replay", "--yes", "--rate", "10")...)
	assert.Equal(t, 130, r.code, r.stderr)
	assert.Regexp(t, `\n[0-9]+ of 60 messages (is|are) sent; to resume: paysluice replay --resume \S+\n`, r.stderr)

	notice := paysluice(t, with(filter, "replay")...).stderr
	assert.Contains(t, notice, "is not finished, ", "before it asks")
	resume(t, r.stderr, all)
}

// Ctrl-C at a question does nothing else.
func TestInterruptedQuestion(t *testing.T) {
	t.Parallel()
	at, filter := day(8)
	archive(t, 1, contract.ReasonReceivesExhausted, at, types.StorageClassGlacier)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer write.Close()
	defer read.Close()
	s := root()
	s.terminal = read
	r := s.interrupted(t, func(_, stderr string) bool { return strings.Contains(stderr, "[y/N]") }, with(filter, "failures", "restore")...)
	assert.Equal(t, 130, r.code, r.stderr)
	assert.Contains(t, paysluice(t, with(filter, "failures", "list")...).stdout, "glacier")
}

// After a process was killed in a batch, nobody knows which messages of it were sent.
func TestKilledReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits a minute until the queues count as empty")
	}
	at, filter := day(7)
	all := archive(t, 40, contract.ReasonReceivesExhausted, at, "")
	cmd := root().command(t, with(filter, "replay", "--yes", "--rate", "10")...)
	var stderr locked
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return strings.Contains(stderr.String(), " started\n") }, waitTime, 10*time.Millisecond)
	time.Sleep(time.Second) // in the first batch
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	started := regexp.MustCompile(`run (\S+) started`).FindStringSubmatch(stderr.String())
	resume(t, "--resume "+started[1], all)
}

// resume resumes the run that a text names, and expects that every message was
// sent once and every event is stored.
func resume(t *testing.T, text string, all []event.Archived) {
	t.Helper()
	id := strings.Fields(text[strings.LastIndex(text, "--resume ")+9:])[0]
	before, err := stack.Logs(t.Context(), contract.ConsumerName)
	require.NoError(t, err)
	r := paysluice(t, "replay", "--resume", id)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stderr, fmt.Sprintf("all %d events are stored\n", len(all)))
	after, err := stack.Logs(t.Context(), contract.ConsumerName)
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(after[len(before):], "\n"), `"Duplicates":`, "nothing was sent twice")
}
