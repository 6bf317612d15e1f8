package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

var errDown = errors.New("down")

// archive holds messages by key. A nil message is another object.
type archive struct {
	messages map[string]*event.Archived
	failing  string // key that cannot be read
	listErr  error  // after the last key
}

func (a *archive) Keys(_ context.Context, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(a.messages)) {
			if strings.HasPrefix(key, prefix) && key > after && !yield(key, nil) {
				return
			}
		}
		if a.listErr != nil {
			yield("", a.listErr)
		}
	}
}

func (a *archive) Get(_ context.Context, key string) (event.Archived, error) {
	m := a.messages[key]
	switch {
	case key == a.failing:
		return event.Archived{}, errDown
	case m == nil:
		return event.Archived{}, fmt.Errorf("%w: %s", event.ErrArchive, key)
	}
	return *m, nil
}

// queue keeps the messages it receives, and rejects one body.
type queue struct {
	mu       sync.Mutex
	bodies   []string
	rejected string
}

func (q *queue) Send(_ context.Context, body, failureReason string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if body == q.rejected || failureReason != "" {
		return errDown
	}
	q.bodies = append(q.bodies, body)
	return nil
}

// fixture is an archive of n events below stripe/, and a queue.
type fixture struct {
	archive       archive
	queue         queue
	sent, skipped bytes.Buffer
}

func newFixture(n int) *fixture {
	f := &fixture{archive: archive{messages: map[string]*event.Archived{}}}
	for i := range n {
		f.add(i, "receives-exhausted")
	}
	return f
}

// add archives the i-th message under its key.
func (f *fixture) add(i int, reason string) { f.archive.messages[key(i)] = numbered(i, reason) }

func numbered(i int, reason string) *event.Archived {
	return archived(fmt.Sprintf("evt_%02d", i), reason)
}

// key returns the key of the i-th message.
func key(i int) string { return numbered(i, "").Key() }

// archived returns a message with an event, or a quarantined one when id is "".
func archived(id, reason string) *event.Archived {
	e := event.Event{Schema: event.Schema, Provider: "stripe", PayloadSHA256: event.HashPayload(nil)}
	if id != "" {
		e.ID = event.NewID("stripe", id)
	}
	return &event.Archived{Schema: event.ArchiveSchema, FailureReason: reason, Message: []byte(event.Encode(e)), Event: &e}
}

// run replays the prefix stripe/ with the changes that change makes.
func (f *fixture) run(ctx context.Context, change func(*replay.Replay)) (replay.Done, error) {
	r := &replay.Replay{
		Archive: &f.archive, Queue: &f.queue, Providers: all.All(all.Settings{}),
		Prefix: "stripe/", Rate: 1000, Sent: &f.sent, Skipped: &f.skipped,
	}
	change(r)
	return r.Run(ctx)
}

func unchanged(*replay.Replay) {}

func TestReplaySendsEveryArchivedEvent(t *testing.T) {
	f := newFixture(25)
	f.archive.messages["square/2026/03/01/x.json"] = archived("other", "receives-exhausted") // another prefix

	done, err := f.run(t.Context(), unchanged)

	require.NoError(t, err)
	assert.Equal(t, replay.Done{Sent: 25, Last: key(24)}, done)
	var want []string
	for i := range 25 {
		want = append(want, string(f.archive.messages[key(i)].Message))
	}
	assert.ElementsMatch(t, want, f.queue.bodies)
	assert.Equal(t, 25, strings.Count(f.sent.String(), "\n"))
	assert.True(t, strings.HasPrefix(f.sent.String(), key(0)+"\n"+key(1)+"\n"), "in the order of keys")
	assert.Empty(t, f.skipped.String())
}

// A field that this version does not know, of a newer or older one, must not get
// lost.
func TestMessageIsSentUnchanged(t *testing.T) {
	f := newFixture(1)
	m := f.archive.messages[key(0)]
	m.Message = bytes.Replace(m.Message, []byte("{"), []byte(`{ "later": 1, `), 1)
	e, err := event.Decode(string(m.Message))
	require.NoError(t, err)
	require.NotEqual(t, event.Encode(e), string(m.Message))

	_, err = f.run(t.Context(), unchanged)

	require.NoError(t, err)
	assert.Equal(t, []string{string(m.Message)}, f.queue.bodies)
}

func TestMessagesThatTheConsumerRejectsAreSkipped(t *testing.T) {
	f := newFixture(1)
	f.add(1, "conflict")
	f.archive.messages[key(2)] = archived("", "envelope_unreadable")
	f.archive.messages[key(3)] = &event.Archived{FailureReason: "receives-exhausted", Message: []byte("marked poison")}
	imaginary := event.Event{Schema: event.Schema, ID: "imaginary:1", Provider: "imaginary", PayloadSHA256: event.HashPayload(nil)}
	unknown := &event.Archived{Message: []byte(event.Encode(imaginary)), Event: &imaginary}
	f.archive.messages[unknown.Key()] = unknown
	f.add(5, "expired")
	f.add(6, "sender-mismatch")
	f.add(7, "signature-reused")
	f.add(8, "other_mode")
	f.archive.messages["stripe/notes.txt"] = nil

	done, err := f.run(t.Context(), func(r *replay.Replay) { r.Prefix = "" })

	require.NoError(t, err)
	assert.Equal(t, replay.Done{Sent: 1, Skipped: 9, Last: "stripe/notes.txt"}, done)
	assert.Len(t, f.queue.bodies, 1)
	assert.Equal(t, strings.Join([]string{
		"skipped " + unknown.Key() + `: unknown provider: "imaginary"`,
		"skipped " + key(1) + ": the table has different content with its key",
		"skipped " + key(2) + ": not an event that can be stored (envelope_unreadable)",
		"skipped " + key(3) + ": not an event that can be stored (receives-exhausted)",
		"skipped " + key(5) + ": it is older than EventRetentionDays",
		"skipped " + key(6) + ": the processor of another provider sent it",
		"skipped " + key(7) + ": another body has its signature",
		"skipped " + key(8) + ": its mode is not that of the secret's entry",
		"skipped stripe/notes.txt: not an archived message",
	}, "\n")+"\n", f.skipped.String())
}

