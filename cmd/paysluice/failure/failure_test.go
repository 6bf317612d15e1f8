package failure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

const name = "failed-webhooks"

var (
	noon    = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("down")
)

// bucket is a bucket in memory that can fail.
type bucket struct {
	*memory.S3
	listErr  error
	headErr  error
	pageSize int32 // of a listing, 0 for S3's own
	pages    int   // that were listed
	reads    atomic.Int32
	getErr   error
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{S3: memory.NewS3(func() time.Time { return noon })}
	_, err := b.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: new(name)})
	require.NoError(t, err)
	return b
}

func (b *bucket) archive() *failure.Archive { return failure.New(b, name) }

func (b *bucket) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, o ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if b.listErr != nil {
		return nil, b.listErr
	}
	if b.pages++; b.pageSize > 0 {
		in.MaxKeys = &b.pageSize
	}
	return b.S3.ListObjectsV2(ctx, in, o...)
}

func (b *bucket) HeadObject(ctx context.Context, in *s3.HeadObjectInput, o ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	if b.headErr != nil {
		return nil, b.headErr
	}
	return b.S3.HeadObject(ctx, in, o...)
}

func (b *bucket) GetObject(ctx context.Context, in *s3.GetObjectInput, o ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	b.reads.Add(1)
	if b.getErr != nil {
		return nil, b.getErr
	}
	return b.S3.GetObject(ctx, in, o...)
}

// put stores an object and returns its key.
func (b *bucket) put(t *testing.T, key string, body []byte, metadata map[string]string, class types.StorageClass) string {
	t.Helper()
	_, err := b.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: new(name), Key: &key, Body: bytes.NewReader(body), Metadata: metadata, StorageClass: class,
	})
	require.NoError(t, err)
	return key
}

// archived returns a message that a provider's webhook became.
func archived(id, reason string, received time.Time) event.Archived {
	provider, _, _ := strings.Cut(id, ":")
	body := []byte("body of " + id)
	e := event.Event{
		Schema: event.Schema, ID: id, Timestamp: received.UnixMilli(), Provider: provider, Type: "charge.refunded", Category: event.RefundSucceeded,
		PaymentID: "pi_1", ObjectID: "re_1", Account: "acct_1", Endpoint: "main", Livemode: new(true),
		ReceivedAt: received.UnixMilli(), Payload: body, PayloadSHA256: event.HashPayload(body),
	}
	return event.Archived{
		Schema: event.ArchiveSchema, FailureReason: reason, ReceiveCount: 4, MessageID: "m-" + id, SentAt: received.UnixMilli(),
		ArchivedAt: received.Add(time.Hour).UnixMilli(), Message: []byte(event.Encode(e)), Event: &e,
	}
}

func (b *bucket) add(t *testing.T, m event.Archived, class types.StorageClass) string {
	t.Helper()
	return b.put(t, m.Key(), event.EncodeArchived(m), m.Metadata(), class)
}

// keys returns the keys of a listing.
func keys(t *testing.T, a *failure.Archive, f failure.Filter) []string {
	t.Helper()
	all := []string{}
	for found, err := range a.List(t.Context(), f) {
		require.NoError(t, err)
		all = append(all, found.Key)
	}
	return all
}

