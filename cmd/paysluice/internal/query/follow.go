package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Streams is the subset of the DynamoDB Streams API that a Follower calls.
type Streams interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// StreamRetention is how long the table's stream keeps a record (DynamoDB Developer
// Guide, "Change data capture for DynamoDB Streams").
const StreamRetention = 24 * time.Hour

// Place is how far a follower has come. The zero value is the end of the stream.
type Place struct {
	// Shards has the last sequence number that was handled of each shard of the stream.
	Shards map[string]string `json:"shards"`
	// ReceivedAt is the ReceivedAt of the last event that was handled, in epoch
	// milliseconds. Events that were received before it are handled.
	ReceivedAt int64 `json:"receivedAt"`
}

func (p *Place) clone() Place { return Place{maps.Clone(p.Shards), p.ReceivedAt} }

// Follower follows the events that arrive in the table.
type Follower struct {
	streams Streams
	store   *Store
	stack   *stack.Stack
	poll    time.Duration
}

// NewFollower returns a follower of the store's table. It reads the stream every poll.
func NewFollower(s *stack.Stack, store *Store, poll time.Duration) *Follower {
	return &Follower{dynamodbstreams.NewFromConfig(s.AWS.Config), store, s, poll}
}

// Arrival is a stored event, with its payload, and the place behind it.
type Arrival struct {
	event.Event
	Place Place `json:"-"`
}

// Follow returns the events that were stored after a place until the context ends.
// They are in the order of their receipt as far as they are read at one time. A caller
// that saves each arrival's place after handling it misses no event, and handles one
// twice at most if it was interrupted. Events before the stream's 24 hours are read
// from the table. A table.ErrItem does not end the sequence; its arrival has the place
// behind the row.
func (f *Follower) Follow(ctx context.Context, from Place) iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		stop := func(err error) { yield(Arrival{}, err) }
		since, fresh := from.ReceivedAt, from.Shards == nil
		place := &Place{Shards: map[string]string{}, ReceivedAt: since}
		maps.Copy(place.Shards, from.Shards)
		if since > 0 && time.UnixMilli(since).Before(f.store.now().Add(-StreamRetention)) {
			if ok, err := f.older(ctx, place, yield); err != nil || !ok {
				if err != nil {
					stop(err)
				}
				return
			}
		}
		readers := map[string]*shard{}
		for {
			if err := f.discover(ctx, readers, *place, fresh && since == 0); err != nil {
				stop(err)
				return
			}
			fresh = false
			for _, r := range readers {
				if err := r.read(ctx, f.streams); err != nil {
					stop(err)
					return
				}
			}
			for r := next(readers); r != nil; r = next(readers) {
				handled, err := f.handle(ctx, r, since, place, yield)
				if err != nil {
					stop(err)
				}
				if err != nil || !handled {
					return
				}
			}
			if err := wait(ctx, f.poll); err != nil {
				stop(err)
				return
			}
		}
	}
}

// handle moves the place behind a shard's first record and yields its event.
func (f *Follower) handle(ctx context.Context, r *shard, since int64, place *Place, yield func(Arrival, error) bool) (bool, error) {
	record := r.records[0]
	r.records = r.records[1:]
	e, found, err := f.event(ctx, record)
	unreadable := errors.Is(err, table.ErrItem)
	if err != nil && !unreadable {
		return false, err
	}
	place.Shards[r.id] = aws.ToString(record.Dynamodb.SequenceNumber)
	if unreadable {
		return yield(Arrival{e, place.clone()}, err), nil
	}
	if !found || e.ReceivedAt < since {
		return true, nil
	}
	place.ReceivedAt = max(place.ReceivedAt, e.ReceivedAt)
	return yield(Arrival{e, place.clone()}, nil), nil
}

