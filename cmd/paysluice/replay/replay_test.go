package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

const (
	bucketName = "failed-webhooks"
	tableName  = "WebhookEvents"
)

var errDown = errors.New("down")

// cloud is a stack in memory. Its consumer stores messages at once.
type cloud struct {
	*memory.S3
	mu     sync.Mutex
	sent   []string
	rows   map[string]event.Event // by id
	queued int                    // messages that the queues report
	listed *s3.ListObjectsV2Input // the latest

	archives map[string]string // reason by event id: the consumer archives these again
	drops    map[string]bool   // by event id: without a trace
	hooks    map[string]func() error
	after    map[string]func() error // they replace the answer
}

func newCloud(t *testing.T, n int) *cloud {
	t.Helper()
	c := &cloud{
		S3: memory.NewS3(time.Now), rows: map[string]event.Event{}, archives: map[string]string{}, drops: map[string]bool{},
		hooks: map[string]func() error{}, after: map[string]func() error{},
	}
	_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new(bucketName)})
	require.NoError(t, err)
	for i := range n {
		c.add(t, archived(i, contract.ReasonReceivesExhausted))
	}
	return c
}

func archived(i int, reason string) event.Archived {
	body := fmt.Appendf(nil, "secret body %d", i)
	e := event.Event{
		Schema: event.Schema, ID: fmt.Sprintf("stripe:evt_%03d", i), Timestamp: int64(i), Provider: "stripe", ReceivedAt: 1,
		Payload: body, PayloadSHA256: event.HashPayload(body),
	}
	return event.Archived{Schema: event.ArchiveSchema, FailureReason: reason, MessageID: "first", Message: []byte(event.Encode(e)), Event: &e}
}

func (c *cloud) add(t *testing.T, m event.Archived) string {
	t.Helper()
	c.put(t, m.Key(), m, "")
	return m.Key()
}

func (c *cloud) put(t *testing.T, key string, m event.Archived, class types.StorageClass) {
	t.Helper()
	_, err := c.S3.PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: new(bucketName), Key: &key, Body: bytes.NewReader(event.EncodeArchived(m)), StorageClass: class,
	})
	require.NoError(t, err)
}

// hook runs the hook of a call, once if it fails.
func (c *cloud) hook(hooks map[string]func() error, name string) error {
	c.mu.Lock()
	do := hooks[name]
	c.mu.Unlock()
	if do == nil {
		return nil
	}
	return do()
}

func (c *cloud) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if err := c.hook(c.hooks, "PutObject"); err != nil {
		return nil, err
	}
	out, err := c.S3.PutObject(ctx, in, o...)
	if lost := c.hook(c.after, "PutObject"); lost != nil {
		return nil, lost
	}
	return out, err
}

func (c *cloud) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if err := c.hook(c.hooks, "GetObject "+*in.Key); err != nil {
		return nil, err
	}
	return c.S3.GetObject(ctx, in, o...)
}

func (c *cloud) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, o ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if err := c.hook(c.hooks, "ListObjectsV2"); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.listed = in
	c.mu.Unlock()
	return c.S3.ListObjectsV2(ctx, in, o...)
}

func (c *cloud) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if err := c.hook(c.hooks, "GetItem"); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.rows[in.Key[contract.EventIDAttribute].(*dynamodbtypes.AttributeValueMemberS).Value]
	if !ok {
		return &dynamodb.GetItemOutput{}, nil
	}
	return &dynamodb.GetItemOutput{Item: table.ToItem(e)}, nil
}