func TestFilter(t *testing.T) {
	b := newBucket(t)
	stripe := b.add(t, archived("stripe:evt_1", contract.ReasonReceivesExhausted, noon), "")
	conflict := b.add(t, archived("stripe:evt_2", contract.ReasonConflict, noon.Add(time.Hour)), "")
	paypal := b.add(t, archived("paypal:WH-1", contract.ReasonReceivesExhausted, noon.AddDate(0, 0, -1)), "")
	cold := b.add(t, archived("square:old", contract.ReasonReceivesExhausted, noon.AddDate(0, 0, -100)), types.StorageClassGlacier)
	poison := event.Archived{Schema: event.ArchiveSchema, FailureReason: contract.ReasonReceivesExhausted, MessageID: "m", SentAt: noon.UnixMilli(), Message: []byte("poison")}
	unknown := b.add(t, poison, "")
	strange := b.put(t, "stripe/notes.txt", []byte("notes"), nil, "")
	b.put(t, "oversize/0d/stripe/2026-03-10/hash", []byte("large"), nil, "")
	b.put(t, "replays/run/start.json", []byte("{}"), nil, "")

	for _, row := range []struct {
		why  string
		f    failure.Filter
		want []string
	}{
		{"all, by provider and day", failure.Filter{}, []string{paypal, cold, stripe, conflict, strange, unknown}},
		{"a provider", failure.Filter{Provider: "paypal"}, []string{paypal}},
		{"messages that cannot be decoded", failure.Filter{Provider: "unknown"}, []string{unknown}},
		{"a reason", failure.Filter{Reason: contract.ReasonConflict}, []string{conflict}},
		{"a prefix", failure.Filter{Prefix: "stripe/2026/"}, []string{stripe, conflict}},
		{"after a key", failure.Filter{Provider: "stripe", After: stripe}, []string{conflict, strange}},
		{"after a key, of all providers", failure.Filter{After: cold}, []string{stripe, conflict, strange, unknown}},
		{"since a time of a day", failure.Filter{Provider: "stripe", Since: noon.Add(time.Minute)}, []string{conflict, strange}},
		{"until a time of a day", failure.Filter{Provider: "stripe", Until: noon.Add(time.Minute)}, []string{stripe, strange}},
		{"since a day, without a provider's prefix", failure.Filter{Prefix: "s", Since: noon.AddDate(0, 0, -1)}, []string{stripe, conflict, strange}},
		{"an object in Glacier by what its metadata say", failure.Filter{Category: event.PayoutPaid, Provider: "square"}, []string{cold}},
		{"a type", failure.Filter{Provider: "stripe", Type: "charge.failed"}, []string{}},
		{"a category", failure.Filter{Provider: "stripe", Category: event.RefundSucceeded}, []string{stripe, conflict}},
		{"a payment", failure.Filter{Provider: "stripe", Payment: "pi_1"}, []string{stripe, conflict}},
		{"an object", failure.Filter{Provider: "stripe", Payment: "re_1"}, []string{stripe, conflict}},
		{"an account", failure.Filter{Provider: "stripe", Account: "acct_2"}, []string{}},
		{"an endpoint", failure.Filter{Provider: "stripe", Endpoint: "main"}, []string{stripe, conflict}},
		{"live events", failure.Filter{Provider: "stripe", Livemode: new(true)}, []string{stripe, conflict}},
		{"test events", failure.Filter{Provider: "stripe", Livemode: new(false)}, []string{}},
		{"a limit", failure.Filter{Limit: 2}, []string{paypal, cold}},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, keys(t, b.archive(), row.f)) })
	}
}

func TestReasonsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/reasons.md")
	require.NoError(t, err)
	for _, reason := range failure.Reasons() {
		assert.Contains(t, string(page), "`"+reason+"`")
	}
}

func TestDayOfAKeyWithoutOne(t *testing.T) {
	for _, key := range []string{"stripe", "stripe/notes.txt", "stripe/2026/99/99/x.json", "stripe/2026/03/10x.json"} {
		assert.Empty(t, failure.Failure{Key: key}.Day(), key)
	}
}

func TestListReadsTheDaysOfTheFilter(t *testing.T) {
	b := newBucket(t)
	for day := range 40 {
		b.add(t, archived(fmt.Sprintf("stripe:evt_%d", day), contract.ReasonConflict, noon.AddDate(0, 0, -day)), "")
	}
	inside := noon.AddDate(0, 0, -20)

	got := keys(t, b.archive(), failure.Filter{Since: inside.AddDate(0, 0, -1), Until: inside.Add(time.Minute)})

	assert.Len(t, got, 2)
	all := keys(t, b.archive(), failure.Filter{})
	assert.Len(t, all, 40, "more than one batch")
	assert.True(t, slices.IsSorted(all))
	n := 0
	for range b.archive().List(t.Context(), failure.Filter{}) {
		n++
		break
	}
	assert.Equal(t, 1, n, "a caller may stop")
	b.reads.Store(0)
	assert.Len(t, keys(t, b.archive(), failure.Filter{Provider: "stripe", Limit: 35}), 35)
	assert.EqualValues(t, 35, b.reads.Load(), "a filter that selects all reads no more than its limit")
}