// event returns the event of an insert, and false for another change and for an item
// that is deleted by now.
func (f *Follower) event(ctx context.Context, r types.Record) (event.Event, bool, error) {
	if r.EventName != types.OperationTypeInsert {
		return event.Event{}, false, nil
	}
	id, _ := r.Dynamodb.Keys[contract.EventIDAttribute].(*types.AttributeValueMemberS)
	at, _ := r.Dynamodb.Keys[contract.TimestampAttribute].(*types.AttributeValueMemberN)
	if id == nil || at == nil {
		return event.Event{}, false, fmt.Errorf("a record of the stream %s has no key of an event", f.stack.Outputs["TableStreamArn"])
	}
	millis, err := strconv.ParseInt(at.Value, 10, 64)
	if err != nil {
		return event.Event{}, false, err
	}
	key := event.Event{ID: id.Value, Timestamp: millis}
	found, err := f.store.get(ctx, []event.Event{key})
	item, ok := found[itemKey{key.ID, key.Timestamp}]
	return item.Event, ok, cmp.Or(err, item.err)
}

// older yields the events of the table that were received after the place and before
// the stream begins, in the order of their receipt.
func (f *Follower) older(ctx context.Context, place *Place, yield func(Arrival, error) bool) (bool, error) {
	since := time.UnixMilli(place.ReceivedAt)
	var found []event.Event
	// A provider may send an event days after its time.
	for e, err := range f.store.Events(ctx, Filter{Since: since.Add(-LongestRetry)}) {
		switch {
		case errors.Is(err, table.ErrItem):
			if !yield(Arrival{e, place.clone()}, err) {
				return false, nil
			}
		case err != nil:
			return false, err
		case e.ReceivedAt >= place.ReceivedAt:
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b event.Event) int { return int(a.ReceivedAt - b.ReceivedAt) })
	for e, err := range f.store.Full(ctx, sequence(found)) {
		if err == nil {
			place.ReceivedAt = e.ReceivedAt
		} else if !errors.Is(err, table.ErrItem) {
			return false, err
		}
		if !yield(Arrival{e, place.clone()}, err) {
			return false, nil
		}
	}
	return true, nil
}

// sequence returns events as a sequence without errors.
func sequence(events []event.Event) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// shard reads one shard of the stream.
type shard struct {
	id       string
	iterator *string // nil at the end of a closed shard
	records  []types.Record
}

func (r *shard) read(ctx context.Context, streams Streams) error {
	if r.iterator == nil || len(r.records) > 0 {
		return nil
	}
	out, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: r.iterator})
	if err != nil {
		return err
	}
	r.records, r.iterator = out.Records, out.NextShardIterator
	return nil
}

// next returns the shard with the oldest record, nil without a record.
func next(readers map[string]*shard) *shard {
	var oldest *shard
	for _, id := range slices.Sorted(maps.Keys(readers)) {
		r := readers[id]
		if len(r.records) > 0 && (oldest == nil || created(r).Before(created(oldest))) {
			oldest = r
		}
	}
	return oldest
}

func created(r *shard) time.Time {
	return aws.ToTime(r.records[0].Dynamodb.ApproximateCreationDateTime)
}

// discover opens the shards that are not open yet. At the end of the stream it opens
// them behind their last record.
func (f *Follower) discover(ctx context.Context, readers map[string]*shard, place Place, end bool) error {
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: new(f.stack.Outputs["TableStreamArn"])}
	for {
		out, err := f.streams.DescribeStream(ctx, in)
		if err != nil {
			return err
		}
		for _, s := range out.StreamDescription.Shards {
			id := aws.ToString(s.ShardId)
			if readers[id] != nil {
				continue
			}
			if readers[id], err = f.open(ctx, id, place.Shards[id], end); err != nil {
				return err
			}
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return nil
		}
	}
}

func (f *Follower) open(ctx context.Context, id, after string, end bool) (*shard, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: new(f.stack.Outputs["TableStreamArn"]), ShardId: &id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	switch {
	case after != "":
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &after
	case end:
		in.ShardIteratorType = types.ShardIteratorTypeLatest
	}
	out, err := f.streams.GetShardIterator(ctx, in)
	if _, trimmed := errors.AsType[*types.TrimmedDataAccessException](err); trimmed {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		out, err = f.streams.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	return &shard{id: id, iterator: out.ShardIterator}, nil
}
