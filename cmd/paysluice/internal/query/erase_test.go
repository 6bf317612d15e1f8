package query

import (
	"cmp"
	"context"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

// shelf is a versioned bucket and the updates of a table.
type shelf struct {
	keys    []string // each has a version and a delete marker
	listed  []string
	deleted []s3types.ObjectIdentifier
	updated []string
	refused bool // S3 deletes none
	fail    string
	gone    bool   // the rows have expired
	ref     string // payloadRef of the row; "" is largeRef
}

func (s *shelf) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	s.listed = append(s.listed, *in.Prefix)
	out := &s3.ListObjectVersionsOutput{}
	for i, key := range s.keys {
		if !strings.HasPrefix(key, *in.Prefix) || in.KeyMarker != nil && key <= *in.KeyMarker {
			continue
		}
		out.Versions = append(out.Versions, s3types.ObjectVersion{Key: &key, VersionId: new("1")})
		out.DeleteMarkers = append(out.DeleteMarkers, s3types.DeleteMarkerEntry{Key: &key, VersionId: new("2")})
		if i < len(s.keys)-1 && strings.HasPrefix(s.keys[i+1], *in.Prefix) {
			out.IsTruncated, out.NextKeyMarker = new(true), &key
			break
		}
	}
	if s.fail == "ListObjectVersions" {
		return nil, errLost
	}
	return out, nil
}

func (s *shelf) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	if s.fail == "DeleteObjects" {
		return nil, errLost
	}
	if s.refused {
		return &s3.DeleteObjectsOutput{Errors: []s3types.Error{{Key: new("k"), Code: new("AccessDenied"), Message: new("no")}}}, nil
	}
	s.deleted = append(s.deleted, in.Delete.Objects...)
	return &s3.DeleteObjectsOutput{}, nil
}

func (s *shelf) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if s.gone {
		return nil, &types.ConditionalCheckFailedException{}
	}
	if s.fail == "UpdateItem" {
		return nil, errLost
	}
	s.updated = append(s.updated, in.Key["eventId"].(*types.AttributeValueMemberS).Value)
	return &dynamodb.UpdateItemOutput{}, nil
}

// paidAt is when the event of the tests happened.
var paidAt = clock.Add(-48 * time.Hour)

// largeRef is the key of the event's payload.
var largeRef = "oversize/30d/stripe/2026-03-08/" + strings.Repeat("0a", 32)

// againRef is the key under which a redelivery of the next day left the same body.
var againRef = strings.Replace(largeRef, "03-08", "03-09", 1)

// eraser returns an eraser of a table with one event, whose payload is in the bucket.
func (s *shelf) eraser() *Eraser {
	rows := newStream()
	e := event.Event{Schema: event.Schema, ID: "stripe:evt/1", Provider: "stripe", Timestamp: paidAt.UnixMilli(), ReceivedAt: paidAt.UnixMilli(), PayloadRef: cmp.Or(s.ref, largeRef), PayloadSHA256: strings.Repeat("0a", 32)}
	rows.items = map[string]event.Event{e.ID: e}
	found := &stack.Stack{Outputs: map[string]string{"TableName": "t", "BucketName": "b"}}
	return &Eraser{s, s, NewStore(rows, nil, found, time.Now), found, func() time.Time { return clock }}
}

func (s *shelf) plan(t *testing.T) (Erasure, error) {
	t.Helper()
	return s.eraser().Plan(t.Context(), sequence([]event.Event{{ID: "stripe:evt/1", Timestamp: paidAt.UnixMilli()}}), nil)
}