func (c *cloud) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	e, err := event.Decode(*in.MessageBody)
	if err != nil {
		return nil, err
	}
	if err := c.hook(c.hooks, "SendMessage"); err != nil {
		return nil, err
	}
	if err := c.hook(c.hooks, "SendMessage "+e.ID); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.sent = append(c.sent, e.ID)
	reason := c.archives[e.ID]
	_, taken := c.rows[e.ID]
	if reason == "" && !c.drops[e.ID] && !taken {
		c.rows[e.ID] = e
	}
	c.mu.Unlock()
	if reason != "" {
		m := event.Archived{
			Schema: event.ArchiveSchema, FailureReason: reason, MessageID: "again", SentAt: time.Now().UnixMilli(), ArchivedAt: time.Now().UnixMilli(),
			Message: []byte(*in.MessageBody), Event: &e,
		}
		_, _ = c.S3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: new(bucketName), Key: new(m.MessageKey()), Body: bytes.NewReader(event.EncodeArchived(m))})
	}
	return &sqs.SendMessageOutput{}, c.hook(c.after, "SendMessage "+e.ID)
}

func (c *cloud) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	if err := c.hook(c.hooks, "GetQueueAttributes"); err != nil {
		return nil, err
	}
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"ApproximateNumberOfMessages": fmt.Sprint(c.queued)}}, nil
}

func (c *cloud) engine() *replay.Engine {
	return &replay.Engine{
		Records: c.records(replay.Replay),
		Archive: failure.New(c, bucketName), Table: c, Queue: c, Providers: all.All(all.Settings{}),
		TableName: tableName, QueueURL: "queue", DeadLetterURL: "dlq",
		Rate: replay.MaxRate, Patience: replay.DefaultPatience, Sleep: replay.Sleep,
	}
}

func (c *cloud) records(kind replay.Kind) replay.Records {
	return replay.Records{Kind: kind, Objects: c, BucketName: bucketName, Concurrency: 4, Now: time.Now}
}

func ignore(replay.Progress) {}

func (c *cloud) plan(t *testing.T, s replay.Selection) replay.Plan {
	t.Helper()
	p, err := c.engine().Plan(t.Context(), s, ignore)
	require.NoError(t, err)
	return p
}

// start records a run of everything.
func (c *cloud) start(t *testing.T) *replay.Run {
	t.Helper()
	r, err := c.engine().Start(t.Context(), c.engine().NewID(), c.plan(t, replay.Selection{}), "arn:operator")
	require.NoError(t, err)
	return r
}

// finish loads a run as another process would, sends the rest and proves it.
func (c *cloud) finish(t *testing.T, id string) (*replay.Run, replay.Proof) {
	t.Helper()
	r, err := c.engine().Load(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, c.engine().Run(t.Context(), r, ignore))
	p, err := c.engine().Prove(t.Context(), r, ignore)
	require.NoError(t, err)
	return r, p
}

// test runs a test on virtual time.
func test(t *testing.T, n int, do func(t *testing.T, c *cloud)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { do(t, newCloud(t, n)) })
}

