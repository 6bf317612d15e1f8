package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

func TestFailuresAndReplayRejectFlags(t *testing.T) {
	for command, says := range map[string]string{
		"failures":                                         "failures needs a command: list, show, stats, restore or unpublished",
		"failures list --provider strip":                   "--provider must be one of stripe, paypal, square",
		"failures list --reason full":                      "--reason must be one of receives-exhausted, conflict, expired,",
		"failures list --prefix oversize/30d/":             "--prefix selects oversize/, which holds no archived messages",
		"failures list --prefix replays/":                  "--prefix selects replays/, which holds no archived messages",
		"failures list --prefix reconciliations/stripe/":   "--prefix selects reconciliations/, which holds no archived messages",
		"failures list --provider paypal --prefix stripe/": "--prefix stripe/ is not of the provider paypal",
		"failures list --since yesterday --reason full":    "must be a time before now such as 90m, 2h or 3d, a day such as 2026-11-01 (UTC), or RFC 3339; --reason must be",
		"failures list --limit -1":                         "--limit must be 0 or more",
		"failures list --livemode maybe":                   "--livemode must be true or false",
		"failures show":                                    "accepts 1 arg(s), received 0",
		"failures stats --category none":                   "--category none does not exist: docs/events.md lists them",
		"failures stats --by-day=2":                        `invalid argument "2" for "--by-day" flag`,
		"failures restore --days 0":                        "--days must be 1 to 365",
		"failures restore --days 366":                      "--days must be 1 to 365",
		"failures restore --tier Slow":                     "--tier must be Bulk, Standard, Expedited",
		"failures restore --reason full":                   "--reason must be one of",
		"replay --rate 0":                                  "--rate must be 1 to 1000",
		"replay --rate 1001":                               "--rate must be 1 to 1000",
		"replay --wait -1s":                                "--wait must be 0 or more",
		"replay --wait soon":                               `invalid argument "soon" for "--wait" flag`,
		"replay --resume x --since 2h":                     "--resume continues a run with its own filter: leave --since out",
		"replay --resume x --dry-run":                      "--resume continues a run with its own filter: leave --dry-run out",
		"replay --until 2026-01-01 --since 2026-02-01":     "--until must be after --since",
		"replay --until x":                                 `--until: "x" must be a time`,
		"replay x":                                         "a key of the archive looks like stripe/2026/11/01/….json, unlike x",
		"replay stripe/2026/11/01/x.json --since 2h":       "the keys select the messages: leave --since out",
		"replay --resume x stripe/2026/11/01/x.json":       "--resume continues a run with its own messages: leave the keys out",
		"replay list x":                                    `it takes no argument: leave "x" out`,
	} {
		t.Run(command, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, exitUsage, Run(t.Context(), strings.Fields(command), nil, &stdout, &stderr))
			assert.Empty(t, stdout.String())
			assert.Contains(t, stderr.String(), says)
			assert.Equal(t, 1, strings.Count(stderr.String(), errUsage.Error()), stderr.String())
		})
	}
}

// The flags of older releases name what the stack's outputs name.
func TestLegacyTargets(t *testing.T) {
	s := &stack.Stack{Name: "prod", Outputs: map[string]string{"BucketName": "b", "QueueUrl": "q"}}
	var notice bytes.Buffer
	a := &app{err: &notice}
	require.NoError(t, a.legacyTargets(s, replayFlags{}))
	assert.False(t, a.yes)
	require.ErrorIs(t, a.legacyTargets(s, replayFlags{bucket: "other"}), errUsage)
	require.NoError(t, a.legacyTargets(s, replayFlags{bucket: "b", queue: "q"}))
	assert.True(t, a.yes, "older releases did not ask")
	assert.Contains(t, notice.String(), "paysluice: --queue is not needed: the stack is found by itself; the next release refuses it\n")

	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitUsage, Run(t.Context(), []string{"replay", "-bucket", "b", "--queue=q", "-rate", "0"}, nil, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "-bucket is spelled --bucket now")
}

