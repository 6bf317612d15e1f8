package query

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

var (
	clock   = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	errLost = errors.New("lost")
)

// stream is a table's stream in memory with several shards, and the table's items.
type stream struct {
	spoiled     string // id of a row that is not an event
	spoiledList bool   // whether listed rows are none
	shards      map[string][]types.Record
	items       map[string]event.Event
	listed      []event.Event // what the index has
	trimmed     int           // so many records of each shard are lost
	expired     bool          // whether the next iterator has expired
	fail        string        // the call that fails, or atEnd
	now         time.Time
	idle        int // calls of DescribeStream since the last arrival
}

// atEnd makes calls fail when no event arrives any more.
const atEnd = "at the end"

func (s *stream) called(name string) error {
	if s.fail == name || s.fail == atEnd && s.idle > 6 { // two for each read
		return errLost
	}
	return nil
}

func (s *stream) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	s.idle++
	out := &types.StreamDescription{Shards: []types.Shard{{ShardId: new("a")}}, LastEvaluatedShardId: new("a")}
	if in.ExclusiveStartShardId != nil {
		out = &types.StreamDescription{Shards: []types.Shard{{ShardId: new("b")}}}
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: out}, s.called("DescribeStream")
}

func (s *stream) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	position := min(s.trimmed, len(s.shards[*in.ShardId]))
	switch in.ShardIteratorType {
	case types.ShardIteratorTypeLatest:
		position = len(s.shards[*in.ShardId])
	case types.ShardIteratorTypeAfterSequenceNumber:
		if position, _ = strconv.Atoi(*in.SequenceNumber); position <= s.trimmed && s.trimmed > 0 {
			return nil, &types.TrimmedDataAccessException{}
		}
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: new(fmt.Sprintf("%s %d", *in.ShardId, position))}, s.called("GetShardIterator")
}

func (s *stream) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	if s.expired {
		s.expired = false
		return nil, &types.ExpiredIteratorException{}
	}
	var id string
	var position int
	_, _ = fmt.Sscanf(*in.ShardIterator, "%s %d", &id, &position)
	all := s.shards[id]
	out := &dynamodbstreams.GetRecordsOutput{Records: all[position:]}
	if id == "a" { // b is closed
		out.NextShardIterator = new(fmt.Sprintf("%s %d", id, len(all)))
	}
	return out, s.called("GetRecords")
}

func (s *stream) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]dynamotypes.AttributeValue{}}
	for _, key := range in.RequestItems["t"].Keys {
		if e, ok := s.items[key["eventId"].(*dynamotypes.AttributeValueMemberS).Value]; ok {
			item := table.ToItem(e)
			if s.spoiled == e.ID {
				item["schema"] = &dynamotypes.AttributeValueMemberN{Value: "1"}
			}
			out.Responses["t"] = append(out.Responses["t"], item)
		}
	}
	return out, s.called("BatchGetItem")
}

func (s *stream) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out := &dynamodb.QueryOutput{}
	bound := func(name string, otherwise int64) int64 {
		if at, ok := in.ExpressionAttributeValues[name].(*dynamotypes.AttributeValueMemberN); ok {
			otherwise, _ = strconv.ParseInt(at.Value, 10, 64)
		}
		return otherwise
	}
	for _, e := range s.listed {
		if e.ReceivedAt < bound(":receivedAt", earliest) || e.ReceivedAt >= bound(":receivedAt_", latest) {
			continue
		}
		item := table.ToItem(e)
		if s.spoiledList {
			item["schema"] = &dynamotypes.AttributeValueMemberN{Value: "1"}
		}
		for _, value := range in.ExpressionAttributeValues {
			if assert.ObjectsAreEqual(value, item["dayKey"]) {
				out.Items = append(out.Items, item)
			}
		}
	}
	return out, s.called("Query")
}

// second returns a time some seconds after clock's hour began.
func second(n int) time.Time { return clock.Add(time.Duration(n-3600) * time.Second) }

// list adds an event to the table.
func (s *stream) list(id string, received time.Time) event.Event {
	e := event.Event{Schema: event.Schema, ID: id, Provider: "stripe", Timestamp: received.UnixMilli() - 1, ReceivedAt: received.UnixMilli(), Payload: []byte(id)}
	s.items[id], s.listed = e, append(s.listed, e)
	return e
}

// add adds an event to the table and a record of it to a shard.
func (s *stream) add(shard, id string, received, stored time.Time) {
	e := s.list(id, received)
	s.shards[shard] = append(s.shards[shard], types.Record{EventName: types.OperationTypeInsert, Dynamodb: &types.StreamRecord{
		ApproximateCreationDateTime: &stored, SequenceNumber: new(strconv.Itoa(len(s.shards[shard]) + 1)),
		Keys: map[string]types.AttributeValue{"eventId": &types.AttributeValueMemberS{Value: id}, "timestamp": &types.AttributeValueMemberN{Value: fmt.Sprint(e.Timestamp)}},
	}})
}