func TestPlanRunAndProof(t *testing.T) {
	test(t, 250, func(t *testing.T, c *cloud) {
		m := archived(0, "")
		c.rows[m.Event.ID] = *m.Event // stored meanwhile
		var stages []replay.Stage
		progress := func(p replay.Progress) {
			if !slices.Contains(stages, p.Stage) {
				stages = append(stages, p.Stage)
			}
		}

		plan, err := c.engine().Plan(t.Context(), replay.Selection{}, progress)
		require.NoError(t, err)
		assert.Empty(t, c.sent)
		assert.Equal(t, []replay.Group{
			{Provider: "stripe", Reason: "receives-exhausted", Count: 249, Samples: []string{archived(1, "").Key(), archived(2, "").Key(), archived(3, "").Key()}},
			{Provider: "stripe", Reason: "receives-exhausted", Skipped: "the table has it", Count: 1, Samples: []string{m.Key()}},
		}, plan.Groups)
		send, skipped := plan.Total()
		assert.Equal(t, []int{249, 1}, []int{send, skipped})

		r, err := c.engine().Start(t.Context(), c.engine().NewID(), plan, "arn:operator")
		require.NoError(t, err)
		_, err = c.engine().Prove(t.Context(), r, progress)
		require.ErrorIs(t, err, replay.ErrUnfinished)
		require.NoError(t, c.engine().Run(t.Context(), r, progress))
		proof, err := c.engine().Prove(t.Context(), r, progress)
		require.NoError(t, err)

		assert.Equal(t, replay.Proof{At: proof.At, Stored: 249}, proof)
		assert.Len(t, c.sent, 249)
		assert.Equal(t, []replay.Stage{replay.Planning, replay.Sending, replay.Proving}, stages)
		runs, err := c.engine().Runs(t.Context(), time.Time{})
		require.NoError(t, err)
		require.Len(t, runs, 1)
		assert.Equal(t, "arn:operator", runs[0].Who)
		assert.Equal(t, []int{249, 249, 249}, []int{runs[0].Total, runs[0].Done, runs[0].Proof.Stored})
		assert.Equal(t, plan.Groups, runs[0].Groups)
		for _, long := range []string{"entries.json", "notes/000001.json", "notes/000002.json"} {
			c.hooks["GetObject replays/"+r.ID+"/"+long] = func() error { return errDown }
		}
		one, err := c.engine().Summary(t.Context(), r.ID)
		require.NoError(t, err, "neither the entries nor older notes are read")
		assert.Equal(t, runs[0], one)
		assert.Equal(t, proof.At, one.At, "of the last note")
		clear(c.hooks)
		c.hasNoPayload(t)

		time.Sleep(time.Second)
		later := c.start(t)
		runs, err = c.engine().Runs(t.Context(), time.Time{})
		require.NoError(t, err)
		assert.Equal(t, []string{later.ID, r.ID}, []string{runs[0].ID, runs[1].ID}, "the newest first")
		runs, err = c.engine().Runs(t.Context(), later.StartedAt)
		require.NoError(t, err)
		assert.Len(t, runs, 1)
		after := *c.listed.StartAfter
		one, err = c.engine().Summary(t.Context(), later.ID)
		require.NoError(t, err)
		assert.Equal(t, runs[0], one, "nothing is sent yet")
		assert.Contains(t, later.ID, strings.TrimPrefix(after, contract.ReplaysPrefix), "older records are not listed")
	})
}

// hasNoPayload reads the records.
func (c *cloud) hasNoPayload(t *testing.T) {
	t.Helper()
	out, err := c.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: new(bucketName), Prefix: new(contract.ReplaysPrefix)})
	require.NoError(t, err)
	require.NotEmpty(t, out.Contents)
	for _, o := range out.Contents {
		object, err := c.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: new(bucketName), Key: o.Key})
		require.NoError(t, err)
		text, err := io.ReadAll(object.Body)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "payload\"", *o.Key)
		assert.NotContains(t, string(text), "c2VjcmV0", *o.Key) // "secret" in base64
	}
}

func TestPlanOfSelectedMessages(t *testing.T) {
	test(t, 9, func(t *testing.T, c *cloud) {
		var keys []string
		for _, i := range []int{7, 2, 5, 0, 8, 2} { // one twice
			keys = append(keys, archived(i, "").Key())
		}
		c.rows[archived(0, "").Event.ID] = *archived(0, "").Event
		plan := c.plan(t, replay.Selection{Keys: keys, Filter: failure.Filter{Reason: "conflict"}})
		assert.Equal(t, []replay.Group{
			{Provider: "stripe", Reason: "receives-exhausted", Count: 4, Samples: []string{keys[1], keys[2], keys[0], keys[4]}},
			{Provider: "stripe", Reason: "receives-exhausted", Skipped: "the table has it", Count: 1, Samples: []string{keys[3]}},
		}, plan.Groups, "all of them are named")
		r, err := c.engine().Start(t.Context(), c.engine().NewID(), plan, "arn:operator")
		require.NoError(t, err)
		require.NoError(t, c.engine().Run(t.Context(), r, ignore))
		assert.ElementsMatch(t, []string{"stripe:evt_002", "stripe:evt_005", "stripe:evt_007", "stripe:evt_008"}, c.sent)
		again, err := c.engine().Load(t.Context(), r.ID)
		require.NoError(t, err)
		assert.Equal(t, keys, again.Selection.Keys, "the record says what was selected")

		for _, row := range []struct {
			why, says string
			keys      []string
			err       error
		}{
			{"too many", "invalid selection: at most 1000 messages can be selected one by one, and 1001 are", make([]string, replay.MaxKeys+1), replay.ErrKeys},
			{"a record of a run", "looks like stripe/2026/11/01/….json, unlike replays/", []string{keys[0], contract.ReplaysPrefix + r.ID + "/start.json"}, replay.ErrKeys},
			{"a message that is gone", "the archive has no such key: stripe/1970/01/01/none.json", []string{keys[0], "stripe/1970/01/01/none.json"}, failure.ErrMissing},
		} {
			_, err := c.engine().Plan(t.Context(), replay.Selection{Keys: row.keys}, ignore)
			require.ErrorIs(t, err, row.err, row.why)
			assert.ErrorContains(t, err, row.says, row.why)
		}
	})
}