func TestSelect(t *testing.T) {
	b := newBucket(t)
	var all []string
	for i := range 40 {
		class := types.StorageClassStandard
		if i == 39 {
			class = types.StorageClassGlacier
		}
		all = append(all, b.add(t, archived(fmt.Sprintf("stripe:evt_%02d", i), contract.ReasonConflict, noon), class))
	}
	wanted := append(slices.Clone(all[3:]), all[5]) // more than a batch, one key twice
	slices.Reverse(wanted)
	var got []failure.Failure
	for f, err := range b.archive().Select(t.Context(), wanted) {
		require.NoError(t, err)
		got = append(got, f)
	}
	require.Len(t, got, 37)
	for i, f := range got {
		assert.Equal(t, all[3+i], f.Key)
	}
	assert.Equal(t, failure.Glacier, got[36].Storage)
	for range b.archive().Select(t.Context(), all) {
		break
	}
	for _, err := range b.archive().Select(t.Context(), []string{"stripe/2026/03/10/none.json"}) {
		require.ErrorIs(t, err, failure.ErrMissing)
		assert.EqualError(t, err, "the archive has no such key: stripe/2026/03/10/none.json")
	}

	assert.True(t, failure.IsKey(all[0]))
	assert.True(t, failure.IsKey("unknown/2026/03/10/m.json"))
	for _, other := range []string{
		"", "x", "stripe:evt_1", "stripe/2026/03/10", "stripe/notes/of/a/day.json", "adyen/2026/03/10/x.json",
		"oversize/30d/stripe/2026-03-10/hash", "replays/run/notes/1/x.json", "stripe/2026/03/10/../x.json", "/stripe/2026/03/10/x.json",
	} {
		assert.False(t, failure.IsKey(other), other)
	}
}

func TestFailureHasTheMessage(t *testing.T) {
	b := newBucket(t)
	m := archived("stripe:evt_1", contract.ReasonReceivesExhausted, noon)
	key := b.add(t, m, "")

	f, err := b.archive().Get(t.Context(), key)

	require.NoError(t, err)
	assert.Equal(t, m.Message, f.Message)
	assert.Equal(t, m.Event.Payload, f.Payload)
	assert.Empty(t, f.Event.Payload, "shown only on request")
	assert.Equal(t, []string{m.Key(), m.MessageKey()}, f.OwnKeys)
	assert.Equal(t, "2026-03-10", f.Day())
	f.Message, f.Payload, f.Event, f.OwnKeys = nil, nil, nil, nil
	assert.Equal(t, failure.Failure{
		Key: key, Provider: "stripe", Reason: contract.ReasonReceivesExhausted, EventID: "stripe:evt_1", Type: "charge.refunded",
		MessageID: "m-stripe:evt_1", ReceiveCount: 4, SentAt: noon.UnixMilli(), ArchivedAt: noon.Add(time.Hour).UnixMilli(),
	}, f)
	_, err = b.archive().Get(t.Context(), "stripe/2026/03/10/none.json")
	missing := errors.Is(err, failure.ErrMissing)
	assert.True(t, missing, "%v", err)
}

func TestGlacier(t *testing.T) {
	b := newBucket(t)
	key := b.add(t, archived("stripe:evt/1", contract.ReasonReceivesExhausted, noon), types.StorageClassGlacier)
	odd := b.put(t, "stripe/2026/03/11/odd.json", nil, map[string]string{"event-id": "%zz"}, types.StorageClassGlacier)

	f, err := b.archive().Get(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, failure.Failure{
		Key: key, Provider: "stripe", Reason: contract.ReasonReceivesExhausted, Storage: failure.Glacier,
		EventID: "stripe:evt/1", Type: "charge.refunded", MessageID: "m-stripe:evt/1", ArchivedAt: noon.UnixMilli(),
	}, f)
	f, err = b.archive().Get(t.Context(), odd)
	require.NoError(t, err)
	assert.Equal(t, "%zz", f.EventID)
	assert.Equal(t, failure.NotAMessage, f.Reason)

	require.NoError(t, b.archive().Restore(t.Context(), key, 7, failure.Tiers()[0]))
	for found, err := range b.archive().List(t.Context(), failure.Filter{Limit: 1}) {
		require.NoError(t, err)
		assert.Equal(t, failure.Readable, found.Storage)
		assert.NotEmpty(t, found.Message)
	}
	assert.ErrorContains(t, b.archive().Restore(t.Context(), key, 7, failure.Tiers()[0]), "restore s3://failed-webhooks/"+key)
}

// restoring says that every restore is under way.
type restoring struct{ *bucket }

func (restoring) HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return &s3.HeadObjectOutput{StorageClass: types.StorageClassDeepArchive, Restore: new(`ongoing-request="true"`)}, nil
}