func TestConfirm(t *testing.T) {
	for answer, want := range map[string]string{
		"y\n": "", "YES\n": "", "no\n": "not confirmed: nothing was done", "": "--yes confirms without a question",
	} {
		var stderr bytes.Buffer
		err := (&app{in: strings.NewReader(answer), err: &stderr}).confirm(t.Context(), "Send 3 messages?")
		assert.Equal(t, "Send 3 messages? [y/N] ", stderr.String())
		if want == "" {
			require.NoError(t, err, answer)
			continue
		}
		require.ErrorIs(t, err, errDeclined, answer)
		assert.ErrorContains(t, err, want)
	}
	require.NoError(t, (&app{yes: true}).confirm(t.Context(), "?"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w := io.Pipe() // nobody answers
	defer w.Close()
	require.ErrorIs(t, (&app{in: r, err: io.Discard}).confirm(ctx, "?"), context.Canceled)
}

func TestInterruptedCommands(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupt signal received"))
	for _, command := range []string{
		"failures list", "failures show stripe:evt_1", "failures stats", "failures restore", "replay", "replay --resume x", "replay list",
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, exitInterrupted, Run(ctx, strings.Fields(command), nil, &stdout, &stderr), command)
		assert.Contains(t, stderr.String(), ": interrupt signal received\n")
	}
}

func TestMeter(t *testing.T) {
	at := time.Unix(0, 0)
	var out bytes.Buffer
	m := (&app{err: &out, now: func() time.Time { return at }}).newMeter()
	m.end() // of nothing
	m.show(replay.Progress{Stage: replay.Planning, Done: 100})
	for done := 0; done <= 40; done += 10 {
		m.show(replay.Progress{Stage: replay.Sending, Done: done, Total: 40, Failed: done / 40})
		at = at.Add(4 * time.Second)
	}
	m.show(replay.Progress{Stage: replay.Proving, Done: 40, Total: 40, Failed: 2})
	m.end()
	assert.Equal(t, "planning: 100\nsending: 30 of 40, 2 a second\nsending: 40 of 40, 1 not sent, 2 a second\nproving: 40 of 40, 2 failed\n", out.String())
}

func TestMeterOnATerminal(t *testing.T) {
	var out bytes.Buffer
	m := &meter{out: &out, now: time.Now, terminal: true}
	m.show(replay.Progress{Stage: replay.Proving, Total: 40})
	m.show(replay.Progress{Stage: replay.Proving, Done: 20, Total: 40})
	m.end()
	assert.Contains(t, out.String(), "proving ")
	assert.Contains(t, out.String(), "proving: 20 of 40\n")
	assert.False(t, isTerminal(&out))
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	assert.False(t, isTerminal(null))
}

func TestFailureFields(t *testing.T) {
	assert.Equal(t, [][2]string{
		{"key", "k"}, {"failureReason", "conflict"}, {"storage", "glacier"}, {"archivedAt", "1970-01-01T00:00:01Z"},
		{"eventId", "stripe:evt_1"}, {"type", "charge.refunded"},
	}, failureFields(failure.Failure{
		Key: "k", Reason: "conflict", Storage: failure.Glacier, ArchivedAt: 1000, EventID: "stripe:evt_1", Type: "charge.refunded",
	}))
	assert.Contains(t, failureFields(failure.Failure{Event: &event.Event{ID: "stripe:evt_1"}, Payload: []byte("12")}), [2]string{"payload", "2 bytes"})
}

func TestResultsOfRuns(t *testing.T) {
	result := runColumns()[2].Text
	for want, r := range map[string]replay.Summary{
		"unfinished":   {Record: replay.Record{Total: 2}, Done: 1},
		"not proved":   {Record: replay.Record{Total: 2}, Done: 2},
		"1 not stored": {Proof: &replay.Proof{Missing: make([]replay.Missing, 1)}},
		"all stored":   {Proof: &replay.Proof{}},
	} {
		assert.Equal(t, want, result(r))
	}
}

// bucket is an archive in memory with one message. It plays a table of one row or none
// and an empty queue too.
type bucket struct {
	*memory.S3
	broken string               // prefix that cannot be listed
	head   *s3.HeadObjectOutput // for all objects if it is set
	now    time.Time
	row    map[string]dynamotypes.AttributeValue
}

var errDown = errors.New("down")

func newBucket(t *testing.T, class types.StorageClass) *bucket {
	t.Helper()
	b := &bucket{S3: memory.NewS3(time.Now), now: time.Now(), broken: "none"}
	_, err := b.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new("b")})
	require.NoError(t, err)
	e := event.Event{Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe", PayloadSHA256: event.HashPayload(nil)}
	m := event.Archived{Schema: event.ArchiveSchema, FailureReason: "receives-exhausted", Message: []byte(event.Encode(e)), Event: &e}
	_, err = b.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: new("b"), Key: new(m.Key()), Body: bytes.NewReader(event.EncodeArchived(m)), StorageClass: class,
	})
	require.NoError(t, err)
	return b
}

func (b *bucket) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, o ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if strings.HasPrefix(*in.Prefix, b.broken) {
		return nil, errDown
	}
	return b.S3.ListObjectsV2(ctx, in, o...)
}

func (b *bucket) HeadObject(ctx context.Context, in *s3.HeadObjectInput, o ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	if b.head != nil {
		return b.head, nil
	}
	return b.S3.HeadObject(ctx, in, o...)
}

func (b *bucket) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: b.row}, nil
}

func (*bucket) SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return &sqs.SendMessageOutput{}, nil
}

func (*bucket) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return &sqs.GetQueueAttributesOutput{}, nil
}

func (b *bucket) engine() *replay.Engine {
	return &replay.Engine{
		Records: replay.Records{Objects: b, BucketName: "b", Concurrency: 1, Now: func() time.Time { return b.now }},
		Archive: failure.New(b, "b"), Table: b, Queue: b, Providers: all.All(all.Settings{}),
		Rate: replay.MaxRate, Patience: replay.DefaultPatience,
		Sleep: func(_ context.Context, d time.Duration) error { b.now = b.now.Add(d); return nil },
	}
}