func TestPlanSkips(t *testing.T) {
	test(t, 1, func(t *testing.T, c *cloud) {
		for i, reason := range []string{"conflict", "expired", "sender-mismatch", "other_mode", "signature-reused"} {
			c.add(t, archived(10+i, reason))
		}
		twice := archived(0, contract.ReasonReceivesExhausted)
		c.put(t, twice.MessageKey(), twice, "")
		c.put(t, "stripe/2026/01/01/foreign.json", archived(20, "receives-exhausted"), "")
		cold := archived(21, "receives-exhausted")
		c.put(t, cold.Key(), cold, types.StorageClassGlacier)
		poison := event.Archived{Schema: event.ArchiveSchema, FailureReason: "receives-exhausted", Message: []byte("poison")}
		c.add(t, poison)
		imaginary := event.Event{Schema: event.Schema, ID: "imaginary:1", Provider: "imaginary", PayloadSHA256: event.HashPayload(nil)}
		other := event.Archived{Schema: event.ArchiveSchema, FailureReason: "receives-exhausted", Message: []byte(event.Encode(imaginary)), Event: &imaginary}
		c.add(t, other)

		counts := func(s replay.Selection) map[string]int {
			found := map[string]int{}
			for _, g := range c.plan(t, s).Groups {
				found[g.Skipped] += g.Count
			}
			return found
		}
		want := map[string]int{
			"": 1,
			"the table has different content with its key; --conflicts sends it": 1,
			"it is older than EventRetentionDays":                                1,
			"the processor of another provider sent it":                          1,
			"its mode is not that of the secret's entry; --other-mode sends it":  1,
			"another body has its signature; --conflicts sends it":               1,
			"another archived message has the same event":                        1,
			"its key is not its own":                                             1,
			"it is in Glacier: restore it with paysluice failures restore":       1,
			"not an event that can be stored":                                    1,
		}
		assert.Equal(t, want, counts(replay.Selection{}))
		assert.Equal(t, map[string]int{`unknown provider: "imaginary"`: 1}, counts(replay.Selection{Filter: failure.Filter{Prefix: "imaginary/"}}))
		assert.Equal(t, 4, counts(replay.Selection{Conflicts: true, OtherMode: true})[""])
	})
}

// restoring is a bucket with restores under way.
type restoring struct{ *cloud }

func (restoring) HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return &s3.HeadObjectOutput{StorageClass: types.StorageClassGlacier, Restore: new(`ongoing-request="true"`)}, nil
}

func TestPlanSkipsWhatIsRestored(t *testing.T) {
	test(t, 0, func(t *testing.T, c *cloud) {
		cold := archived(1, "receives-exhausted")
		c.put(t, cold.Key(), cold, types.StorageClassGlacier)
		e := c.engine()
		e.Archive = failure.New(restoring{c}, bucketName)
		p, err := e.Plan(t.Context(), replay.Selection{}, ignore)
		require.NoError(t, err)
		assert.Equal(t, "its restore from Glacier is under way", p.Groups[0].Skipped)
	})
}