func TestErase(t *testing.T) {
	s := &shelf{keys: []string{
		largeRef, largeRef + "0", againRef, "stripe/2026/03/08/stripe:evt%2F1-0a0a0a0a0a0a0a0a.json", "stripe/2026/03/09/stripe:evt%2F1-2-ffffffffffffffff.json",
		"stripe/2026/03/09/stripe:evt%2F1-ffffffffffffffff-5fea7756.json", "stripe/2026/03/09/stripe:evt%2F1-ffffffffffffffff.json",
		"stripe/2026/03/09/stripe:evt%2F11-ffffffffffffffff.json",
	}}
	plan, err := s.plan(t)
	require.NoError(t, err)
	assert.Len(t, plan.Events, 1)
	assert.Len(t, plan.Objects, 10, "all versions and markers of five objects")
	assert.Equal(t, []string{largeRef, largeRef, "stripe/2026/03/08/stripe:evt%2F1-", "stripe/2026/03/09/stripe:evt%2F1-",
		"stripe/2026/03/09/stripe:evt%2F1-", "stripe/2026/03/09/stripe:evt%2F1-", againRef,
		"stripe/2026/03/10/stripe:evt%2F1-", strings.Replace(largeRef, "03-08", "03-10", 1)}, s.listed, "days until now, all pages")
	assert.Empty(t, s.deleted, "a plan changes nothing")

	require.NoError(t, s.eraser().Erase(t.Context(), plan))
	assert.Equal(t, plan.Objects, s.deleted)
	assert.Equal(t, []string{"stripe:evt/1"}, s.updated)

	s.gone = true
	assert.NoError(t, s.eraser().Erase(t.Context(), plan), "the row has expired")
	plan.Objects = make([]s3types.ObjectIdentifier, 2500)
	s.deleted = nil
	require.NoError(t, s.eraser().Erase(t.Context(), plan))
	assert.Len(t, s.deleted, 2500)
}