func TestRestoring(t *testing.T) {
	b := newBucket(t)
	key := b.add(t, archived("stripe:evt_1", contract.ReasonConflict, noon), types.StorageClassGlacier)
	f, err := failure.New(restoring{b}, name).Get(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, failure.Restoring, f.Storage)
}

func TestFindReadsOneEventsMessages(t *testing.T) {
	b := newBucket(t)
	ids := []string{"stripe:evt_1", "stripe:evt_1-2", "stripe:evt_2", "stripe:evt_3", "stripe:evt_4.json", "stripe:evt_5", "stripe:evt_6"}
	for day := range 3 {
		for _, id := range ids {
			if day == 0 || id != "stripe:evt_4.json" { // it failed on one day
				b.add(t, archived(id, contract.ReasonConflict, noon.AddDate(0, 0, day)), "")
			}
		}
	}
	again := archived("stripe:evt_1", contract.ReasonConflict, noon)
	b.put(t, again.MessageKey(), event.EncodeArchived(again), nil, "")
	b.put(t, "stripe/notes.txt", []byte("notes"), nil, "")
	for id, row := range map[string]struct{ found, pages int }{
		"stripe:evt_1":      {4, 7}, // and not evt_1-2, which begins like it
		"stripe:evt_2":      {3, 7}, // in the middle of each day
		"stripe:evt_4.json": {1, 7}, // on the first day
		"stripe:evt_9":      {0, 4}, // behind all of a day
		"stripe:":           {0, 4}, // before all of a day
		"paypal:WH-1":       {0, 1}, // no key of the provider
		"stripe:.json":      {0, 4}, // what a key ends with
		"nobody":            {0, 1}, // no provider
		"":                  {0, 1}, // nothing
	} {
		b.pageSize, b.pages = 2, 0
		found, err := b.archive().Find(t.Context(), id)
		require.NoError(t, err, id)
		assert.Equal(t, []int{row.found, row.pages}, []int{len(found), b.pages}, id)
	}
	whole, err := b.archive().Find(t.Context(), "stripe:evt_2")
	require.NoError(t, err)
	var all []failure.Failure
	after, parts := "", 0
	for more := true; more; parts++ { // each part is one key
		found, rest, err := b.archive().Search(t.Context(), "stripe:evt_2", after, func() bool { return false })
		require.NoError(t, err)
		all, after, more = append(all, found...), rest, rest != ""
	}
	assert.Equal(t, whole, all)
	assert.Greater(t, parts, len(all))
}

// A message without an event is delivered and replayed under other keys.
func TestCopiesHaveTheSameBody(t *testing.T) {
	b, n := newBucket(t), 0
	unnamed := func(body string, class types.StorageClass) string {
		n++
		m := archived("stripe:", contract.ReasonReceivesExhausted, noon.AddDate(0, 0, n))
		m.MessageID = fmt.Sprintf("1d2e3f40-5a6b-4c7d-8e9f-%012d", n)
		m.Event.ID, m.Event.Payload, m.Event.PayloadSHA256 = "", []byte(body), event.HashPayload([]byte(body))
		m.Message = []byte(event.Encode(*m.Event))
		if body == "" { // it cannot be decoded
			m.Event, m.Message = nil, []byte("x")
		}
		key := m.Key()
		if n%2 == 0 { // somebody has that one
			key = m.MessageKey()
		}
		return b.put(t, key, event.EncodeArchived(m), m.Metadata(), class)
	}
	first, second, cold := unnamed("{}", ""), unnamed("{}", ""), unnamed("{}", types.StorageClassGlacier)
	unnamed("[]", "")
	copied, again := unnamed("", ""), unnamed("", "")
	b.put(t, strings.Replace(first, "1d2e3f40", "ffffffff", 1), event.EncodeArchived(archived("stripe:evt_2", contract.ReasonConflict, noon)), nil, "")
	b.put(t, "stripe/note.json", []byte("{}"), nil, "")
	for key, want := range map[string][]string{
		first: {first, second, cold}, second: {second, first, cold}, cold: {cold, first, second}, copied: {copied, again}, "stripe/note.json": {"stripe/note.json"},
	} {
		of, err := b.archive().Get(t.Context(), key)
		require.NoError(t, err)
		assert.Empty(t, of.EventID, key)
		found, err := b.archive().Copies(t.Context(), of)
		require.NoError(t, err)
		var keys []string
		for _, f := range found {
			keys = append(keys, f.Key)
		}
		assert.Equal(t, want, keys, key)
	}
}