func TestProofNamesWhatIsMissing(t *testing.T) {
	test(t, 5, func(t *testing.T, c *cloud) {
		r := c.start(t)
		require.Len(t, r.Entries, 5)
		c.archives["stripe:evt_001"] = contract.ReasonConflict
		c.drops["stripe:evt_002"] = true
		// The table has the event in another rendering, which the consumer recognizes.
		c.rows["stripe:evt_003"] = event.Event{ID: "stripe:evt_003", Provider: "stripe"}
		// The object is gone when its turn comes.
		c.hooks["GetObject "+archived(4, "").Key()] = func() error { return &types.NoSuchKey{} }

		_, proof := c.finish(t, r.ID)

		missing := func(i int, reason string, again bool) replay.Missing {
			m := archived(i, "")
			return replay.Missing{Key: m.Key(), EventID: m.Event.ID, Timestamp: m.Event.Timestamp, Reason: reason, Again: again}
		}
		assert.Equal(t, replay.Proof{At: proof.At, Stored: 2, Missing: []replay.Missing{
			missing(1, contract.ReasonConflict, true),
			missing(2, "no trace: the queues are empty, and neither the table nor the archive has it", false),
			missing(4, "not sent: the archive has it no longer", false),
		}}, proof)
		s, err := c.engine().Summary(t.Context(), r.ID)
		require.NoError(t, err)
		assert.Equal(t, proof.Missing, s.Proof.Missing)
		assert.Equal(t, s.Total, s.Done)
	})
}

func TestProofGivesUp(t *testing.T) {
	test(t, 1, func(t *testing.T, c *cloud) {
		r := c.start(t)
		c.drops["stripe:evt_000"], c.queued = true, 1
		require.NoError(t, c.engine().Run(t.Context(), r, ignore))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := c.engine().Prove(ctx, r, ignore)
		require.ErrorIs(t, err, context.DeadlineExceeded, "Ctrl-C")
		start := time.Now()

		_, proof := c.finish(t, r.ID)

		assert.Equal(t, "not stored yet: the queue still has messages", proof.Missing[0].Reason)
		assert.GreaterOrEqual(t, time.Since(start), replay.DefaultPatience)
	})
}

// A message that was replaced or removed after the plan is not sent.
func TestRunSendsOnlyWhatWasPlanned(t *testing.T) {
	test(t, 2, func(t *testing.T, c *cloud) {
		r := c.start(t)
		m := archived(0, contract.ReasonExpired)
		c.add(t, m)
		m = archived(1, contract.ReasonConflict)
		m.FailureReason = contract.ReasonReceivesExhausted + "?"
		c.add(t, m)

		_, proof := c.finish(t, r.ID)

		assert.Empty(t, c.sent)
		again, err := c.engine().Load(t.Context(), r.ID)
		require.NoError(t, err)
		s, err := c.engine().Summary(t.Context(), r.ID)
		require.NoError(t, err)
		assert.Equal(t, []int{2, 0, 2, 0}, []int{again.Done(), again.Sent(), s.Done, s.Sent()})
		require.Len(t, proof.Missing, 2)
		assert.Equal(t, "not sent: it is older than EventRetentionDays", proof.Missing[0].Reason)
		assert.Equal(t, "not sent: the archived message is not the planned one", proof.Missing[1].Reason)
	})
}

// An event that is stored after the plan is not sent: by another run of the same messages, or
// by the provider.
func TestRunLeavesOutStoredEvents(t *testing.T) {
	test(t, 3, func(t *testing.T, c *cloud) {
		old, latest := c.start(t), c.start(t)
		c.finish(t, latest.ID)
		require.Len(t, c.sent, 3)
		delete(c.rows, "stripe:evt_001")
		c.hooks["GetItem"] = func() error { return errDown }
		require.ErrorIs(t, c.engine().Run(t.Context(), old, ignore), errDown, "the table cannot be read")
		require.Len(t, c.sent, 3)
		clear(c.hooks)

		r, proof := c.finish(t, old.ID)

		assert.Equal(t, []string{"stripe:evt_001"}, c.sent[3:])
		assert.Equal(t, []int{1, 3}, []int{r.Sent(), r.Done()})
		assert.Equal(t, replay.Proof{At: proof.At, Stored: 3}, proof)
	})
}