func TestRestore(t *testing.T) {
	b := newBucket(t, types.StorageClassGlacier)
	var stdout, stderr bytes.Buffer
	a := &app{out: &stdout, err: &stderr, yes: true}
	restore := func() error {
		return a.restore(t.Context(), failure.New(b, "b"), failure.Filter{}, 7, "Bulk")
	}
	b.head = &s3.HeadObjectOutput{StorageClass: types.StorageClassGlacier, Restore: new(`ongoing-request="true"`)}
	require.NoError(t, restore())
	assert.Equal(t, "1 message is being restored already\nno archived message that matches waits in Glacier\n", stderr.String())
	b.head = nil
	require.NoError(t, restore())
	b.head = &s3.HeadObjectOutput{StorageClass: types.StorageClassGlacier}
	require.ErrorContains(t, restore(), "(0 of 1 restore is requested; the command can be repeated)")
	b.broken = "stripe/"
	require.ErrorIs(t, restore(), errDown)
}

func TestReplayFails(t *testing.T) {
	b := newBucket(t, "")
	a := &app{out: fullDisk{}, err: io.Discard, yes: true, now: time.Now, format: output.NDJSON}
	e := b.engine()
	require.ErrorIs(t, a.newReplay(t.Context(), &stack.Stack{}, e, replay.Selection{}, true), errFull)
	err := a.newReplay(t.Context(), &stack.Stack{}, e, replay.Selection{}, false)
	require.ErrorContains(t, err, "GetCallerIdentity", "a stack without a region")
	b.broken = "replays/"
	require.ErrorIs(t, a.newReplay(t.Context(), &stack.Stack{}, e, replay.Selection{}, false), errDown)
	require.ErrorIs(t, a.listRuns(t.Context(), &e.Records), errDown)
	b.broken = "none"

	plan, err := e.Plan(t.Context(), replay.Selection{}, func(replay.Progress) {})
	require.NoError(t, err)
	run, err := e.Start(t.Context(), e.NewID(), plan, "me")
	require.NoError(t, err)
	require.ErrorIs(t, a.finishReplay(t.Context(), e, run), errFull, "the missing events")
}

// One is a singular.
func TestReplayOfOneEvent(t *testing.T) {
	b := newBucket(t, "")
	e := b.engine()
	e.QueueURL = "https://q"
	var stderr bytes.Buffer
	a := &app{in: strings.NewReader("n\n"), out: io.Discard, err: &stderr, now: time.Now, format: output.Table}
	require.ErrorIs(t, a.newReplay(t.Context(), &stack.Stack{}, e, replay.Selection{}, false), errDeclined)
	assert.Contains(t, stderr.String(), "Send 1 message to https://q, 1000 a second? [y/N] ")
	plan, err := e.Plan(t.Context(), replay.Selection{}, func(replay.Progress) {})
	require.NoError(t, err)
	run, err := e.Start(t.Context(), e.NewID(), plan, "me")
	require.NoError(t, err)
	require.ErrorIs(t, a.finishReplay(t.Context(), e, run), errFound)
	assert.Contains(t, stderr.String(), "0 events are stored, 1 not; to look again: ")
	b.row = map[string]dynamotypes.AttributeValue{"payloadSha256": &dynamotypes.AttributeValueMemberS{Value: event.HashPayload(nil)}}
	require.NoError(t, a.finishReplay(t.Context(), e, run))
	assert.Contains(t, stderr.String(), "\nthe event is stored\n")
}

// A message that was replaced after the plan is not counted as sent.
func TestReplayOfAReplacedMessage(t *testing.T) {
	b := newBucket(t, "")
	e := b.engine()
	plan, err := e.Plan(t.Context(), replay.Selection{}, func(replay.Progress) {})
	require.NoError(t, err)
	run, err := e.Start(t.Context(), e.NewID(), plan, "me")
	require.NoError(t, err)
	_, err = b.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: new("b"), Key: &plan.Entries[0].Key, Body: bytes.NewReader(event.EncodeArchived(event.Archived{Schema: event.ArchiveSchema, FailureReason: "expired"})),
	})
	require.NoError(t, err)
	var stderr bytes.Buffer
	a := &app{out: io.Discard, err: &stderr, now: time.Now, format: output.Table}
	require.ErrorIs(t, a.finishReplay(t.Context(), e, run), errFound)
	require.ErrorIs(t, a.resumeReplay(t.Context(), e, run.ID), errFound)
	assert.Contains(t, stderr.String(), "run "+run.ID+": 0 of 1 message is sent\n")
}

func TestNoRunsAndSeveralFailures(t *testing.T) {
	var stdout, stderr bytes.Buffer
	a := &app{out: &stdout, err: &stderr, format: output.Table}
	require.NoError(t, a.listRuns(t.Context(), &newBucket(t, "").engine().Records))
	assert.Equal(t, "no run yet\n", stderr.String())
	require.NoError(t, a.showFailures([]failure.Failure{{Key: "a"}, {Key: "b"}}))
	assert.Equal(t, "key  a\n\nkey  b\n", stdout.String())
	a.out = fullDisk{}
	require.ErrorIs(t, a.showFailures([]failure.Failure{{Key: "a"}}), errFull)
}