func failures(all ...failure.Failure) iter.Seq2[failure.Failure, error] {
	return func(yield func(failure.Failure, error) bool) {
		for _, f := range all {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// An event that is only in the archive is erased there, with its payload in the bucket.
func TestEraseOfTheArchive(t *testing.T) {
	key := func(day string) string { return "stripe/2026/03/" + day + "/stripe:evt%2F1-0a0a0a0a0a0a0a0a.json" }
	const cold, strange, note = "stripe/2026/03/09/stripe:evt%2F2-0a0a0a0a0a0a0a0a.json", "stripe/2026/03/08/stripe:evt%2F1-x.json", "stripe/notes.txt"
	found := event.Event{ID: "stripe:evt/1", Provider: "stripe", Timestamp: 1, PayloadRef: largeRef, PayloadSHA256: strings.Repeat("0a", 32)}
	all := []failure.Failure{
		{Key: key("08"), Provider: "stripe", EventID: found.ID, Event: &found},
		{Key: key("09"), Provider: "stripe", EventID: found.ID, Event: &found}, // planned with the first
		{Key: strange, Provider: "stripe", EventID: found.ID, Event: &found},
		{Key: cold, Provider: "stripe", EventID: "stripe:evt/2", Storage: failure.Glacier},
		{Key: note, Provider: "stripe"},
	}
	for _, row := range []struct {
		why     string
		selects func(event.Event) bool
		left    Undecided
		want    []string
	}{
		{"by its content, which Glacier hides", func(e event.Event) bool { return e.PayloadRef != "" }, Undecided{Cold: 1, Unnamed: 1}, []string{largeRef, key("08"), key("09"), againRef, strange}},
		{"by its id", func(e event.Event) bool { return e.ID == "stripe:evt/2" }, Undecided{Unnamed: 1}, []string{cold}},
		{"by its key", func(e event.Event) bool { return e.ID == "" }, Undecided{Cold: 1}, []string{note}},
	} {
		s := &shelf{keys: []string{againRef, largeRef, key("08"), strange, key("09"), cold, note}}
		plan, err := s.eraser().Plan(t.Context(), sequence(nil), nil)
		require.NoError(t, err)
		n, err := s.eraser().AddArchived(t.Context(), &plan, failures(all...), row.selects)
		require.NoError(t, err)
		assert.Equal(t, row.left, n, row.why)
		assert.Len(t, plan.Archived, 1, row.why)
		keys := map[string]int{}
		for _, o := range plan.Objects {
			keys[*o.Key]++
		}
		want := map[string]int{}
		for _, k := range row.want {
			want[k] = 2 // a version and a delete marker
		}
		assert.Equal(t, want, keys, row.why)
	}
}

// A row that is not an event is named and hides no other.
func TestEraseLeavesRowsOut(t *testing.T) {
	var left []error
	rows := func(yield func(event.Event, error) bool) {
		_ = yield(event.Event{}, table.ErrItem) && yield(event.Event{ID: "stripe:evt/1", Timestamp: paidAt.UnixMilli()}, nil)
	}
	plan, err := (&shelf{}).eraser().Plan(t.Context(), rows, func(err error) { left = append(left, err) })
	require.NoError(t, err)
	assert.Len(t, plan.Events, 1)
	assert.Equal(t, []error{table.ErrItem}, left)
}

// Somebody who can write a row or a message names what an operator's erasure deletes.
func TestEraseDeletesNothingOfOthers(t *testing.T) {
	for why, ref := range map[string]string{
		"a prefix": "stripe/2026/", "all": "oversize/30d/stripe/", "another body": "oversize/30d/stripe/2026-03-08/" + strings.Repeat("0b", 32),
		"a body of another provider": "oversize/30d/paypal/2026-03-08/" + strings.Repeat("0a", 32),
	} {
		s := &shelf{keys: []string{
			"oversize/30d/paypal/2026-03-08/" + strings.Repeat("0a", 32), "oversize/30d/stripe/2026-03-08/" + strings.Repeat("0b", 32),
			"stripe/2026/03/08/stripe:evt%2F1-2-0a0a0a0a0a0a0a0a.json", "stripe/2026/03/08/stripe:evt%2F2-0a0a0a0a0a0a0a0a.json",
		}, ref: ref}
		plan, err := s.plan(t)
		require.NoError(t, err)
		assert.Empty(t, plan.Objects, why)
	}
}

func TestEraseFails(t *testing.T) {
	for _, call := range []string{"DeleteObjects", "UpdateItem"} {
		s := &shelf{keys: []string{largeRef}}
		plan, err := s.plan(t)
		require.NoError(t, err)
		s.fail = call
		assert.ErrorIs(t, s.eraser().Erase(t.Context(), plan), errLost, call)
		s.fail, s.refused = "", true
		assert.ErrorContains(t, s.eraser().Erase(t.Context(), plan), "delete 1 objects, first k: AccessDenied: no")
	}
	s := &shelf{fail: "ListObjectVersions"}
	_, err := s.plan(t)
	assert.ErrorIs(t, err, errLost)
	lost := func(yield func(event.Event, error) bool) { yield(event.Event{}, errLost) }
	_, err = s.eraser().Plan(t.Context(), lost, nil)
	assert.ErrorIs(t, err, errLost)
	all := func(event.Event) bool { return true }
	plan := Erasure{}
	_, err = s.eraser().AddArchived(t.Context(), &plan, failures(failure.Failure{Key: largeRef, EventID: "stripe:evt/1"}), all)
	assert.ErrorIs(t, err, errLost)
	_, err = s.eraser().AddArchived(t.Context(), &plan, func(yield func(failure.Failure, error) bool) { yield(failure.Failure{}, errLost) }, all)
	assert.ErrorIs(t, err, errLost)
	assert.NotNil(t, NewEraser(&stack.Stack{}, nil, time.Now))
}

func TestOfCustomer(t *testing.T) {
	s := newStream()
	for n, e := range []event.Event{{Related: map[string]string{"customer": "cus_1"}}, {ObjectID: "cus_1"}, {}} {
		e.Schema, e.ID, e.Provider, e.Timestamp = event.Schema, strings.Repeat("x", n+1), "stripe", clock.UnixMilli()
		s.items[e.ID], s.listed = e, append(s.listed, e)
	}
	store := s.follower().store
	n := 0
	for _, err := range store.OfCustomer(t.Context(), Filter{}, "cus_1") {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 2, n)
	for range store.OfCustomer(t.Context(), Filter{}, "cus_1") {
		break
	}
}