func answer(status int) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errDown,
	}}
}

// TestInterruptedRun resumes a run after its first process failed at the 14th
// message. Nothing is sent twice and everything is stored.
func TestInterruptedRun(t *testing.T) {
	const at = "SendMessage stripe:evt_014"
	for _, row := range []struct {
		why     string
		fail    func(c *cloud, stop func()) (want error)
		settles bool // the fate of the message is not known
	}{
		{"SQS refuses a message", func(c *cloud, _ func()) error {
			c.hooks[at] = func() error { return &sqstypes.QueueDoesNotExist{} }
			return &sqstypes.QueueDoesNotExist{}
		}, false},
		{"SQS answers 403", func(c *cloud, _ func()) error {
			c.hooks[at] = func() error { return answer(403) }
			return errDown
		}, false},
		{"SQS answers 500 and has it", func(c *cloud, _ func()) error {
			c.after[at] = func() error { return answer(500) }
			return errDown
		}, true},
		{"the request is lost", func(c *cloud, _ func()) error {
			c.hooks[at] = func() error { return errDown }
			return errDown
		}, true},
		{"the answer is lost", func(c *cloud, _ func()) error {
			c.after[at] = func() error { return errDown }
			return errDown
		}, true},
		{"the answer is lost and the message fails again", func(c *cloud, _ func()) error {
			c.archives["stripe:evt_014"] = contract.ReasonConflict
			c.after[at] = func() error { return errDown }
			return errDown
		}, true},
		{"the archive cannot be read", func(c *cloud, _ func()) error {
			c.hooks["GetObject "+archived(14, "").Key()] = func() error { return errDown }
			return errDown
		}, false},
		{"Ctrl-C", func(c *cloud, stop func()) error {
			c.hooks[at] = func() error { stop(); return nil }
			return context.Canceled
		}, false},
		{"the process is killed: no record of the batch", func(c *cloud, _ func()) error {
			c.hooks[at] = func() error {
				c.mu.Lock() // other messages are being sent
				defer c.mu.Unlock()
				c.hooks["PutObject"] = func() error { return errDown }
				return errDown
			}
			return errDown
		}, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			test(t, 30, func(t *testing.T, c *cloud) {
				r := c.start(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				want := row.fail(c, cancel)
				err := c.engine().Run(ctx, r, ignore)
				require.ErrorAs(t, err, &want)
				assert.Less(t, len(c.sent), 20, "it stops soon")
				assert.Equal(t, c.hooks["PutObject"] != nil, errors.Is(err, replay.ErrUnrecorded))
				clear(c.hooks)
				clear(c.after)

				settled := false
				r, err = c.engine().Load(t.Context(), r.ID)
				require.NoError(t, err)
				require.NoError(t, c.engine().Run(t.Context(), r, func(p replay.Progress) { settled = settled || p.Stage == replay.Settling }))
				proof, err := c.engine().Prove(t.Context(), r, ignore)
				require.NoError(t, err)

				assert.Equal(t, row.settles, settled)
				assert.Equal(t, 30, proof.Stored+len(proof.Missing))
				assert.Len(t, proof.Missing, len(c.archives))
				slices.Sort(c.sent)
				assert.Len(t, slices.Compact(c.sent), 30)
				assert.Len(t, c.sent, 30, "nothing is sent twice")
			})
		})
	}
}