func newStream() *stream {
	s := &stream{shards: map[string][]types.Record{}, items: map[string]event.Event{}, now: clock}
	s.add("a", "1", second(1), second(1))
	s.add("b", "2", second(2), second(2))
	s.add("a", "3", second(3), second(3))
	return s
}

func (s *stream) follower() *Follower {
	found := &stack.Stack{Outputs: map[string]string{"TableName": "t", "BucketName": "b"}, CreatedAt: clock.Add(-time.Hour)}
	store := NewStore(s, nil, found, func() time.Time { return s.now })
	return &Follower{streams: s, store: store, stack: found, poll: time.Millisecond}
}

// take returns the ids of the next n arrivals, or of all, and the place behind them.
func (s *stream) take(t *testing.T, from Place, n int) (ids []string, place Place) {
	t.Helper()
	s.fail, s.idle, place = atEnd, 0, from
	defer func() { s.fail = "" }()
	for a, err := range s.follower().Follow(t.Context(), from) {
		if err != nil {
			require.ErrorIs(t, err, errLost)
			break
		}
		s.idle = 0
		assert.Equal(t, a.ID, string(a.Payload))
		ids, place = append(ids, a.ID), a.Place
		if len(ids) == n {
			break
		}
	}
	return ids, place
}

func since(n int) Place { return Place{ReceivedAt: second(n).UnixMilli()} }

func TestFollow(t *testing.T) {
	s := newStream()
	ids, _ := s.take(t, Place{}, 9)
	assert.Empty(t, ids, "it begins at the end of the stream")
	ids, place := s.take(t, since(1), 2)
	assert.Equal(t, []string{"1", "2"}, ids, "in the order of receipt")
	ids, _ = s.take(t, place, 9)
	assert.Equal(t, []string{"3"}, ids, "the place is behind them")
	s.trimmed = 1
	ids, _ = s.take(t, place, 9)
	assert.Equal(t, []string{"3"}, ids, "behind a lost record, all that the shard still has is new")
	ids, _ = s.take(t, since(3), 9)
	assert.Equal(t, []string{"3"}, ids)
}

// The consumer's retry or a replay stores an event after later ones.
func TestFollowGivesEventsThatAreStoredLate(t *testing.T) {
	s := newStream()
	_, place := s.take(t, since(1), 3)
	s.add("a", "retried", second(2), second(302))
	ids, place := s.take(t, place, 9)
	assert.Equal(t, []string{"retried"}, ids, "in a shard with a place")
	s.add("a", "replayed", second(-9), s.now)
	ids, _ = s.take(t, since(2), 9)
	assert.Equal(t, []string{"2", "3", "retried", "replayed"}, ids, "since is for what is stored already")

	delete(place.Shards, "b")
	s.shards["b"] = nil
	s.add("b", "before", second(0), second(0))
	s.add("b", "late", second(0), second(303))
	ids, _ = s.take(t, place, 9)
	assert.Equal(t, []string{"late", "replayed"}, ids, "in a shard of which nothing was handled")
}

// A follower that is interrupted before its first event resumes where it began.
func TestFollowResumesWhereItBegan(t *testing.T) {
	s := newStream()
	place := Place{}.Begun(second(3).Add(time.Second / 2))
	s.add("b", "4", second(1), second(4))
	ids, _ := s.take(t, place, 9)
	assert.Equal(t, []string{"3", "4"}, ids, "the time of a record has whole seconds")
	assert.Equal(t, place.Begin, place.ReceivedAt, "older events are not its own")
	assert.Equal(t, Place{Shards: map[string]string{}, ReceivedAt: 7, Begin: 7}, Place{ReceivedAt: 7}.Begun(clock))
	ids, _ = s.take(t, Place{map[string]string{"a": "1", "b": "2"}, second(1).UnixMilli(), s.now.UnixMilli()}, 9)
	assert.Equal(t, []string{"3"}, ids, "the clock of the follower's machine was ahead")
}

// An iterator expires while the caller handles an event.
func TestFollowOpensExpiredIteratorsAgain(t *testing.T) {
	s := newStream()
	var ids []string
	for a, err := range s.follower().Follow(t.Context(), since(1)) {
		require.NoError(t, err)
		if ids = append(ids, a.ID); a.ID == "3" {
			s.expired = true
			s.add("a", "4", second(1), second(4))
		} else if a.ID == "4" {
			break
		}
	}
	assert.Equal(t, []string{"1", "2", "3", "4"}, ids)
}

