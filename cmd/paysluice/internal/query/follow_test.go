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
	trimmed     bool          // sequence numbers are forgotten
	fail        string        // the call that fails
}

func (s *stream) called(name string) error {
	if s.fail == name {
		return errLost
	}
	return nil
}

func (s *stream) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	out := &types.StreamDescription{Shards: []types.Shard{{ShardId: new("a")}}, LastEvaluatedShardId: new("a")}
	if in.ExclusiveStartShardId != nil {
		out = &types.StreamDescription{Shards: []types.Shard{{ShardId: new("b")}}}
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: out}, s.called("DescribeStream")
}

func (s *stream) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	position := 0
	switch in.ShardIteratorType {
	case types.ShardIteratorTypeLatest:
		position = len(s.shards[*in.ShardId])
	case types.ShardIteratorTypeAfterSequenceNumber:
		if s.trimmed {
			return nil, &types.TrimmedDataAccessException{}
		}
		position, _ = strconv.Atoi(*in.SequenceNumber)
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: new(fmt.Sprintf("%s %d", *in.ShardId, position))}, s.called("GetShardIterator")
}

func (s *stream) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
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
	for _, e := range s.listed {
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

// add stores an event that was received some seconds after clock's hour began.
func (s *stream) add(shard, id string, second int) event.Event {
	e := event.Event{Schema: event.Schema, ID: id, Provider: "stripe", Timestamp: 1, ReceivedAt: clock.Add(time.Duration(second-3600) * time.Second).UnixMilli(), Payload: []byte(id)}
	s.items[id] = e
	at := time.UnixMilli(e.ReceivedAt)
	s.shards[shard] = append(s.shards[shard], types.Record{EventName: types.OperationTypeInsert, Dynamodb: &types.StreamRecord{
		ApproximateCreationDateTime: &at, SequenceNumber: new(strconv.Itoa(len(s.shards[shard]) + 1)),
		Keys: map[string]types.AttributeValue{"eventId": &types.AttributeValueMemberS{Value: id}, "timestamp": &types.AttributeValueMemberN{Value: "1"}},
	}})
	return e
}

func newStream() *stream {
	s := &stream{shards: map[string][]types.Record{}, items: map[string]event.Event{}}
	s.add("a", "1", 1)
	s.add("b", "2", 2)
	s.add("a", "3", 3)
	return s
}

func (s *stream) follower() *Follower {
	found := &stack.Stack{Outputs: map[string]string{"TableName": "t", "BucketName": "b"}, CreatedAt: clock.Add(-time.Hour)}
	store := NewStore(s, nil, found, func() time.Time { return clock })
	return &Follower{streams: s, store: store, stack: found, poll: time.Millisecond}
}

// take returns the ids of the next n arrivals and the place behind them.
func (s *stream) take(t *testing.T, from Place, n int) (ids []string, place Place) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	place = from
	for a, err := range s.follower().Follow(ctx, from) {
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			break
		}
		assert.Equal(t, a.ID, string(a.Payload))
		ids, place = append(ids, a.ID), a.Place
		if len(ids) == n {
			break
		}
	}
	return ids, place
}

func since(second int) Place {
	return Place{ReceivedAt: clock.Add(time.Duration(second-3600) * time.Second).UnixMilli()}
}

func TestFollow(t *testing.T) {
	s := newStream()
	ids, _ := s.take(t, Place{}, 9)
	assert.Empty(t, ids, "it begins at the end of the stream")
	ids, place := s.take(t, since(1), 2)
	assert.Equal(t, []string{"1", "2"}, ids, "in the order of receipt")
	ids, _ = s.take(t, place, 9)
	assert.Equal(t, []string{"3"}, ids, "the place is behind them")
	s.trimmed = true
	ids, _ = s.take(t, place, 9)
	assert.Equal(t, []string{"2", "3"}, ids, "a forgotten place begins at the stream's start; what was received before is handled")
	ids, _ = s.take(t, since(3), 9)
	assert.Equal(t, []string{"3"}, ids)
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
	for n, id := range []string{"y", "x", "early"} {
		e := event.Event{Schema: event.Schema, ID: id, Provider: "stripe", Payload: []byte(id), Timestamp: clock.Add(-30 * time.Hour).UnixMilli(), ReceivedAt: clock.Add(time.Duration(-28-n) * time.Hour).UnixMilli()}
		s.items[id], s.listed = e, append(s.listed, e)
	}
	from := Place{ReceivedAt: clock.Add(-29 * time.Hour).UnixMilli()}
	ids, place := s.take(t, from, 9)
	assert.Equal(t, []string{"x", "y", "1", "2", "3"}, ids)
	ids, _ = s.take(t, place, 9)
	assert.Empty(t, ids)
	ids, _ = s.take(t, from, 1)
	assert.Equal(t, []string{"x"}, ids, "the caller may stop among them")
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
	old := event.Event{Schema: event.Schema, ID: "x", Provider: "stripe", Timestamp: clock.Add(-30 * time.Hour).UnixMilli(), ReceivedAt: clock.Add(-28 * time.Hour).UnixMilli()}
	s.items["x"], s.listed = old, []event.Event{old}
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
		s.listed = []event.Event{{ID: "x", Provider: "stripe", Timestamp: clock.Add(-40 * time.Hour).UnixMilli(), ReceivedAt: clock.Add(-40 * time.Hour).UnixMilli()}}
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
	assert.NotNil(t, NewFollower(&stack.Stack{}, nil, time.Second))
}

func TestAllStops(t *testing.T) {
	for range sequence([]event.Event{{}, {}}) {
		return
	}
}