func TestAgainIsTheLatestFailureSince(t *testing.T) {
	b := newBucket(t)
	m := archived("stripe:evt_1", contract.ReasonReceivesExhausted, noon)
	b.add(t, m, "")
	m.FailureReason, m.MessageID, m.ArchivedAt = contract.ReasonExpired, "later", m.ArchivedAt+1
	b.put(t, m.MessageKey(), event.EncodeArchived(m), nil, "")
	stem := strings.TrimSuffix(m.Key(), ".json")

	reason, err := b.archive().Again(t.Context(), m.Key(), stem, noon)
	require.NoError(t, err)
	assert.Equal(t, contract.ReasonExpired, reason)
	m.FailureReason, m.MessageID, m.ArchivedAt, m.SentAt = contract.ReasonConflict, "sent before", m.ArchivedAt+1, m.SentAt-2000
	b.put(t, m.MessageKey(), event.EncodeArchived(m), nil, "")
	reason, err = b.archive().Again(t.Context(), m.Key(), stem, noon)
	require.NoError(t, err)
	assert.Equal(t, contract.ReasonExpired, reason)
	reason, err = b.archive().Again(t.Context(), m.Key(), stem, noon.Add(time.Second))
	require.NoError(t, err)
	assert.Empty(t, reason)
}

func TestStats(t *testing.T) {
	b := newBucket(t)
	for i := range 3 {
		b.add(t, archived(fmt.Sprintf("stripe:evt_%d", i), contract.ReasonReceivesExhausted, noon.AddDate(0, 0, -i)), "")
	}
	b.add(t, archived("stripe:evt_9", contract.ReasonConflict, noon), "")
	b.add(t, archived("paypal:WH-1", contract.ReasonConflict, noon), types.StorageClassGlacier)
	hour := func(days int) int64 { return noon.AddDate(0, 0, days).Add(time.Hour).UnixMilli() }

	stats, err := failure.Stats(b.archive().List(t.Context(), failure.Filter{}), false)
	require.NoError(t, err)
	assert.Equal(t, []failure.Stat{
		{Provider: "paypal", Reason: "conflict", Count: 1, Glacier: 1, First: noon.UnixMilli(), Last: noon.UnixMilli()},
		{Provider: "stripe", Reason: "receives-exhausted", Count: 3, First: hour(-2), Last: hour(0)},
		{Provider: "stripe", Reason: "conflict", Count: 1, First: hour(0), Last: hour(0)},
	}, stats)
	stats, err = failure.Stats(b.archive().List(t.Context(), failure.Filter{Provider: "stripe"}), true)
	require.NoError(t, err)
	assert.Len(t, stats, 4)
	assert.Equal(t, failure.Stat{Provider: "stripe", Day: "2026-03-08", Reason: "receives-exhausted", Count: 1, First: hour(-2), Last: hour(-2)}, stats[0])
}

func TestS3Fails(t *testing.T) {
	m := archived("stripe:evt_1", contract.ReasonConflict, noon)
	stem := strings.TrimSuffix(m.Key(), ".json")
	for why, breaks := range map[string]func(*bucket){
		"listing":                       func(b *bucket) { b.listErr = errDown },
		"reading":                       func(b *bucket) { b.getErr = errDown },
		"reading one in Glacier by now": func(b *bucket) { b.getErr, b.headErr = &types.InvalidObjectState{}, errDown },
		"asking for one in Glacier": func(b *bucket) {
			b.put(t, m.Key(), nil, nil, types.StorageClassGlacier)
			b.headErr = errDown
		},
	} {
		t.Run(why, func(t *testing.T) {
			b := newBucket(t)
			b.add(t, m, "")
			breaks(b)
			_, err := failure.Stats(b.archive().List(t.Context(), failure.Filter{}), false)
			require.ErrorIs(t, err, errDown)
			_, err = b.archive().Find(t.Context(), "stripe:evt_1")
			require.ErrorIs(t, err, errDown)
			_, err = b.archive().Again(t.Context(), "", stem, noon)
			require.ErrorIs(t, err, errDown)
			_, err = b.archive().Copies(t.Context(), failure.Failure{Provider: "stripe", Key: strings.Replace(m.Key(), "evt_1", "evt_2", 1)})
			require.ErrorIs(t, err, errDown)
		})
	}
}