func TestFollowLeavesOut(t *testing.T) {
	s := newStream()
	delete(s.items, "2") // by now
	s.shards["a"][0].EventName = types.OperationTypeModify
	ids, _ := s.take(t, since(1), 9)
	assert.Equal(t, []string{"3"}, ids)
}

func TestFollowReadsOlderEventsFromTheTable(t *testing.T) {
	s := newStream()
	ago := func(d time.Duration) time.Time { return s.now.Add(-d) }
	s.list("y", ago(28*time.Hour))
	s.list("x", ago(28*time.Hour+time.Minute))
	s.list("early", ago(30*time.Hour))
	resent := s.list("resent", ago(27*time.Hour))
	resent.Timestamp = ago(29 * 24 * time.Hour).UnixMilli()
	s.items["resent"], s.listed[len(s.listed)-1] = resent, resent
	s.add("b", "both", ago(23*time.Hour+time.Minute), second(2))
	from := Place{ReceivedAt: ago(29 * time.Hour).UnixMilli()}
	ids, place := s.take(t, from, 9)
	assert.Equal(t, []string{"x", "y", "resent", "both", "1", "2", "3"}, ids, "once, in the order of their receipt")
	ids, _ = s.take(t, place, 9)
	assert.Empty(t, ids)
	ids, _ = s.take(t, from, 1)
	assert.Equal(t, []string{"x"}, ids, "the caller may stop among them")

	ids = nil
	s.list("lost", ago(22*time.Hour))
	for a, err := range s.follower().Follow(t.Context(), from) {
		require.NoError(t, err)
		if ids = append(ids, a.ID); a.ID == "x" {
			s.now = s.now.Add(2 * time.Hour) // the stream loses records meanwhile
		} else if a.ID == "3" {
			break
		}
	}
	assert.Equal(t, []string{"x", "y", "resent", "both", "lost", "1", "2", "3"}, ids)
}

// A row that is not an event has a place, and ends nothing.
func TestFollowGoesOnAfterAnUnreadableRow(t *testing.T) {
	follow := func(s *stream, from Place, n int) (found []string) {
		for a, err := range s.follower().Follow(t.Context(), from) {
			if err == nil {
				found = append(found, a.ID)
			} else {
				require.ErrorIs(t, err, table.ErrItem)
				assert.NotEmpty(t, a.Place.ReceivedAt)
				found = append(found, "unreadable "+a.ID)
			}
			if len(found) == n {
				break
			}
		}
		return found
	}
	s := newStream()
	s.spoiled = "2"
	assert.Equal(t, []string{"1", "unreadable 2", "3"}, follow(s, since(1), 3))
	s.list("x", clock.Add(-28*time.Hour))
	from := Place{ReceivedAt: clock.Add(-29 * time.Hour).UnixMilli()}
	s.spoiled = "x"
	assert.Equal(t, []string{"unreadable x", "1"}, follow(s, from, 2), "the row is read in full")
	s.spoiledList = true
	assert.Equal(t, []string{"unreadable x", "1"}, follow(s, from, 2), "the row in the index")
	assert.Equal(t, []string{"unreadable x"}, follow(s, from, 1), "the caller may stop there")
}

func TestFollowFails(t *testing.T) {
	for _, call := range []string{"DescribeStream", "GetShardIterator", "GetRecords", "BatchGetItem"} {
		s := newStream()
		s.fail = call
		var last error
		for _, err := range s.follower().Follow(t.Context(), since(1)) {
			last = err
		}
		assert.ErrorIs(t, last, errLost, call)
	}
	for _, call := range []string{"Query", "BatchGetItem"} {
		s := newStream()
		s.list("x", clock.Add(-40*time.Hour))
		s.fail = call
		var last error
		for _, err := range s.follower().Follow(t.Context(), Place{ReceivedAt: clock.Add(-48 * time.Hour).UnixMilli()}) {
			last = err
		}
		assert.ErrorIs(t, last, errLost, call)
	}
	for _, key := range []types.AttributeValue{nil, &types.AttributeValueMemberN{Value: "x"}} {
		s := newStream()
		s.shards["a"][0].Dynamodb.Keys["timestamp"] = key
		var last error
		for _, err := range s.follower().Follow(t.Context(), since(1)) {
			last = err
		}
		assert.Error(t, last)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for a, err := range newStream().follower().Follow(ctx, since(3)) {
		if a.ID == "" {
			require.ErrorIs(t, err, context.Canceled)
		}
		cancel()
	}
	assert.NotNil(t, NewFollower(&stack.Stack{}, nil, time.Second))
}

func TestAllStops(t *testing.T) {
	for range sequence([]event.Event{{}, {}}) {
		return
	}
}