// While a queue has messages, nobody knows whether the batch was sent. It is left to
// another plan.
func TestUnsettledMessagesAreNotSentAgain(t *testing.T) {
	test(t, 1, func(t *testing.T, c *cloud) {
		r := c.start(t)
		c.hooks["SendMessage"] = func() error { return errDown }
		require.ErrorIs(t, c.engine().Run(t.Context(), r, ignore), errDown)
		clear(c.hooks)
		c.queued = 1
		var last replay.Progress
		require.NoError(t, c.engine().Run(t.Context(), r, func(p replay.Progress) { last = p }))
		assert.Equal(t, replay.Progress{Stage: replay.Sending, Done: 1, Total: 1, Failed: 1}, last)

		_, proof := c.finish(t, r.ID)

		assert.Empty(t, c.sent)
		assert.Contains(t, proof.Missing[0].Reason, "plan another replay")
	})
}

// A start without an answer can be repeated: it is the same run, and its messages are sent once.
func TestStartIsRepeated(t *testing.T) {
	test(t, 3, func(t *testing.T, c *cloud) {
		plan, id := c.plan(t, replay.Selection{}), c.engine().NewID()
		for _, lose := range []func(){
			func() { c.after["PutObject"] = func() error { return errDown } },
			func() { c.hooks["GetObject replays/"+id+"/start.json"] = func() error { return errDown } },
		} {
			lose()
			_, err := c.engine().Start(t.Context(), id, plan, "arn:operator")
			require.ErrorIs(t, err, errDown)
			clear(c.hooks)
			clear(c.after)
		}
		c.finish(t, id) // another process resumes what the failed start recorded
		r, err := c.engine().Start(t.Context(), id, plan, "arn:operator")
		require.NoError(t, err)
		require.NoError(t, c.engine().Run(t.Context(), r, ignore))
		assert.Len(t, c.sent, 3)
		runs, err := c.engine().Runs(t.Context(), time.Time{})
		require.NoError(t, err)
		assert.Len(t, runs, 1)
	})
}

func TestTwoProcessesOfOneRun(t *testing.T) {
	test(t, 1, func(t *testing.T, c *cloud) {
		mine := c.start(t)
		theirs, err := c.engine().Load(t.Context(), mine.ID)
		require.NoError(t, err)
		require.NoError(t, c.engine().Run(t.Context(), theirs, ignore))
		err = c.engine().Run(t.Context(), mine, ignore)
		require.ErrorIs(t, err, replay.ErrBusy)
		assert.ErrorContains(t, err, "wait until it ends: paysluice replay list shows how far "+mine.ID+" is")
		assert.Len(t, c.sent, 1)
	})
}

// The SDK repeats a put after a lost answer, and S3 refuses the repetition.
func TestOwnNoteIsNoOtherProcess(t *testing.T) {
	test(t, 1, func(t *testing.T, c *cloud) {
		r := c.start(t)
		c.after["PutObject"] = func() error {
			delete(c.after, "PutObject")
			return &smithy.GenericAPIError{Code: "PreconditionFailed"}
		}
		require.NoError(t, c.engine().Run(t.Context(), r, ignore))
		assert.Len(t, c.sent, 1)
		c.hooks["PutObject"] = func() error { return &smithy.GenericAPIError{Code: "PreconditionFailed"} }
		_, err := c.engine().Prove(t.Context(), r, ignore)
		require.ErrorIs(t, err, replay.ErrNotFound, "the note that is taken cannot be read")
	})
}