// TestForeignKeysAreSkipped: somebody who may only write to the bucket has no
// message sent under a key that he chose, and controls no terminal with it.
func TestForeignKeysAreSkipped(t *testing.T) {
	hidden := "stripe/2026/03/01/\x1b[2K\u202e\nsent\u009b'; reboot; '.json"
	f := newFixture(1)
	own := f.archive.messages[key(0)]
	other := *own
	other.Event = numbered(1, "").Event // says that it is another one
	f.archive.messages = map[string]*event.Archived{
		key(0) + "2":        own,
		key(1):              &other,
		"stripe/a/b/c.json": own,
		hidden:              own,
		"stripe/nobody's":   {FailureReason: "\x1b]0;title\a", Message: []byte("marked")},
	}

	done, err := f.run(t.Context(), func(r *replay.Replay) { r.Conflicts = true })

	require.NoError(t, err)
	assert.Equal(t, 5, done.Skipped)
	assert.Equal(t, "stripe/a/b/c.json", done.Last, "pasted into a shell between single quotes")
	assert.Empty(t, f.queue.bodies)
	assert.Empty(t, f.sent.String())
	lines := strings.Split(strings.TrimSuffix(f.skipped.String(), "\n"), "\n")
	require.Len(t, lines, 5)
	for _, line := range lines {
		assert.Regexp(t, `^skipped stripe/[ -~]+: (its key is not its own: |not an event that can be stored)`, line)
	}
	assert.Contains(t, f.skipped.String(), `\x1b[2K\u202e\nsent\u009b'; reboot; '.json: its key is not its own: `+key(0))
	assert.Contains(t, f.skipped.String(), `(\x1b]0;title\a)`)
}

// TestSkippedMessagesAreSentOnRequest: a conflict after the other row was removed, an
// event of the other mode after the secret was corrected.
func TestSkippedMessagesAreSentOnRequest(t *testing.T) {
	for reason, request := range map[string]func(*replay.Replay){
		"conflict":   func(r *replay.Replay) { r.Conflicts = true },
		"other_mode": func(r *replay.Replay) { r.OtherMode = true },
	} {
		f := newFixture(1)
		f.add(1, reason)

		done, err := f.run(t.Context(), request)

		require.NoError(t, err)
		assert.Equal(t, replay.Done{Sent: 2, Last: key(1)}, done, reason)
		assert.Contains(t, f.queue.bodies, string(f.archive.messages[key(1)].Message))
	}
}

func TestDryRunSendsNothing(t *testing.T) {
	f := newFixture(3)
	f.archive.messages[key(1)].FailureReason = "conflict"

	done, err := f.run(t.Context(), func(r *replay.Replay) { r.DryRun = true })

	require.NoError(t, err)
	assert.Equal(t, replay.Done{Sent: 2, Skipped: 1, Last: key(2)}, done)
	assert.Equal(t, key(0)+"\n"+key(2)+"\n", f.sent.String(), "the messages that would be sent")
	assert.Empty(t, f.queue.bodies)
}

// The first run fails in the middle, the second one resumes at the key that the
// first one returned.
func TestReplayResumesAfterAFailure(t *testing.T) {
	for _, row := range []struct {
		why string
		set func(*fixture)
	}{
		{"an object that cannot be read", func(f *fixture) { f.archive.failing = key(14) }},
		{"a message that SQS rejects", func(f *fixture) { f.queue.rejected = string(f.archive.messages[key(14)].Message) }},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture(25)
			row.set(f)

			done, err := f.run(t.Context(), unchanged)

			require.ErrorIs(t, err, errDown)
			assert.Equal(t, key(13), done.Last)
			assert.NotContains(t, f.sent.String(), key(14))

			f.archive.failing, f.queue.rejected = "", ""
			done, err = f.run(t.Context(), func(r *replay.Replay) { r.After = done.Last })

			require.NoError(t, err)
			assert.Equal(t, replay.Done{Sent: 11, Last: key(24)}, done)
			for _, m := range f.archive.messages {
				assert.Contains(t, f.queue.bodies, string(m.Message))
			}
		})
	}
}

func TestFailedListingFailsTheReplay(t *testing.T) {
	f := newFixture(12)
	f.archive.listErr = errDown

	done, err := f.run(t.Context(), unchanged)

	require.ErrorIs(t, err, errDown)
	assert.Equal(t, key(9), done.Last, "the last two listed keys are not done")
}

func TestReplayKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(20)
		start := time.Now()

		_, err := f.run(t.Context(), func(r *replay.Replay) { r.Rate = 4 })

		require.NoError(t, err)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestInterruptStopsTheReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(20)
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()

		done, err := f.run(ctx, func(r *replay.Replay) { r.Rate = 4 })

		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 14, done.Sent)
		assert.GreaterOrEqual(t, done.Last, key(9))
	})
}

// The archiver stores a message beside another one that has its key.
func TestMessageUnderItsMessageKeyIsSent(t *testing.T) {
	f := newFixture(1)
	beside := numbered(0, "receives-exhausted")
	f.archive.messages[beside.MessageKey()] = beside

	done, err := f.run(t.Context(), unchanged)

	require.NoError(t, err)
	assert.Equal(t, 2, done.Sent)
}