func TestRunKeepsItsRate(t *testing.T) {
	test(t, 20, func(t *testing.T, c *cloud) {
		r := c.start(t)
		e := c.engine()
		e.Rate = 4
		start := time.Now()
		require.NoError(t, e.Run(t.Context(), r, ignore))
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

// A batch that hangs ends before another process could take it for settled.
func TestHangingBatchEnds(t *testing.T) {
	test(t, 2, func(t *testing.T, c *cloud) {
		r := c.start(t)
		e := c.engine()
		e.Concurrency = 1
		c.hooks["SendMessage"] = func() error { time.Sleep(40 * time.Second); return nil }
		start := time.Now()
		require.ErrorIs(t, e.Run(t.Context(), r, ignore), context.DeadlineExceeded)
		assert.Less(t, time.Since(start), 65*time.Second)
		assert.Len(t, c.sent, 1)
	})
}

func TestServicesFail(t *testing.T) {
	for call, n := range map[string]int{"ListObjectsV2": 2, "GetItem": 2, "GetItem ": 101, "GetQueueAttributes": 2, "PutObject": 2} {
		t.Run(call, func(t *testing.T) {
			call := strings.TrimSpace(call)
			test(t, n, func(t *testing.T, c *cloud) {
				r := c.start(t)
				require.NoError(t, c.engine().Run(t.Context(), r, ignore))
				plan := c.plan(t, replay.Selection{})
				c.hooks[call] = func() error { return errDown }
				c.rows = map[string]event.Event{} // so that the proof looks further

				_, err := c.engine().Prove(t.Context(), r, ignore)
				if call == "ListObjectsV2" {
					assert.ErrorIs(t, err, errDown)
					_, err = c.engine().Runs(t.Context(), time.Time{})
					require.ErrorIs(t, err, errDown)
					_, err = c.engine().Summary(t.Context(), r.ID)
				}
				if call == "ListObjectsV2" || call == "GetItem" {
					require.ErrorIs(t, err, errDown)
					_, err = c.engine().Plan(t.Context(), replay.Selection{}, ignore)
				}
				require.ErrorIs(t, err, errDown)
				if call == "PutObject" || call == "ListObjectsV2" {
					_, err = c.engine().Start(t.Context(), c.engine().NewID(), plan, "me")
					require.ErrorIs(t, err, errDown)
				}
			})
		})
	}
}

func TestSettlingFails(t *testing.T) {
	test(t, 1, func(t *testing.T, c *cloud) {
		r := c.start(t)
		c.hooks["SendMessage"] = func() error { return errDown }
		require.ErrorIs(t, c.engine().Run(t.Context(), r, ignore), errDown)
		c.hooks["GetItem"] = func() error { return errDown }
		require.ErrorIs(t, c.engine().Run(t.Context(), r, ignore), errDown)
	})
}

func TestLoadRefuses(t *testing.T) {
	test(t, 1, func(t *testing.T, c *cloud) {
		r := c.start(t)
		require.NoError(t, c.engine().Run(t.Context(), r, ignore))
		for _, id := range []string{"none", r.ID + "/notes", ""} {
			_, err := c.engine().Load(t.Context(), id)
			require.ErrorIs(t, err, replay.ErrNotFound, id)
			_, err = c.engine().Summary(t.Context(), id)
			require.ErrorIs(t, err, replay.ErrNotFound, id)
		}
		for _, name := range []string{"entries.json", "notes/000001.json", "start.json"} {
			c.hooks["GetObject replays/"+r.ID+"/"+name] = func() error { return &types.NoSuchKey{} }
			_, err := c.engine().Load(t.Context(), r.ID)
			require.ErrorIs(t, err, replay.ErrNotFound, name)
			c.hooks["GetObject replays/"+r.ID+"/"+name] = func() error { return errDown }
			_, err = c.engine().Load(t.Context(), r.ID)
			require.ErrorIs(t, err, errDown, name)
			if name == "start.json" {
				_, err = c.engine().Runs(t.Context(), time.Time{})
				require.ErrorIs(t, err, errDown)
				_, err = c.engine().Summary(t.Context(), r.ID)
				require.ErrorIs(t, err, errDown)
			}
			clear(c.hooks)
		}
		c.hooks["GetObject replays/"+r.ID+"/notes/000002.json"] = func() error { return errDown }
		_, err := c.engine().Runs(t.Context(), time.Time{})
		require.ErrorIs(t, err, errDown)
		clear(c.hooks)
		_, err = c.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new(bucketName), Key: new("replays/" + r.ID + "/notes/000003.json"), Body: strings.NewReader("{")})
		require.NoError(t, err)
		_, err = c.engine().Load(t.Context(), r.ID)
		require.ErrorContains(t, err, "read s3://failed-webhooks/replays/")
	})
}

func TestSleepEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, replay.Sleep(ctx, time.Hour), context.Canceled)
}
